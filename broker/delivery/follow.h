/*  follow.h - followers are sent what is kept of their jobs
 *
 *  Results and output that are not in memory are read back first (pager.h); then the follower is
 *  touched, and goes on.
 */

#ifndef BROKER_DELIVERY_FOLLOW_H_INCLUDED
#define BROKER_DELIVERY_FOLLOW_H_INCLUDED

#include "broker/peers/follower.h"

//  Sends what there is, to all that the client follows and where something was added, while its
//  backlog and the turn allow: records counts down what is sent, in followers and records. At its
//  end a follower is freed. True when there is more to send in the next turn.
bool follow_pump_all (client_t *client, hub_t *hub, uint32_t *records);

//  Tells states that have changed to those who wait; states counts down.
void follow_report (client_t *client, hub_t *hub, uint32_t *states);

#endif
