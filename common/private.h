/*
 *  private.h - hides variables and memory of a process from tasks and from other programs of the
 *  same user
 *
 *  Some variables name a user's broker and key, mark a slot, or name files of a broker or worker; a
 *  task that used them would act with another identity. Tasks get CADRE_TASK_BROKER instead. Any
 *  thread; call private_hide before other threads start.
 */
#ifndef COMMON_PRIVATE_H_INCLUDED
#define COMMON_PRIVATE_H_INCLUDED

#include <stdbool.h>

//  Is this NAME=VALUE such a variable?
bool private_variable (const char *entry);

//  From now on only root can read the memory, environment and descriptors of this process, or
//  attach a debugger; it leaves no core dump. Programs that it executes are not affected.
void private_process (void);

//  Overwrites an argument, or the value of a variable, which others could read (/proc/PID/cmdline,
//  environ). Returns a copy, which the caller frees.
char *private_hide (char *text);

#endif
