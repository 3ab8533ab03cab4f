/*  idle_guard.h - finds connections that are not used
 *
 *  Every connection uses a descriptor and memory of libzmq. libzmq itself closes those that do not
 *  complete the handshake. This judge finds the others: connections to front or back without a
 *  session that send nothing; connections, with or without a session, that do not receive what is
 *  sent to them; and, when descriptors are short, connections without a session, the oldest first.
 *  At a lane only the first connection is valid.
 */

#ifndef BROKER_GUARD_IDLE_GUARD_H_INCLUDED
#define BROKER_GUARD_IDLE_GUARD_H_INCLUDED

#include "broker/guard/tcp_peers.h"

//  Condemns connections (caller->cut). Returns whether descriptors are short.
bool idle_guard_judge (const tcp_peers_view_t *view);

#endif
