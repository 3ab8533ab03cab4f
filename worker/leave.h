/*  leave.h - how a worker leaves: it drains, or stops at once
 *
 *      SERVING --drain--> DRAINING --nothing held--> LEAVING --acknowledged--> DONE
 *
 *  A deadline ends DRAINING (what still runs is reclaimed) and LEAVING.
 */

#ifndef WORKER_LEAVE_H_INCLUDED
#define WORKER_LEAVE_H_INCLUDED

#include "worker/worker_private.h"

//  Begins to drain: nothing new is taken, what waits goes back.
void leave_begin (worker_t *self, uint32_t timeout_ms);

//  Says goodbye now; what runs is lost.
void leave_at_once (worker_t *self);

//  Draining, step by step: nothing held, told so, acknowledged, goodbye. Once a turn.
void leave_go_on (worker_t *self);

//  An alarm; its owner is the worker_t.
void leave_on_deadline (void *owner, int64_t now_us);

#endif
