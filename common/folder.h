/*  folder.h - the private folder of a broker that a program starts for itself
 *
 *  An embedded broker binds ipc sockets in a private folder, mode 0700, for the programs in its
 *  tasks. The folder is removed with the pool, or when the process exits without closing it. If a
 *  process was killed, the next pool removes its folder. The owner is alive while a lock in the
 *  folder is held, which the kernel releases with the process; process IDs are not trusted.
 *
 *  Any thread.
 */

#ifndef COMMON_FOLDER_H_INCLUDED
#define COMMON_FOLDER_H_INCLUDED

#include "common/fault.h"

typedef struct folder folder_t;

//  Creates a folder in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, and removes those of processes that have
//  ended. NULL and a fault on failure.
folder_t *folder_new (fault_t *fault);

//  Removes it and the sockets in it, except in a forked child.
void folder_destroy (folder_t **self_p);

const char *folder_path (const folder_t *self);

#endif
