/*  front.h - the client side of the broker: sessions, jobs, requests
 *
 *  Handles the frames that clients send on the front socket, and sends frames to them. It does not
 *  own the socket. Streams, windows and WHO are defined in SPEC.md, section 4. A client that breaks
 *  the protocol is refused and its session ends.
 */

#ifndef BROKER_FRONT_FRONT_H_INCLUDED
#define BROKER_FRONT_FRONT_H_INCLUDED

#include "broker/back/back.h"
#include "broker/ledger/ledger.h"

typedef struct front front_t;

front_t *front_new (context_t *ctx, void *router, back_t *back);

//  Sends GOODBYE to the remaining sessions.
void front_destroy (front_t **self_p);

//  One frame from the front socket.
void front_handle (front_t *self, sockets_route_t route, const void *frame, size_t size_bytes);

//  Ends the sessions of clients whose key was revoked.
void front_check_keys (front_t *self);

//  Number of sessions.
size_t front_count (const front_t *self);

#endif
