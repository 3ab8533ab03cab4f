/*  slot_watchdog.h - checks once a second whether slots are stopped, or do not begin their tasks */

#ifndef WORKER_SLOTS_SLOT_WATCHDOG_H_INCLUDED
#define WORKER_SLOTS_SLOT_WATCHDOG_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Starts the checks; they run while slots start or have tasks.
void slot_watchdog_go (slots_t *self);

//  An alarm function; the owner is the slots_t.
void slot_watchdog_ring (void *owner, int64_t now_us);

#endif
