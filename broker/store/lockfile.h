/*  lockfile.h - one process at a time, and the others are told who it is
 *
 *  The lock (flock, so that it also holds between hosts on NFS) is on a file of
 *  its own, because closing a second descriptor of a database would drop
 *  SQLite's locks on it. It ends with the process, however that ends; the file
 *  goes with an orderly end, and one that was left behind locks nobody out.
 */

#ifndef BROKER_STORE_LOCKFILE_H_INCLUDED
#define BROKER_STORE_LOCKFILE_H_INCLUDED

#include <stdbool.h>

#include "common/fault.h"

typedef struct lockfile lockfile_t;

//  Locks what, by the file what.lock. NULL and a fault (ADDRESS_IN_USE: by whom; else: why the file
//  cannot be made).
lockfile_t *lockfile_take (const char *what, fault_t *fault);

//  A mark in the file, of what must be there the next time; one that a killed holder left is there
//  again. Taking it away is on stable storage when this returns.
bool lockfile_marked (const lockfile_t *self);
void lockfile_mark (lockfile_t *self, bool mark);

//  Removes the file, unless it has a mark, and ends the lock.
void lockfile_drop (lockfile_t **self_p);

#endif
