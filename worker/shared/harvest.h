/*  harvest.h - the values of a map's items, in the memory that a slot shares with its worker
 *
 *  A map task calls its function for one item after the other. The slot puts each value here before
 *  it begins the next item, without a system call: so what is done outlives the slot, and the
 *  worker sees which item ran when it died, or runs for too long.
 *
 *      bytes:   value of item 0 | value of item 1 | ... | room
 *      done:    high 32 bits: how many; low 32 bits: their bytes
 *
 *  A slot can write anything here. Who reads copies the bytes first, and believes them only when
 *  they are as many values as it says, each of which keeps the rules (common/rules.h), and no more
 *  than the task has items. One thread on each side.
 */

#ifndef WORKER_SHARED_HARVEST_H_INCLUDED
#define WORKER_SHARED_HARVEST_H_INCLUDED

#include "common/buffer.h"
#include "common/cursor.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HARVEST_BYTES (128u * 1024u) //  Touched as far as it is used

typedef struct harvest {
    _Alignas(64) _Atomic uint32_t ticket; //  Of the task whose items these are
    _Atomic int64_t begun_us;             //  When the item at hand was begun; 0: nobody asks
    _Atomic uint64_t done;                //  See above
    uint8_t bytes [HARVEST_BYTES];
} harvest_t;

//  Slot: the task of this ticket was claimed, and none of its items is done.
void harvest_begin (harvest_t *self, uint32_t ticket);

//  Slot: an item is begun; to be said when the job has a limit of time.
void harvest_item (harvest_t *self, int64_t now_us);

//  Slot: an item is done. False, and nothing is kept, when there is no room.
bool harvest_add (harvest_t *self, view_t value);

//  Worker: appends the values of the items that are done; how many is returned through count, most
//  at most. False, and nothing is appended, when the slot wrote over it: then nobody knows what is
//  done.
bool harvest_read (const harvest_t *self, uint32_t ticket, size_t most, buffer_t *values,
                   size_t *count);

//  Worker: how many items are done, as the slot says it, and when it began the one at hand.
uint32_t harvest_done (const harvest_t *self, uint32_t ticket);
int64_t harvest_begun_us (const harvest_t *self);

#endif
