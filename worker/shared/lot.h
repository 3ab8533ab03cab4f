/*  lot.h - the items of a map task, as its payload has them
 *
 *  A payload of kind 3 (SPEC.md §3): the place of the first item in its map and the tries that the
 *  items have had, unless these two are missing, then the arguments of each item. A plain value;
 *  any thread.
 */

#ifndef WORKER_SHARED_LOT_H_INCLUDED
#define WORKER_SHARED_LOT_H_INCLUDED

#include "common/cursor.h"

typedef struct lot {
    bool told;      //  Place and tries are there: the items are tried again one by one
    uint32_t first; //  Place of the first item in its map
    uint32_t tries; //  That the items have had
    size_t count;   //  Items
    cursor_t items; //  Before the first of them
} lot_t;

//  False when the payload is no list.
bool lot_of (lot_t *self, view_t payload);

#endif
