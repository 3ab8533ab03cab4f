/*  requests.h - the requests of clients: who answers which, and when; see the table in SPEC.md,
 *  section 4
 *
 *  Clients are served in turn, one step of one request at a time, and a turn of
 *  the broker has a bounded number of steps.
 */

#ifndef BROKER_FRONT_REQUESTS_H_INCLUDED
#define BROKER_FRONT_REQUESTS_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  A REQUEST. False when it breaks the protocol.
bool requests_take (front_t *self, client_t *client, cursor_t *body);

//  Once a turn: requests that wait are answered, as far as a turn may go; and the next turn begins.
void requests_answer (front_t *self);

#endif
