/*  request.h - requests to the broker
 *
 *  cadre_request sends a request and waits. The reply, in one or several frames, is collected by
 *  the request's number. A request whose session has ended fails and is not repeated, because it
 *  may change something. Needs the pool's lock.
 */

#ifndef CLIENT_LIB_POOL_REQUEST_H_INCLUDED
#define CLIENT_LIB_POOL_REQUEST_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Handles a reply frame; false when it is malformed.
bool request_take_reply (cadre_t *pool, cursor_t body);

//  Fails all requests.
void request_fail_all (cadre_t *pool, const fault_t *why);

#endif
