/*  askers.h - whom a ROUTER has answered lately
 *
 *  Who is no session's peer gets a short answer to whatever it sends (WHO, REFUSED). If it never
 *  reads, answers to all of its frames would fill the broker, since a ROUTER holds them for it. So
 *  each connection gets ten a second. Forgets early where thousands ask at a time. One thread.
 */

#ifndef BROKER_CORE_ASKERS_H_INCLUDED
#define BROKER_CORE_ASKERS_H_INCLUDED

#include <stdbool.h>

#include "common/sockets.h"

#define ASKERS_PLACES 4096

typedef struct asker {
    sockets_route_t route; //  Who; 0: nobody yet
    int64_t next_us;       //  Until then its answers have used up their rate
} asker_t;

typedef struct askers {
    asker_t places [2][ASKERS_PLACES]; //  WHO; REFUSED
} askers_t;

typedef enum asker_kind { ASKER_WHO, ASKER_REFUSED } asker_kind_t;

//  May it be answered now? Then it was.
bool askers_due (askers_t *self, asker_kind_t kind, sockets_route_t route, int64_t now_us);

#endif
