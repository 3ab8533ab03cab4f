/*  follow.h - sends kept results and output of jobs to their followers
 *
 *  Data that is not in memory is read back first (pager.h); then the follower is touched again and
 *  continues.
 */

#ifndef BROKER_DELIVERY_FOLLOW_H_INCLUDED
#define BROKER_DELIVERY_FOLLOW_H_INCLUDED

#include "broker/peers/follower.h"

//  Sends new data of all jobs that the client follows, while its backlog and the turn allow:
//  *records is decremented for each follower and record. A follower that is complete is freed. True
//  when there is more to send in the next turn.
bool follow_pump_all (client_t *client, context_t *ctx, uint32_t *records);

//  Sends changed states to followers that wait; decrements *states.
void follow_report (client_t *client, context_t *ctx, uint32_t *states);

#endif
