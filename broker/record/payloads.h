/*  payloads.h - the payloads of a job's tasks
 *
 *  Payloads stay together in blocks as they arrived, with one offset each, and
 *  a block is freed when all of its tasks have been released: a million tasks
 *  cost a few hundred allocations. Small arrivals join the last block. Payloads
 *  that came in parts are kept one by one.
 *
 *  A block that also lies in the store (the payloads of durable jobs) can be put out of memory, and
 *  is read back when its tasks are about to be handed out.
 */

#ifndef BROKER_RECORD_PAYLOADS_H_INCLUDED
#define BROKER_RECORD_PAYLOADS_H_INCLUDED

#include "common/wire.h"

typedef struct payloads payloads_t;

//  bytes_p points to a total that the stock keeps up to date with what it holds.
payloads_t *payloads_new (uint64_t *bytes_p);
void payloads_destroy (payloads_t **self_p);

//  Frees payloads of a stock that is not used any more, as far as visits allow; it counts them
//  down. True when all are freed.
bool payloads_shed (payloads_t *self, uint32_t *visits);

//  Where in the store the values of a block lie.
typedef struct payloads_place {
    uint64_t seq;    //  The batch
    uint64_t offset; //  In it
} payloads_place_t;

//  Appends the payloads of tasks first, first + 1 … as they lie in values, one msgpack value each;
//  place: where they lie in the store as well, or NULL.
void payloads_append (payloads_t *self, uint32_t first, const wire_list_t *values,
                      const payloads_place_t *place);

//  Puts the newest block out of memory, or all whose tasks begin at that index or later, if they
//  lie in the store.
void payloads_spill (payloads_t *self);
void payloads_spill_from (payloads_t *self, uint32_t index);

//  Is the payload of this task in memory?
bool payloads_is_here (payloads_t *self, uint32_t index);

//  The block of a task that is not: false when it was asked for already. It is taken to be asked
//  for then.
bool payloads_ask (payloads_t *self, uint32_t index, payloads_place_t *place, size_t *size);

//  The bytes of a block have been read: takes them. False when they are not what was put away.
bool payloads_restore (payloads_t *self, uint32_t index, buffer_t *bytes);

//  Tasks of the block of this task end before that index.
uint32_t payloads_block_end (payloads_t *self, uint32_t index);

//  Is everything in memory that was not released? The first task of what is not, nor was asked for;
//  false when there is none.
bool payloads_is_whole (const payloads_t *self);
bool payloads_missing (const payloads_t *self, uint32_t *index);

//  The first block that has tasks left and ends behind that index: its tasks, from first to end.
//  False when there is none.
bool payloads_next_block (const payloads_t *self, uint32_t index, uint32_t *first, uint32_t *end);

//  All payloads are written anew: where those of a block lie now, with nil for tasks that were
//  released, and in the end in which batch.
void payloads_note (payloads_t *self, uint32_t index, uint64_t offset, size_t size);
void payloads_settle (payloads_t *self, uint64_t seq);

//  Bytes of a task's value; on the average of its block where it is not in memory.
size_t payloads_size (payloads_t *self, uint32_t index);

//  Takes the content of *payload: task index's, whose value in payloads_append was a reference to
//  parts.
void payloads_put_large (payloads_t *self, uint32_t index, buffer_t *payload);

//  The value of a task that was not released yet: the payload, or the reference to parts. Valid
//  until the next append or release.
view_t payloads_get (payloads_t *self, uint32_t index);

//  The payload of a task whose value is a reference to parts.
view_t payloads_large (const payloads_t *self, uint32_t index);

//  Bytes of a payload that came in parts; 0 for others.
size_t payloads_large_size (const payloads_t *self, uint32_t index);

//  The task needs its payload no more. Once per task.
void payloads_release (payloads_t *self, uint32_t index);

#endif
