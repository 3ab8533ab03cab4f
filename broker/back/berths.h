/*  berths.h - room for workers' lanes: how much there is, who gets some, and who gives some up
 *
 *  A lane takes a port of the range and some descriptors, of which there are so many. Where workers
 *  come with several keys, one key may have a share that always leaves some for the others: seven
 *  times what is free. A lane that its worker has not opened yet is worth less than a newcomer's:
 *  the oldest one gives way, of the same key first. Only when nobody gives way there is no room,
 *  and the worker waits (CADRE_ERROR_DESCRIPTORS). One thread, the broker's.
 */

#ifndef BROKER_BACK_BERTHS_H_INCLUDED
#define BROKER_BACK_BERTHS_H_INCLUDED

#include "broker/peers/roster.h"

typedef struct berths {
    hub_t *hub;         //  Borrowed
    size_t descriptors; //  Free when they were counted last, without what lanes have taken since
    int64_t counted_us; //  When that was
    int64_t search_us;  //  No free port was found: it is looked for one again then
} berths_t;

void berths_begin (berths_t *self, hub_t *hub);

//  Room for a lane of that kind for a worker with that key (as the gate calls it). CADRE_OK, with
//  *yields_p set: once the session of that agent, which is joining, has been ended; else NULL.
//  CADRE_ERROR_DESCRIPTORS and a sentence: not now.
cadre_error_t berths_ask (berths_t *self, const char *peer, address_kind_t kind, agent_t **yields_p,
                          fault_t *fault);

//  A lane was bound; or no port was found for one.
void berths_taken (berths_t *self);
void berths_not_found (berths_t *self);

//  How many lanes of tcp there can be.
size_t berths_limit (const hub_t *hub);

#endif
