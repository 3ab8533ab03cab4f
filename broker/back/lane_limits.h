/*  berths.h - admission control for workers' lanes
 *
 *  A lane uses a port of the range and several descriptors, which are limited. When workers use
 *  several keys, one key may use at most seven times what is free, so some always remain for other
 *  keys. A lane that its worker has not opened yet can be taken for a new worker: the oldest such
 *  lane, first among those of the same key. Only when there is none, the new worker must wait
 *  (CADRE_ERROR_DESCRIPTORS). One thread, the broker's.
 */

#ifndef BROKER_BACK_BERTHS_H_INCLUDED
#define BROKER_BACK_BERTHS_H_INCLUDED

#include "broker/peers/roster.h"

typedef struct berths {
    hub_t *hub;         //  Borrowed
    size_t descriptors; //  Free descriptors at the last count, minus those of lanes bound since
    int64_t counted_us; //  Time of that count
    int64_t search_us;  //  After a failed search for a port: time of the next search
} berths_t;

void berths_begin (berths_t *self, hub_t *hub);

//  Asks for room for a lane of that kind for a worker with this User-Id. CADRE_OK, and when
//  *yields_p is not NULL: the caller must first end the session of that joining agent.
//  CADRE_ERROR_DESCRIPTORS and a message: no room now.
cadre_error_t berths_ask (berths_t *self, const char *peer, address_kind_t kind, agent_t **yields_p,
                          fault_t *fault);

//  Report that a lane was bound, or that no port was found.
void berths_taken (berths_t *self);
void berths_not_found (berths_t *self);

//  Maximum number of tcp lanes.
size_t berths_limit (const hub_t *hub);

#endif
