/*  memory.h - a store in memory, for tests of the modules above the store
 *
 *  A disk outlives the stores that are opened on it, like a file, so a test can stop a broker and
 *  start another one. There is no thread: the test decides what happens and when. As with every
 *  store, the owner sees changes in its next store_turn.
 *
 *      memory_disk_t *disk = memory_disk_new ();
 *      store_t *store = memory_open (disk, 0, &fault);
 *      memory_disk_hold (disk);           from now on nothing becomes durable ...
 *      ... assert that no answer was sent ...
 *      memory_disk_let (disk, 1);         ... except the next batch
 *      memory_disk_lose (disk);           power failure: data that is not durable is lost
 */

#ifndef BROKER_STORE_MEMORY_H_INCLUDED
#define BROKER_STORE_MEMORY_H_INCLUDED

#include "broker/store/store.h"

typedef struct memory_disk memory_disk_t;

memory_disk_t *memory_disk_new (void);
void memory_disk_destroy (memory_disk_t **self_p);

//  NULL and ADDRESS_IN_USE while another store is open on the disk. quota_bytes as in sqlite.h.
store_t *memory_open (memory_disk_t *disk, uint64_t quota_bytes, fault_t *fault);

//  Batches wait until memory_disk_let makes the next count of them durable; SIZE_MAX: all,
//  including future ones.
void memory_disk_hold (memory_disk_t *self);
void memory_disk_let (memory_disk_t *self, size_t count);

//  The count-th batch from now on (1 or more) fails, and the store with it.
void memory_disk_fail (memory_disk_t *self, size_t count);

//  When the open store is closed, it loses what is not durable, as if it was killed.
void memory_disk_lose (memory_disk_t *self);

#endif
