/*  front_capacity.h - limits the number of client sessions, and ends one to admit another
 */

#ifndef BROKER_FRONT_FRONT_CAPACITY_H_INCLUDED
#define BROKER_FRONT_FRONT_CAPACITY_H_INCLUDED

#include "broker/core/key_quota.h"
#include "broker/front/front.h"
#include "broker/peers/client.h"

key_quota_t *front_capacity_new (const context_t *ctx);

//  Makes room for one more session of that key. CADRE_ERROR_DESCRIPTORS and a message when there is
//  none: the client may try again.
cadre_error_t front_capacity_for_one (front_t *self, const char *peer, fault_t *fault);

//  Does this client send HELLO too often? Counts this one.
bool front_capacity_is_too_often (const front_t *self, client_t *client);

#endif
