/*
 *  finder: the numbers behind the addresses of a list, and which of them can be reached.
 *
 *  Names are looked up (every A and AAAA record of each), then all are probed; both may block for
 *  long, so it is done in a thread of its own, which the owner asks now and then whether it has
 *  ended. A finder that is destroyed earlier leaves the thread to itself: a look-up cannot be
 *  cancelled, and nothing of the owner's is touched by it.
 *
 *  One thread owns a finder.
 */
#ifndef COMMON_FINDER_H_INCLUDED
#define COMMON_FINDER_H_INCLUDED

#include "common/address.h"
#include "common/probe.h"

#define FINDER_MAX PROBE_MAX
#define FINDER_NUMBERS_MAX 8

typedef struct finder finder_t;

typedef struct finder_found {
    address_t number;        // what to connect to
    size_t given;            // which address of the list it belongs to
    probe_verdict_t verdict; // whether somebody listens there
} finder_found_t;

//  Look NAME up: up to MAX numbers, in the order in which they should be tried. 0 with a fault that
//  says why there is none.
typedef size_t finder_look_fn (const char *name, char (*numbers) [ADDRESS_NAME_BYTES], size_t max,
                               fault_t *fault);

//  The system's way: hosts file, DNS.
finder_look_fn finder_look;

//  Are these addresses what one connects to already? Then there is nothing to find.
bool finder_is_needed (const address_t *addresses, size_t count);

//  The numbers of one address as they would be found, without a look-up or a probe: for a number,
//  ipc and inproc.
address_t finder_plain (const address_t *address);

//  Begins. LOOK is NULL for the system's way. NULL when no thread can be had.
finder_t *finder_new (const address_t *addresses, size_t count, address_role_t role,
                      finder_look_fn *look);
void finder_destroy (finder_t **self_p);

bool finder_done (const finder_t *self);

//  Once it is done: what was found, in the order of the list; and the fault of the last name that
//  has no number.
size_t finder_take (const finder_t *self, finder_found_t *found, size_t max, fault_t *fault);

#endif
