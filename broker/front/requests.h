/*  requests.h - receives and schedules the requests of clients; see the table in SPEC.md, section 4
 *
 *  Clients are served in turn, one step of one request at a time; the number of steps per turn is
 *  limited.
 */

#ifndef BROKER_FRONT_REQUESTS_H_INCLUDED
#define BROKER_FRONT_REQUESTS_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  Handles a REQUEST frame. False when it breaks the protocol.
bool requests_take (front_t *self, client_t *client, cursor_t *body);

//  Runs steps of waiting requests up to the turn's limit, and resets that limit. Call once a turn.
void requests_answer (front_t *self);

#endif
