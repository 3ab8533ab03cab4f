/*  answer_rate.h - rate limit for answers to peers without a session
 *
 *  A peer without a session gets a short answer (WHO, REFUSED) to whatever it sends. A ROUTER
 *  queues answers for a peer that does not read, so unlimited answers would fill the broker's
 *  memory. Each connection therefore gets ten a second. When thousands of connections send at the
 *  same time, entries are overwritten early. One thread.
 */

#ifndef BROKER_CORE_ANSWER_RATE_H_INCLUDED
#define BROKER_CORE_ANSWER_RATE_H_INCLUDED

#include <stdbool.h>

#include "common/sockets.h"

#define ANSWER_RATE_ENTRIES 4096

typedef struct answer_rate_peer {
    sockets_route_t route; //  The connection; 0: unused
    int64_t next_us;       //  No answer is allowed before this time
} answer_rate_peer_t;

typedef struct answer_rate {
    answer_rate_peer_t entries [2][ANSWER_RATE_ENTRIES]; //  WHO; REFUSED
} answer_rate_t;

typedef enum answer_kind { ANSWER_WHO, ANSWER_REFUSED } answer_kind_t;

//  May it be answered now? True counts as one answer.
bool answer_rate_due (answer_rate_t *self, answer_kind_t kind, sockets_route_t route,
                      int64_t now_us);

#endif
