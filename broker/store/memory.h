/*  memory.h - a store that is only in memory, for tests of what stands on one
 *
 *  A disk outlives the stores that are opened on it, as a file does, so that a
 *  test can stop a broker and start another one. There is no thread: what
 *  happens, and when, is the test's choice. As with every store, the owner sees
 *  it in its next store_turn.
 *
 *      memory_disk_t *disk = memory_disk_new ();
 *      store_t *store = memory_open (disk, 0, &fault);
 *      memory_disk_hold (disk);           from now on nothing becomes durable ...
 *      ... assert that no answer was sent ...
 *      memory_disk_let (disk, 1);         ... but the next batch
 *      memory_disk_lose (disk);           the power fails: what is not durable goes with the store
 */

#ifndef BROKER_STORE_MEMORY_H_INCLUDED
#define BROKER_STORE_MEMORY_H_INCLUDED

#include "broker/store/store.h"

typedef struct memory_disk memory_disk_t;

memory_disk_t *memory_disk_new (void);
void memory_disk_destroy (memory_disk_t **self_p);

//  NULL and ADDRESS_IN_USE while another store is open on the disk. quota_bytes as in sqlite.h.
store_t *memory_open (memory_disk_t *disk, uint64_t quota_bytes, fault_t *fault);

//  Batches wait until memory_disk_let makes the next count of them durable; SIZE_MAX: all, and
//  those to come.
void memory_disk_hold (memory_disk_t *self);
void memory_disk_let (memory_disk_t *self, size_t count);

//  The count-th batch from now on, 1 or more, fails, and the store with it.
void memory_disk_fail (memory_disk_t *self, size_t count);

//  When the store that is open is closed it loses what did not become durable, as by a kill.
void memory_disk_lose (memory_disk_t *self);

#endif
