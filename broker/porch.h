/*  porch.h - connections are accepted only while there are descriptors for those who are inside
 *
 *  libzmq accepts whoever comes, until the process has no descriptor left; then it tries again
 *  without a pause, and whatever else needs a descriptor fails, or ends the process. So
 *  cadre-broker has an accept4 of its own, which stands before the C library's wherever libzmq
 *  calls it: a connection that would get one of the descriptors that are kept back
 *  (descriptors_kept) is closed at once. Its peer comes again by itself. Half of what is kept back
 *  is for lanes, whose peers have a session, and for the user's own programs over ipc; the rest is
 *  for the store and the broker itself. Any thread.
 *
 *  Linked into the program alone: a library must not change what its host's accept4 does.
 */

#ifndef BROKER_PORCH_H_INCLUDED
#define BROKER_PORCH_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

//  Before anything is bound: the first three ports of these addresses are for everybody. The porch
//  is closed before: all are accepted.
void porch_open (const address_t *addresses, size_t count);

//  Connections that were closed at once so far.
uint64_t porch_turned_away (void);

#endif
