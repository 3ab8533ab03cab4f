/*
 *  greeting.h - finds out why no broker answers at an address
 *
 *  libzmq hides errors of the transport. So when a broker has not answered in time, this module
 *  connects to the first port of its block and reads the ZMTP greeting (ZeroMQ RFC 23, 64 bytes in
 *  the clear). It shows whether anything listens, whether it is ZeroMQ, and whether it requires
 *  keys. Any thread; takes up to GREETING_WAIT_MS, plus the time of a name lookup.
 */
#ifndef COMMON_GREETING_H_INCLUDED
#define COMMON_GREETING_H_INCLUDED

#include <stdbool.h>

#include "common/address.h"

#define GREETING_WAIT_MS 1000

typedef enum greeting {
    GREETING_NONE,    //  nothing listens there, or there is no route
    GREETING_FOREIGN, //  something listens that is not ZeroMQ, or sends nothing
    GREETING_PLAIN,   //  requires no keys
    GREETING_CURVE    //  requires keys
} greeting_t;

//  Connects and reads the greeting. GREETING_NONE for addresses that are not tcp.
greeting_t greeting_ask (const address_t *address, address_role_t role);

//  A fault (CADRE_ERROR_UNAVAILABLE, or CADRE_ERROR_REFUSED because of keys) that says why the
//  broker at ADDRESS does not answer us. WITH_KEYS: we used keys.
cadre_error_t greeting_explain (const address_t *address, bool with_keys, fault_t *fault);

#endif
