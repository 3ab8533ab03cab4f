/*  accept_guard.h - accepts connections only while descriptors remain for existing peers
 *
 *  libzmq accepts every connection until the process has no descriptor left. Then it retries
 *  without a pause, and everything else that needs a descriptor fails. So cadre-broker defines its
 *  own accept4, which overrides that of the C library in libzmq's calls: a connection that would
 *  get one of the reserved descriptors (descriptors_kept) is closed at once; its peer reconnects by
 *  itself. Half of the reserve is for lanes, whose peers have a session, and for the user's own
 *  programs over ipc; the rest is for the store and the broker itself. Any thread.
 *
 *  Linked into the program only: a library must not change accept4 in its host program.
 */

#ifndef BROKER_ACCEPT_GUARD_H_INCLUDED
#define BROKER_ACCEPT_GUARD_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

//  Call before any bind. The first three ports of these addresses are for all peers. Without it
//  every connection is accepted.
void accept_guard_open (const address_t *addresses, size_t count);

//  Number of connections closed at once so far.
uint64_t accept_guard_turned_away (void);

#endif
