/*  slot_queue.h - leases that wait for a slot */

#ifndef WORKER_SLOTS_SLOT_QUEUE_H_INCLUDED
#define WORKER_SLOTS_SLOT_QUEUE_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Puts a list of leases at the front of the queue, in order.
void slot_queue_put_back (slots_t *self, lease_t *list);

//  Takes back the leases that wait in a slot, to the front of the queue.
void slot_queue_take_back (slots_t *self, slot_handle_t *handle);

#endif
