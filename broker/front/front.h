/*  front.h - the clients' side of the broker: sessions, jobs, requests
 *
 *  Judges what clients send on the front socket and sends what they are to
 *  know. It does not own the socket. Streams, windows and WHO are as SPEC.md, section 4,
 *  says; a client that breaks a rule is refused and its session ended.
 */

#ifndef BROKER_FRONT_FRONT_H_INCLUDED
#define BROKER_FRONT_FRONT_H_INCLUDED

#include "broker/back/back.h"
#include "broker/ledger/ledger.h"

typedef struct front front_t;

front_t *front_new (hub_t *hub, void *router, back_t *back);

//  Sessions that are left are told GOODBYE.
void front_destroy (front_t **self_p);

//  One frame from the front socket.
void front_handle (front_t *self, sockets_route_t route, const void *frame, size_t size_bytes);

//  Clients whose key is let in no more are refused, and their sessions end.
void front_check_keys (front_t *self);

//  How many sessions there are.
size_t front_count (const front_t *self);

#endif
