/*  partial_map_answer.h - keeps the finished items of a map task when its slot dies
 *
 *  The items are answered individually: finished items with their values, the current item with the
 *  failure of the slot, and the items after it not at all, so that they can run elsewhere.
 */

#ifndef WORKER_SLOTS_PARTIAL_MAP_H_INCLUDED
#define WORKER_SLOTS_PARTIAL_MAP_H_INCLUDED

#include "worker/slots/slot_handle.h"
#include "worker/slots/slots.h"

#define PARTIAL_MAP_NAME_BYTES 64

//  Copies the values of finished items from the slot into the lease of its first task, if that is a
//  map task whose items are known (map_items.h). When the slot has corrupted them, all items are
//  unknown and the failure applies to all of them: each has used up a try.
void partial_map_answer (const slot_handle_t *handle, lease_t *lease);

//  The task or item that ran, for people: "42.7" for an item of a map.
const char *partial_map_name (const lease_t *lease, char name [PARTIAL_MAP_NAME_BYTES]);

//  Adds the items' values and failures, stored in value, to the result of the task.
void partial_map_explain (const lease_t *lease, slots_result_t *result, const char *kind,
                          const char *message, buffer_t *value);

//  Has the first task of the handle begun another item since the last call? Then *left_ms is the
//  time that is left for this item.
bool partial_map_goes_on (const slot_handle_t *handle, int64_t now_us, uint64_t *left_ms);

#endif
