/*  folder.h - the private folder of an embedded pool
 *
 *  An embedded broker binds ipc sockets in a folder of its own, mode 0700, for the
 *  programs in its tasks. The folder goes with the pool, or when the process exits
 *  without closing it. A process that is killed cannot tidy up: its folder is
 *  removed by the next pool that is opened. Whose process lives is told by a lock
 *  in the folder, which the kernel drops with the process, never by a process id.
 *
 *  Any thread.
 */

#ifndef CLIENT_LIB_EMBEDDED_FOLDER_H_INCLUDED
#define CLIENT_LIB_EMBEDDED_FOLDER_H_INCLUDED

#include "common/fault.h"

typedef struct folder folder_t;

//  Makes one in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, and removes those of processes that are gone.
//  NULL and a fault.
folder_t *folder_new (fault_t *fault);

//  Removes it and the sockets in it; in a forked child the folder stays.
void folder_destroy (folder_t **self_p);

const char *folder_path (const folder_t *self);

#endif
