/*  leave.h - how a worker ends: it drains, or stops at once
 *
 *        SERVING --drain--> DRAINING --no leases--> LEAVING --acknowledged--> DONE
 *
 *  A deadline ends DRAINING (running tasks are reclaimed) and LEAVING.
 */

#ifndef WORKER_LEAVE_H_INCLUDED
#define WORKER_LEAVE_H_INCLUDED

#include "worker/worker_private.h"

//  Starts the drain: the worker takes no new leases and returns those that have not started. When
//  it drains already, only the timeout changes.
void leave_begin (worker_t *self, uint32_t timeout_ms);

//  Tells the broker that this worker drains, if it does and still holds leases.
void leave_tell (worker_t *self);

//  Sends GOODBYE at once; running tasks are lost.
void leave_at_once (worker_t *self);

//  Continues the drain: reports it when no lease is left, waits for the acknowledgement, sends
//  GOODBYE. Call once a turn.
void leave_go_on (worker_t *self);

//  An alarm function; its owner is the worker_t.
void leave_on_deadline (void *owner, int64_t now_us);

#endif
