/*  strangers.h - connections that nobody makes use of
 *
 *  Every connection takes a descriptor and memory of libzmq's. Those that do not end their
 *  handshake libzmq cuts off itself; this judges the others: who has come to front or back, has no
 *  session and says nothing; who has a session or not and does not take what it is sent; and, when
 *  descriptors are short, who has no session at all, those first that have had most time. At a lane
 *  nobody is needed but the first that came.
 */

#ifndef BROKER_GUARD_STRANGERS_H_INCLUDED
#define BROKER_GUARD_STRANGERS_H_INCLUDED

#include "broker/guard/callers.h"

//  Condemns (caller->cut). Returns whether descriptors are short.
bool strangers_judge (const callers_view_t *view);

#endif
