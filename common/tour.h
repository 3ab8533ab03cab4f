/*
 *  tour: where a peer looks for its broker, and for how long at each place.
 *
 *  A broker is known by one or several addresses; a name among them stands for one or several
 *  numbers, which may change. A tour looks all of them up, asks which can be reached, and names
 *  them one after the other until the owner says that a broker has answered. Then it begins again,
 *  with a new look-up, so that a broker that came back under another address is found. Who accepts
 *  connections comes first, who refuses them is left out unless all do, and a place that was left
 *  is tried last. At a place that accepts but does not answer the owner stays for 1 s, in later
 *  rounds longer, up to 8 s: it may be slow.
 *
 *      tour_begin (tour);
 *      while (!answered) {                             // by timers, see tour_due
 *          if (tour_step (tour, now_us))
 *              connect_to (tour_number (tour));        // a fresh socket
 *      }
 *      tour_arrived (tour);
 *
 *  One thread at a time; it never blocks, since look-ups have a thread of their own (finder.h).
 */
#ifndef COMMON_TOUR_H_INCLUDED
#define COMMON_TOUR_H_INCLUDED

#include "common/finder.h"

typedef struct tour tour_t;

//  ADDRESSES (at most ADDRESS_LIST_MAX) are copied. ROLE is the socket that will be connected. LOOK
//  is NULL for the system's look-up.
tour_t *tour_new (const address_t *addresses, size_t count, address_role_t role,
                  finder_look_fn *look);
void tour_destroy (tour_t **self_p);

//  Connect to the addresses as they were given: behind a proxy, names mean what they mean there.
//  Before the first step.
void tour_keep_names (tour_t *self);

//  Look for a broker (again): the present place, if there is one, has failed.
void tour_begin (tour_t *self);

//  True when a place is to be connected to now: another one, or the same one anew.
bool tour_step (tour_t *self, int64_t now_us);

//  The present place is of no use: the next step is due at once.
void tour_skip (tour_t *self);

//  When tour_step wants to be called again; INT64_MAX when it has nothing to do.
int64_t tour_due (const tour_t *self, int64_t now_us);

//  A broker has answered at the present place.
void tour_arrived (tour_t *self);

//  The broker is greeted again at the present place: it gets some seconds to answer.
void tour_stay (tour_t *self, int64_t now_us);

//  What to connect to: a number, never a name (see tour_keep_names). Before the first step it is
//  the first address as it was given.
const address_t *tour_number (const tour_t *self);

//  The address as it was given, for people; and its place in the list.
const address_t *tour_address (const tour_t *self);
size_t tour_index (const tour_t *self);

//  How many addresses were given.
size_t tour_size (const tour_t *self);

//  Why a name of the list stands for nothing; CADRE_OK if all do.
const fault_t *tour_fault (const tour_t *self);

#endif
