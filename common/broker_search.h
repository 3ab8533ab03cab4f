/*
 *  broker_search.h - the search for a broker at several addresses
 *
 *  A broker has one or several addresses. A host name among them resolves to one or several IP
 *  addresses, which may change. A search resolves all names, probes which addresses can be reached,
 *  and returns them one after the other until the owner reports that a broker has answered.
 *  broker_search_begin starts again, with a new lookup, so a broker that has moved to another IP
 *  address is found. Addresses that accept connections come first; those that refuse are skipped
 *  unless all do; the address used last is tried last. If an address accepts but the broker does
 *  not answer, the owner waits for 1 s, in later rounds longer, up to 8 s, because the broker may
 *  be slow.
 *
 *      broker_search_begin (search);
 *      while (!answered) {                             //  by timers, see broker_search_due
 *          if (broker_search_step (search, now_us))
 *              connect_to (broker_search_number (search));        //  a new socket
 *      }
 *      broker_search_arrived (search);
 *
 *  One thread at a time; it never blocks, because lookups run in a separate thread (resolver.h).
 */
#ifndef COMMON_BROKER_SEARCH_H_INCLUDED
#define COMMON_BROKER_SEARCH_H_INCLUDED

#include "common/resolver.h"

typedef struct broker_search broker_search_t;

//  ADDRESSES (at most ADDRESS_LIST_MAX) are copied. ROLE is the endpoint to connect to. LOOK is
//  NULL for the system's resolver.
broker_search_t *broker_search_new (const address_t *addresses, size_t count, address_role_t role,
                                    resolver_look_fn *look);
void broker_search_destroy (broker_search_t **self_p);

//  Uses the addresses as given, because a proxy resolves names itself. Call before the first step.
void broker_search_keep_names (broker_search_t *self);

//  Starts a search, or starts it again: the current address has failed.
void broker_search_begin (broker_search_t *self);

//  True when the owner must connect now: to another address, or again to the same one.
bool broker_search_step (broker_search_t *self, int64_t now_us);

//  The current address is useless: the next step is due at once.
void broker_search_skip (broker_search_t *self);

//  When broker_search_step must be called again; INT64_MAX: not at all.
int64_t broker_search_due (const broker_search_t *self, int64_t now_us);

//  A broker has answered at the current address.
void broker_search_arrived (broker_search_t *self);

//  HELLO was sent again to the current address: it gets some seconds to answer.
void broker_search_stay (broker_search_t *self, int64_t now_us);

//  The resolved IP address to connect to, never a host name (but see broker_search_keep_names).
//  Before the first step it is the first address as given.
const address_t *broker_search_number (const broker_search_t *self);

//  The address as given, for people; and its index in the list.
const address_t *broker_search_address (const broker_search_t *self);
size_t broker_search_index (const broker_search_t *self);

//  Number of addresses given.
size_t broker_search_size (const broker_search_t *self);

//  Why a host name of the list could not be resolved; CADRE_OK if all were.
const fault_t *broker_search_fault (const broker_search_t *self);

#endif
