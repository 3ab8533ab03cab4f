/*
 *  private: what of a process is no business of tasks, and of others who run as the same user.
 *
 *  Variables that say where a person's broker and key are, or that this is a slot, or which file a
 *  broker or worker keeps: a task that finds them would act for somebody else. Tasks have
 *  CADRE_TASK_BROKER. Any thread; hide before there are others.
 */
#ifndef COMMON_PRIVATE_H_INCLUDED
#define COMMON_PRIVATE_H_INCLUDED

#include <stdbool.h>

//  Is this NAME=VALUE such a variable?
bool private_variable (const char *entry);

//  Nobody but root can read the memory, environment and descriptors of this process from now on,
//  nor stop it with a debugger; it leaves no core dump. Programs that it executes are not
//  concerned.
void private_process (void);

//  Overwrites an argument, or the value of a variable, where others can read it (/proc/PID/cmdline,
//  environ). Returns a copy, the caller's to free.
char *private_hide (char *text);

#endif
