/*  flood_guard.h - connections from which bytes come and never a message
 *
 *  libzmq gathers all frames of a message before it hands over the first; one that never ends, from
 *  a peer with a key, would grow the broker until it is killed. A peer of ours sends one frame of
 *  at most 1 MiB. So whoever holds much more without having been heard is cut off, in whatever
 *  rhythm it sends; and when all of them together hold more than an eighth of the broker's memory,
 *  those who hold most. Frames of a few bytes take many times their size: when the process grows
 *  and nothing known explains it, less is let pass. libzmq forgets what it has gathered of a
 *  connection that is cut.
 */

#ifndef BROKER_GUARD_FLOOD_GUARD_H_INCLUDED
#define BROKER_GUARD_FLOOD_GUARD_H_INCLUDED

#include "broker/guard/callers.h"

//  Condemns (caller->cut). Returns whether somebody is suspected, so that it is looked again soon.
bool flood_guard_judge (const callers_view_t *view);

#endif
