/*  map_items.h - decodes the payload of a map task
 *
 *  A payload of kind 3 (SPEC.md §3): the position of the first item in its map and the tries of the
 *  items (both may be missing), then the arguments of each item. A plain value; any thread.
 */

#ifndef WORKER_SHARED_MAP_ITEMS_H_INCLUDED
#define WORKER_SHARED_MAP_ITEMS_H_INCLUDED

#include "common/cursor.h"

typedef struct map_items {
    bool told;      //  Position and tries are present: items are retried individually
    uint32_t first; //  Position of the first item in its map
    uint32_t tries; //  Tries of the items so far
    size_t count;   //  Number of items
    cursor_t items; //  Before the first of them
} map_items_t;

//  False when the payload is not such a list.
bool map_items_of (map_items_t *self, view_t payload);

#endif
