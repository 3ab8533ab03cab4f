/*
 *  greeting: why nobody answers at an address.
 *
 *  libzmq hides what goes wrong below it. So when a broker has not answered in time, the first port
 *  of its block is tried by hand, and the greeting of ZMTP (ZeroMQ RFC 23, 64 bytes in the clear)
 *  read: it tells whether anything is there, whether it speaks ZeroMQ, and whether it wants keys.
 *  Any thread; takes up to GREETING_WAIT_MS, and as long as the system looks up a name.
 */
#ifndef COMMON_GREETING_H_INCLUDED
#define COMMON_GREETING_H_INCLUDED

#include <stdbool.h>

#include "common/address.h"

#define GREETING_WAIT_MS 1000

typedef enum greeting {
    GREETING_NONE,    // nothing listens there, or no route leads there
    GREETING_FOREIGN, // something listens that does not speak ZeroMQ, or says nothing
    GREETING_PLAIN,   // wants no keys
    GREETING_CURVE    // wants keys
} greeting_t;

//  Asks. GREETING_NONE for addresses that are not tcp.
greeting_t greeting_ask (const address_t *address, address_role_t role);

//  A fault (CADRE_ERROR_UNAVAILABLE, or CADRE_ERROR_REFUSED where keys are the reason) that says
//  why the broker at ADDRESS does not answer us, who came with keys or without.
cadre_error_t greeting_explain (const address_t *address, bool with_keys, fault_t *fault);

#endif
