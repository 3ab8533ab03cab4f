/*
 *  probe: which of several places has somebody who accepts connections.
 *
 *  A plain connect to each, in their order and a quarter of a second apart, until one accepts: a
 *  broker that lives is found in one round trip, whatever addresses of its name are dead. What was
 *  opened is closed again without a byte. Blocks for at most PROBE_MS after the last one was begun.
 *  Any thread.
 */
#ifndef COMMON_PROBE_H_INCLUDED
#define COMMON_PROBE_H_INCLUDED

#include "common/address.h"

#define PROBE_MAX 32
#define PROBE_APART_MS 250
#define PROBE_MS 1000

typedef enum probe_verdict {
    PROBE_UNKNOWN = 0, // nothing was heard, or it was not asked
    PROBE_ACCEPTS,     // somebody listens
    PROBE_REFUSES      // nobody listens, or there is no way to it
} probe_verdict_t;

//  Ask the ROLE of each of COUNT places (numbers, no names; at most PROBE_MAX). inproc accepts
//  always.
void probe_all (const address_t *places, size_t count, address_role_t role,
                probe_verdict_t *verdicts);

#endif
