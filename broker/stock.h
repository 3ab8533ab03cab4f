/*  stock.h - the payloads of a job's tasks
 *
 *  Payloads stay together in blocks as they arrived, with one offset each, and
 *  a block is freed when all of its tasks have been released: a million tasks
 *  cost a few hundred allocations. Small arrivals join the last block. Payloads
 *  that came in parts are kept one by one.
 *
 *  A block that also lies in the store (the payloads of durable jobs) can be put out of memory, and is read back
 *  when its tasks are about to be handed out.
 */

#ifndef BROKER_STOCK_H_INCLUDED
#define BROKER_STOCK_H_INCLUDED

#include "common/wire.h"

typedef struct stock stock_t;

//  bytes_p points to a total that the stock keeps up to date with what it holds.
stock_t *stock_new (uint64_t *bytes_p);
void stock_destroy (stock_t **self_p);

//  Frees payloads of a stock that is not used any more, as far as visits allow; it counts them down. True when all are freed.
bool stock_shed (stock_t *self, uint32_t *visits);

//  Where in the store the values of a block lie.
typedef struct stock_place {
    uint64_t seq;    //  The batch
    uint64_t offset; //  In it
} stock_place_t;

//  Appends the payloads of tasks first, first + 1 … as they lie in values, one msgpack value each; place: where they lie in the store as well, or NULL.
void stock_append (stock_t *self, uint32_t first, const wire_list_t *values, const stock_place_t *place);

//  Puts the newest block out of memory, or all whose tasks begin at that index or later, if they lie in the store.
void stock_spill (stock_t *self);
void stock_spill_from (stock_t *self, uint32_t index);

//  Is the payload of this task in memory?
bool stock_is_here (stock_t *self, uint32_t index);

//  The block of a task that is not: false when it was asked for already. It is taken to be asked for then.
bool stock_ask (stock_t *self, uint32_t index, stock_place_t *place, size_t *size);

//  The bytes of a block have been read: takes them. False when they are not what was put away.
bool stock_restore (stock_t *self, uint32_t index, buffer_t *bytes);

//  Tasks of the block of this task end before that index.
uint32_t stock_block_end (stock_t *self, uint32_t index);

//  Is everything in memory that was not released? The first task of what is not, nor was asked for; false when there is none.
bool stock_is_whole (const stock_t *self);
bool stock_missing (const stock_t *self, uint32_t *index);

//  The first block that has tasks left and ends behind that index: its tasks, from first to end. False when there is none.
bool stock_next_block (const stock_t *self, uint32_t index, uint32_t *first, uint32_t *end);

//  All payloads are written anew: where those of a block lie now, with nil for tasks that were released, and in the end in which batch.
void stock_note (stock_t *self, uint32_t index, uint64_t offset, size_t size);
void stock_settle (stock_t *self, uint64_t seq);

//  Bytes of a task's value; on the average of its block where it is not in memory.
size_t stock_size (stock_t *self, uint32_t index);

//  Takes the content of *payload: task index's, whose value in stock_append was a reference to parts.
void stock_put_large (stock_t *self, uint32_t index, buffer_t *payload);

//  The value of a task that was not released yet: the payload, or the reference to parts. Valid until the next append or release.
view_t stock_get (stock_t *self, uint32_t index);

//  The payload of a task whose value is a reference to parts.
view_t stock_large (const stock_t *self, uint32_t index);

//  Bytes of a payload that came in parts; 0 for others.
size_t stock_large_size (const stock_t *self, uint32_t index);

//  The task needs its payload no more. Once per task.
void stock_release (stock_t *self, uint32_t index);

#endif
