/*  front_room.h - how many sessions of clients there may be, and who ends so that another can begin
 */

#ifndef BROKER_FRONT_FRONT_ROOM_H_INCLUDED
#define BROKER_FRONT_FRONT_ROOM_H_INCLUDED

#include "broker/core/shares.h"
#include "broker/front/front.h"
#include "broker/peers/client.h"

shares_t *front_room_new (const hub_t *hub);

//  Room for one more session of that key. CADRE_ERROR_DESCRIPTORS and a sentence when there is
//  none: the client MAY come again.
cadre_error_t front_room_for_one (front_t *self, const char *peer, fault_t *fault);

//  Says this client HELLO more often than it has reason to? Counts this one.
bool front_room_is_too_often (const front_t *self, client_t *client);

#endif
