/*  askers.h - rate limit for answers to peers without a session
 *
 *  A peer without a session gets a short answer (WHO, REFUSED) to whatever it sends. A ROUTER
 *  queues answers for a peer that does not read, so unlimited answers would fill the broker's
 *  memory. Each connection therefore gets ten a second. When thousands of connections send at the
 *  same time, entries are overwritten early. One thread.
 */

#ifndef BROKER_CORE_ASKERS_H_INCLUDED
#define BROKER_CORE_ASKERS_H_INCLUDED

#include <stdbool.h>

#include "common/sockets.h"

#define ASKERS_PLACES 4096

typedef struct asker {
    sockets_route_t route; //  The connection; 0: unused
    int64_t next_us;       //  No answer is allowed before this time
} asker_t;

typedef struct askers {
    asker_t places [2][ASKERS_PLACES]; //  WHO; REFUSED
} askers_t;

typedef enum asker_kind { ASKER_WHO, ASKER_REFUSED } asker_kind_t;

//  May it be answered now? True counts as one answer.
bool askers_due (askers_t *self, asker_kind_t kind, sockets_route_t route, int64_t now_us);

#endif
