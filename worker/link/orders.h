/*  orders.h - cancels and recalls that wait for a lane frame
 *
 *  The broker sends CANCEL and RECALL on the back socket and tasks on the lane. An order names the
 *  last lane frame before it (SPEC.md, section 5); it is executed once that frame was received, in
 *  the order of arrival.
 *
 *  Owned by the link; one thread.
 */

#ifndef WORKER_LINK_ORDERS_H_INCLUDED
#define WORKER_LINK_ORDERS_H_INCLUDED

#include "common/wire.h"

#define ORDERS_BYTES_MAX (16u * 1024 * 1024)

typedef struct orders_entry orders_entry_t;

typedef struct orders {
    orders_entry_t *entries; //  In the order of arrival; NULL: none
    void (*cancel) (void *context, const wire_list_t *spans);
    void (*recall) (void *context, const wire_list_t *spans);
    void *context; //  Passed to both
    size_t bytes;  //  Size of the entries
} orders_t;

//  Executes an order, or keeps a copy while the lane frame `after` has not been received. verb:
//  WIRE_cancel or WIRE_recall. received: the last lane frame received. False when it cannot be
//  kept, because the entries would exceed ORDERS_BYTES_MAX.
bool orders_take (orders_t *self, uint8_t verb, uint64_t after, uint64_t received,
                  const wire_list_t *spans);

//  Executes the orders whose lane frame has arrived.
void orders_run (orders_t *self, uint64_t received);

//  Drops all waiting orders.
void orders_drop (orders_t *self);

#endif
