/*  limits.h - timeouts and cancellation of the task that a slot runs */

#ifndef WORKER_SLOTS_LIMITS_H_INCLUDED
#define WORKER_SLOTS_LIMITS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Call when the first task of a slot has changed: watches its timeout.
void limits_watch (slots_t *self, slot_handle_t *handle);

//  Starts to end a task of a slot with this verdict; a task that is not the first is ended when it
//  becomes the first.
void limits_stop (slots_t *self, slot_handle_t *handle, lease_t *lease, lease_verdict_t verdict);

#endif
