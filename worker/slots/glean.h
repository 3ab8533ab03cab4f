/*  glean.h - what a slot that ends early has done of a map task
 *
 *  Its items are answered one by one: those that are done with their values, the one at hand with
 *  what became of the slot, and those behind it not at all, so that they can be begun elsewhere.
 */

#ifndef WORKER_SLOTS_GLEAN_H_INCLUDED
#define WORKER_SLOTS_GLEAN_H_INCLUDED

#include "worker/slots/slot_handle.h"
#include "worker/slots/slots.h"

#define GLEAN_NAME_BYTES 64

//  Takes the values of the items that are done from the slot into the lease of its first task, if
//  that is a map's which tells its items (lot.h). When the slot wrote over them nothing is known of
//  any item, and what became of the task holds for all of them: none is begun anew without a cost.
void glean (const slot_handle_t *seat, lease_t *lease);

//  What ran, for people: "42.7", or an item of a map.
const char *glean_name (const lease_t *lease, char name [GLEAN_NAME_BYTES]);

//  Gives a result that says how the task ended the items' values and failures, kept in value.
void glean_explain (const lease_t *lease, slots_result_t *result, const char *kind,
                    const char *message, buffer_t *value);

//  Has the first task of the seat gone on to another item since this was asked last? Then until
//  when that one may run, in milliseconds from now, through left_ms.
bool glean_goes_on (const slot_handle_t *seat, int64_t now_us, uint64_t *left_ms);

#endif
