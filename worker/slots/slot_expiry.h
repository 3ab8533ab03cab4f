/*  slot_expiry.h - returns leases that were not started in time */

#ifndef WORKER_SLOTS_SLOT_EXPIRY_H_INCLUDED
#define WORKER_SLOTS_SLOT_EXPIRY_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Call when the lease was pushed.
void slot_expiry_watch (slots_t *self, const lease_t *lease);

//  Returns leases that have waited too long. An alarm function; the owner is the slots_t.
void slot_expiry_ring (void *owner, int64_t now_us);

#endif
