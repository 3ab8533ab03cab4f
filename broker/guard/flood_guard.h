/*  flood_guard.h - finds connections that send bytes but never complete a message
 *
 *  libzmq assembles all frames of a message before it delivers the first one. An endless message
 *  from a peer with a key would grow the broker until it is killed. A correct peer sends one frame
 *  of at most 1 MiB. So a connection that holds much more and has delivered no message is closed,
 *  however it spaces its bytes. When all connections together hold more than an eighth of the
 *  broker's memory, those that hold most are closed. Frames of a few bytes use many times their
 *  size: when the process grows without explanation, the limits are lower. libzmq frees what it
 *  holds for a connection that is closed.
 */

#ifndef BROKER_GUARD_FLOOD_GUARD_H_INCLUDED
#define BROKER_GUARD_FLOOD_GUARD_H_INCLUDED

#include "broker/guard/tcp_peers.h"

//  Condemns connections (caller->cut). Returns whether a connection is suspect, so that the next
//  inspection is soon.
bool flood_guard_judge (const tcp_peers_view_t *view);

#endif
