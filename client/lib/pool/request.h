/*  request.h - questions and orders to the broker
 *
 *  cadre_request asks one and waits. The answer, in one reply or several, is gathered by the
 *  question's number. A question whose session has gone fails and is not repeated: some are orders.
 *  With the pool's lock held.
 */

#ifndef CLIENT_LIB_POOL_REQUEST_H_INCLUDED
#define CLIENT_LIB_POOL_REQUEST_H_INCLUDED

#include "client/lib/pool/pool.h"

//  Takes in a reply; false when it is malformed.
bool request_take_reply (cadre_t *pool, cursor_t body);

//  No question gets an answer any more.
void request_fail_all (cadre_t *pool, const fault_t *why);

#endif
