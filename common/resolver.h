/*
 *  resolver.h - resolves the addresses of a list, and tests which can be reached
 *
 *  Host names are resolved to all of their IP addresses (A and AAAA records), then all are probed.
 *  Both may block for long, so a separate thread does it, and the owner checks regularly whether it
 *  has finished. If a resolver is destroyed earlier, the thread continues alone, because a lookup
 *  cannot be cancelled; it uses no data of the owner.
 *
 *  One thread owns a resolver.
 */
#ifndef COMMON_RESOLVER_H_INCLUDED
#define COMMON_RESOLVER_H_INCLUDED

#include "common/address.h"
#include "common/probe.h"

#define RESOLVER_MAX PROBE_MAX
#define RESOLVER_NUMBERS_MAX 8

typedef struct resolver resolver_t;

typedef struct resolver_found {
    address_t number;        //  IP address to connect to
    size_t given;            //  index in the list of addresses
    probe_verdict_t verdict; //  result of the probe
} resolver_found_t;

//  Resolves NAME to at most MAX IP addresses, in the order in which they should be tried. 0 with a
//  fault on failure.
typedef size_t resolver_look_fn (const char *name, char (*numbers) [ADDRESS_NAME_BYTES], size_t max,
                                 fault_t *fault);

//  The system's resolver: hosts file, DNS.
resolver_look_fn resolver_look;

//  Must any of these addresses be resolved or probed?
bool resolver_is_needed (const address_t *addresses, size_t count);

//  An address that needs no lookup (IP address, ipc, inproc), in the form of a result.
address_t resolver_plain (const address_t *address);

//  Starts. LOOK is NULL for the system's resolver. NULL when no thread can be started.
resolver_t *resolver_new (const address_t *addresses, size_t count, address_role_t role,
                          resolver_look_fn *look);
void resolver_destroy (resolver_t **self_p);

bool resolver_done (const resolver_t *self);

//  When it is done: the results, in the order of the list; and the fault of the last name that
//  could not be resolved.
size_t resolver_take (const resolver_t *self, resolver_found_t *found, size_t max, fault_t *fault);

#endif
