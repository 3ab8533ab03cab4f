/*  back.h - the workers' side of the broker: registration, beats, orders, and the sink
 *
 *  Judges what workers send on the back socket and on the sink, and sends what
 *  they are to know. It owns neither socket. A session that breaks a rule is
 *  ended: the worker is told WHO, registers anew and lists what it holds.
 */

#ifndef BROKER_BACK_BACK_H_INCLUDED
#define BROKER_BACK_BACK_H_INCLUDED

#include "broker/ledger/ledger.h"

typedef struct back back_t;

//  Called when a worker has registered, so that jobs which nobody can run are looked at.
typedef void back_joined_fn (void *owner);

back_t *back_new (hub_t *hub, void *router, back_joined_fn *joined, void *owner);
void back_destroy (back_t **self_p);

//  One frame from the back socket; one from the sink.
void back_handle (back_t *self, sockets_route_t route, const void *frame, size_t size_bytes);
void sink_handle (back_t *self, const void *frame, size_t size_bytes);

//  Lanes, cancels and acknowledgements; once a turn, after dispatch.
void back_flush (back_t *self);

//  Once a beat: BEATs go out.
void back_beat (back_t *self);

//  Workers whose key is let in no more are refused, and what they had runs elsewhere.
void back_check_keys (back_t *self);

//  Silent workers are lost.
void back_judge (back_t *self);

//  Orders by request or dispatch.
void back_recall (void *self, agent_t *agent, const spans_t *leases);
void back_drain (back_t *self, agent_t *agent, uint64_t timeout_ms);
void back_stop (back_t *self, agent_t *agent, const char *reason);

//  Up to max sockets of lanes that wait for their peer.
size_t back_pending (back_t *self, void **sockets, size_t max);

#endif
