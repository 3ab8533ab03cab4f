/*  limits.h - time limits and cancellation of the task that a slot runs */

#ifndef WORKER_SLOTS_LIMITS_H_INCLUDED
#define WORKER_SLOTS_LIMITS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  The first task of a slot has changed: watch its limit.
void limits_watch (slots_t *self, slot_handle_t *seat);

//  Begins to end a task of a slot with this verdict; one that is not the first is ended when its
//  turn comes.
void limits_stop (slots_t *self, slot_handle_t *seat, lease_t *lease, lease_verdict_t verdict);

#endif
