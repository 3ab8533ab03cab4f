/*  slot_expiry.h - leases that must be begun by some moment, or go back to the broker */

#ifndef WORKER_SLOTS_SLOT_EXPIRY_H_INCLUDED
#define WORKER_SLOTS_SLOT_EXPIRY_H_INCLUDED

#include "worker/slots/slots_private.h"

//  The lease was pushed.
void slot_expiry_watch (slots_t *self, const lease_t *lease);

//  Returns those that have waited for too long. The owner is the slots_t.
void slot_expiry_ring (void *owner, int64_t now_us);

#endif
