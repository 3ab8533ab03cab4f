/*  slot_patrol.h - looks once a second whether slots are stopped, and whether they begin what they
 *  were given */

#ifndef WORKER_SLOTS_SLOT_PATROL_H_INCLUDED
#define WORKER_SLOTS_SLOT_PATROL_H_INCLUDED

#include "worker/slots/slots_private.h"

//  From now on, while slots start or have tasks.
void slot_patrol_go (slots_t *self);

//  The owner is the slots_t.
void slot_patrol_ring (void *owner, int64_t now_us);

#endif
