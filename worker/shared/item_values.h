/*  item_values.h - results of a map's items, in memory shared by slot and worker
 *
 *  A map task calls its function for one item after the other. The slot stores each value here
 *  before it begins the next item, without a system call. So finished items survive the death of
 *  the slot, and the worker knows which item ran when the slot died or timed out.
 *
 *      bytes:   value of item 0 | value of item 1 | ... | free
 *      done:    high 32 bits: number of items; low 32 bits: their bytes
 *
 *  A slot can write anything here. The reader copies the bytes first, and accepts them only when
 *  they are as many values as stated, when each value keeps the rules (common/rules.h), and when
 *  there are no more values than items in the task. One thread on each side.
 */

#ifndef WORKER_SHARED_ITEM_VALUES_H_INCLUDED
#define WORKER_SHARED_ITEM_VALUES_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ITEM_VALUES_BYTES (128u * 1024u) //  Only used pages take up memory

typedef struct item_values {
    _Alignas(64) _Atomic uint32_t ticket; //  Ticket of the task whose items these are
    _Atomic int64_t begun_us;             //  When the current item began; 0: not recorded
    _Atomic uint64_t done;                //  See above
    uint8_t bytes [ITEM_VALUES_BYTES];
} item_values_t;

//  Slot: starts with no items for the claimed task of this ticket.
void item_values_begin (item_values_t *self, uint32_t ticket);

//  Slot: an item begins; call it when the job has a timeout.
void item_values_item (item_values_t *self, int64_t now_us);

//  Slot: stores the value of an item. False, and nothing is stored, when there is no room.
bool item_values_add (item_values_t *self, view_t value);

//  Worker: appends the values of the finished items, at most `most`; *count is their number. False,
//  and nothing is appended, when the content is invalid: then it is unknown which items are done.
bool item_values_read (const item_values_t *self, uint32_t ticket, size_t most, buffer_t *values,
                       size_t *count);

//  Worker: how many items are done according to the slot, and when the current one began.
uint32_t item_values_done (const item_values_t *self, uint32_t ticket);
int64_t item_values_begun_us (const item_values_t *self);

#endif
