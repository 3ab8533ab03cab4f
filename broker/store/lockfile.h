/*  lockfile.h - ensures that one process uses a store, and tells others which one
 *
 *  The lock (flock, which also works between hosts on NFS) is on a separate file, because closing a
 *  second descriptor of a database would drop SQLite's locks on it. The lock ends with the process,
 *  also when it crashes. The file is removed at a normal end; a file that remained does not block
 *  anything.
 */

#ifndef BROKER_STORE_LOCKFILE_H_INCLUDED
#define BROKER_STORE_LOCKFILE_H_INCLUDED

#include <stdbool.h>

#include "common/fault.h"

typedef struct lockfile lockfile_t;

//  Locks `what` by the file what.lock. NULL and a fault: ADDRESS_IN_USE names the process that has
//  it; other codes say why the file cannot be created.
lockfile_t *lockfile_take (const char *what, fault_t *fault);

//  A mark in the file: something that must exist at the next start. The mark remains when the
//  process is killed. Removal of the mark is on stable storage when lockfile_mark returns.
bool lockfile_marked (const lockfile_t *self);
void lockfile_mark (lockfile_t *self, bool mark);

//  Removes the file, unless it is marked, and releases the lock.
void lockfile_drop (lockfile_t **self_p);

#endif
