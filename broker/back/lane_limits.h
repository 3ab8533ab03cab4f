/*  lane_limits.h - admission control for workers' lanes
 *
 *  A lane uses a port of the range and several descriptors, which are limited. When workers use
 *  several keys, one key may use at most seven times what is free, so some always remain for other
 *  keys. A lane that its worker has not opened yet can be taken for a new worker: the oldest such
 *  lane, first among those of the same key. Only when there is none, the new worker must wait
 *  (CADRE_ERROR_DESCRIPTORS). One thread, the broker's.
 */

#ifndef BROKER_BACK_LANE_LIMITS_H_INCLUDED
#define BROKER_BACK_LANE_LIMITS_H_INCLUDED

#include "broker/peers/roster.h"

typedef struct lane_limits {
    context_t *ctx;     //  Borrowed
    size_t descriptors; //  Free descriptors at the last count, minus those of lanes bound since
    int64_t counted_us; //  Time of that count
    int64_t search_us;  //  After a failed search for a port: time of the next search
} lane_limits_t;

void lane_limits_begin (lane_limits_t *self, context_t *ctx);

//  Asks for room for a lane of that kind for a worker with this User-Id. CADRE_OK, and when
//  *yields_p is not NULL: the caller must first end the session of that joining worker.
//  CADRE_ERROR_DESCRIPTORS and a message: no room now.
cadre_error_t lane_limits_ask (lane_limits_t *self, const char *peer, address_kind_t kind,
                               worker_record_t **yields_p, fault_t *fault);

//  Report that a lane was bound, or that no port was found.
void lane_limits_taken (lane_limits_t *self);
void lane_limits_not_found (lane_limits_t *self);

//  Maximum number of tcp lanes.
size_t lane_limits_limit (const context_t *ctx);

#endif
