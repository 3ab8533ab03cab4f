/*
 *  probe.h - tests which of several addresses accept connections
 *
 *  Connects to each address, in order and a quarter of a second apart, until one accepts: a running
 *  broker is found in one round trip, even if other addresses of its host name are dead. The
 *  connections are closed without sending a byte. Blocks for at most PROBE_MS after the last one
 *  was started. Any thread.
 */
#ifndef COMMON_PROBE_H_INCLUDED
#define COMMON_PROBE_H_INCLUDED

#include "common/address.h"

#define PROBE_MAX 32
#define PROBE_APART_MS 250
#define PROBE_MS 1000

typedef enum probe_verdict {
    PROBE_UNKNOWN = 0, //  no answer, or not tested
    PROBE_ACCEPTS,     //  the connection was accepted
    PROBE_REFUSES      //  the connection was refused, or there is no route
} probe_verdict_t;

//  Tests the ROLE endpoint of each of COUNT addresses (IP addresses, no host names; at most
//  PROBE_MAX). inproc always accepts.
void probe_all (const address_t *addresses, size_t count, address_role_t role,
                probe_verdict_t *verdicts);

#endif
