/*  stock.h - the payloads of a job's tasks
 *
 *  Payloads stay together in blocks as they arrived, with one offset each, and
 *  a block is freed when all of its tasks have been released: a million tasks
 *  cost a few hundred allocations. Small arrivals join the last block. Payloads
 *  that came in parts are kept one by one.
 */

#ifndef BROKER_STOCK_H_INCLUDED
#define BROKER_STOCK_H_INCLUDED

#include "common/wire.h"

typedef struct stock stock_t;

//  bytes_p points to a total that the stock keeps up to date with what it holds.
stock_t *stock_new (uint64_t *bytes_p);
void stock_destroy (stock_t **self_p);

//  Appends the payloads of tasks first, first + 1 … as they lie in values, one msgpack value each.
void stock_append (stock_t *self, uint32_t first, const wire_list_t *values);

//  Takes the content of *payload: task index's, whose value in stock_append was a reference to parts.
void stock_put_large (stock_t *self, uint32_t index, buffer_t *payload);

//  The value of a task that was not released yet: the payload, or the reference to parts. Valid until the next append or release.
view_t stock_get (stock_t *self, uint32_t index);

//  The payload of a task whose value is a reference to parts.
view_t stock_large (const stock_t *self, uint32_t index);

//  The task needs its payload no more. Once per task.
void stock_release (stock_t *self, uint32_t index);

#endif
