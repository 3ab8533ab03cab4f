/*
 *  tour.h - the search for a broker at several addresses
 *
 *  A broker has one or several addresses. A host name among them resolves to one or several IP
 *  addresses, which may change. A tour resolves all names, probes which addresses can be reached,
 *  and returns them one after the other until the owner reports that a broker has answered.
 *  tour_begin starts again, with a new lookup, so a broker that has moved to another IP address is
 *  found. Addresses that accept connections come first; those that refuse are skipped unless all
 *  do; the address used last is tried last. If an address accepts but the broker does not answer,
 *  the owner waits for 1 s, in later rounds longer, up to 8 s, because the broker may be slow.
 *
 *      tour_begin (tour);
 *      while (!answered) {                             //  by timers, see tour_due
 *          if (tour_step (tour, now_us))
 *              connect_to (tour_number (tour));        //  a new socket
 *      }
 *      tour_arrived (tour);
 *
 *  One thread at a time; it never blocks, because lookups run in a separate thread (finder.h).
 */
#ifndef COMMON_TOUR_H_INCLUDED
#define COMMON_TOUR_H_INCLUDED

#include "common/resolver.h"

typedef struct tour tour_t;

//  ADDRESSES (at most ADDRESS_LIST_MAX) are copied. ROLE is the endpoint to connect to. LOOK is
//  NULL for the system's resolver.
tour_t *tour_new (const address_t *addresses, size_t count, address_role_t role,
                  finder_look_fn *look);
void tour_destroy (tour_t **self_p);

//  Uses the addresses as given, because a proxy resolves names itself. Call before the first step.
void tour_keep_names (tour_t *self);

//  Starts a search, or starts it again: the current address has failed.
void tour_begin (tour_t *self);

//  True when the owner must connect now: to another address, or again to the same one.
bool tour_step (tour_t *self, int64_t now_us);

//  The current address is useless: the next step is due at once.
void tour_skip (tour_t *self);

//  When tour_step must be called again; INT64_MAX: not at all.
int64_t tour_due (const tour_t *self, int64_t now_us);

//  A broker has answered at the current address.
void tour_arrived (tour_t *self);

//  HELLO was sent again to the current address: it gets some seconds to answer.
void tour_stay (tour_t *self, int64_t now_us);

//  The resolved IP address to connect to, never a host name (but see tour_keep_names). Before the
//  first step it is the first address as given.
const address_t *tour_number (const tour_t *self);

//  The address as given, for people; and its index in the list.
const address_t *tour_address (const tour_t *self);
size_t tour_index (const tour_t *self);

//  Number of addresses given.
size_t tour_size (const tour_t *self);

//  Why a host name of the list could not be resolved; CADRE_OK if all were.
const fault_t *tour_fault (const tour_t *self);

#endif
