/*
 *  place: the folder in which the ipc sockets of a broker lie.
 *
 *  Whoever can write to the folder can take the broker's place, so it must be ours alone to bind
 *  in, and ours or root's to connect in. Any thread.
 */
#ifndef COMMON_PLACE_H_INCLUDED
#define COMMON_PLACE_H_INCLUDED

#include "common/address.h"

//  Make ready for binding a socket at PATH: make its folder (0700) unless it is there, refuse it if
//  others own it or may write to it, remove a socket file that nobody listens on, refuse one that
//  is alive. *LOCK holds the folder against other programs that do the same until place_release.
//  CADRE_ERROR_REFUSED, CADRE_ERROR_ADDRESS, CADRE_ERROR_ADDRESS_IN_USE, CADRE_ERROR_IO.
cadre_error_t place_prepare (const char *path, int *lock, fault_t *fault);
void place_release (int *lock);

//  Removes what a broker that was killed left in the folder: sockets on which nobody listens, and
//  whose names begin with PREFIX. For who has the place.
void place_sweep (const char *folder, const char *prefix);

//  May we trust who listens at PATH? CADRE_ERROR_REFUSED if its folder belongs to somebody else
//  than us or root, or others may write to it. A folder that is not there yet is fine.
cadre_error_t place_check (const char *path, fault_t *fault);

//  Where a broker at ADDRESS keeps its store: in $XDG_STATE_HOME/cadre or ~/.local/state/cadre,
//  which is made (0700). CADRE_ERROR_IO when there is neither variable, or the folder cannot be
//  made.
cadre_error_t place_state (const address_t *address, char *path, size_t size, fault_t *fault);

#endif
