/*  payloads.h - the payloads of a job's tasks
 *
 *  Payloads are kept in the blocks in which they arrived, with one offset each. A block is freed
 *  when all of its tasks have been released, so a million tasks cost a few hundred allocations.
 *  Small arrivals are added to the last block. Payloads that came in parts are kept individually.
 *
 *  A block that is also in the store (payloads of durable jobs) can be evicted from memory; it is
 *  read back when its tasks are about to be dispatched.
 */

#ifndef BROKER_RECORD_PAYLOADS_H_INCLUDED
#define BROKER_RECORD_PAYLOADS_H_INCLUDED

#include "broker/core/account.h"
#include "common/wire.h"

typedef struct payloads payloads_t;

//  account counts its memory; borrowed.
payloads_t *payloads_new (account_t *account);
void payloads_destroy (payloads_t **self_p);

//  Frees payloads that are no longer used, as far as visits allow, and decrements them. True when
//  all are freed.
bool payloads_shed (payloads_t *self, uint32_t *visits);

//  Where the values of a block are in the store.
typedef struct payloads_location {
    uint64_t seq;    //  The batch
    uint64_t offset; //  Offset in the batch
} payloads_location_t;

//  Appends the payloads of tasks first, first + 1 …, one msgpack value each. location: where they
//  are in the store, or NULL.
void payloads_append (payloads_t *self, uint32_t first, const wire_list_t *values,
                      const payloads_location_t *location);

//  Evicts the newest block, or all blocks whose tasks begin at that index or later, if they are in
//  the store.
void payloads_spill (payloads_t *self);
void payloads_spill_from (payloads_t *self, uint32_t index);

//  Is the payload of this task in memory?
bool payloads_is_here (payloads_t *self, uint32_t index);

//  Requests the block of a task that is not in memory. False when it was already requested.
bool payloads_ask (payloads_t *self, uint32_t index, payloads_location_t *location, size_t *size);

//  Takes the bytes of a block that was read. False when they differ from what was evicted.
bool payloads_restore (payloads_t *self, uint32_t index, buffer_t *bytes);

//  Index after the last task of the block of this task.
uint32_t payloads_block_end (payloads_t *self, uint32_t index);

//  Is every payload that was not released in memory? payloads_missing: the first task whose payload
//  is neither in memory nor requested; false when there is none.
bool payloads_is_whole (const payloads_t *self);
bool payloads_missing (const payloads_t *self, uint32_t *index);

//  The first block with unreleased tasks that ends after that index: its tasks, from first to end.
//  False when there is none.
bool payloads_next_block (const payloads_t *self, uint32_t index, uint32_t *first, uint32_t *end);

//  All payloads are written again: records where those of a block are now (released tasks as nil),
//  and at the end in which batch.
void payloads_note (payloads_t *self, uint32_t index, uint64_t offset, size_t size);
void payloads_settle (payloads_t *self, uint64_t seq);

//  Size of a task's value; when it is not in memory, the average of its block.
size_t payloads_size (payloads_t *self, uint32_t index);

//  Takes the content of *payload for the task, whose value in payloads_append was a reference to
//  parts.
void payloads_put_large (payloads_t *self, uint32_t index, buffer_t *payload);

//  The value of a task that was not released: the payload, or a reference to parts. Valid until the
//  next append or release.
view_t payloads_get (payloads_t *self, uint32_t index);

//  The payload of a task whose value is a reference to parts.
const buffer_t *payloads_large_buffer (const payloads_t *self, uint32_t index);
view_t payloads_large (const payloads_t *self, uint32_t index);

//  Size of a payload that came in parts; 0 for others.
size_t payloads_large_size (const payloads_t *self, uint32_t index);

//  The task no longer needs its payload. Call once per task.
void payloads_release (payloads_t *self, uint32_t index);

#endif
