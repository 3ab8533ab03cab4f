/*  back.h - the worker side of the broker: registration, BEATs, orders, and the sink
 *
 *  Handles the frames that workers send on the back socket and on the sink, and sends frames to
 *  them. It owns neither socket. When a worker breaks the protocol its session ends: the worker
 *  gets WHO, registers again and lists the leases that it holds.
 */

#ifndef BROKER_BACK_BACK_H_INCLUDED
#define BROKER_BACK_BACK_H_INCLUDED

#include "broker/ledger/ledger.h"

typedef struct back back_t;

//  Called when a worker has registered, so that unplaceable jobs are checked again.
typedef void back_joined_fn (void *owner);

back_t *back_new (context_t *ctx, void *router, back_joined_fn *joined, void *owner);
void back_destroy (back_t **self_p);

//  One frame from the back socket; one from the sink.
void back_handle (back_t *self, sockets_route_t route, const void *frame, size_t size_bytes);
void sink_handle (back_t *self, const void *frame, size_t size_bytes);

//  Sends lanes, cancels and acknowledgements; call once a turn, after dispatch.
void back_flush (back_t *self);

//  Sends BEATs; call once per beat interval.
void back_beat (back_t *self);

//  Refuses workers whose key was revoked; their tasks run elsewhere.
void back_check_keys (back_t *self);

//  Declares silent workers lost.
void back_judge (back_t *self);

//  Orders, for requests and dispatch.
void back_recall (void *self, worker_record_t *worker, const spans_t *leases);
void back_drain (back_t *self, worker_record_t *worker, uint64_t timeout_ms);
void back_stop (back_t *self, worker_record_t *worker, const char *reason);

//  Up to max sockets of lanes whose worker has not connected.
size_t back_pending (back_t *self, void **sockets, size_t max);

#endif
