//  broker_search.c - the search for a broker at several addresses

#include "common/broker_search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C (1000)
#define FIRST_MS 1000 //  at an address, in the first round
#define DOUBLINGS 3u  //  rounds in which that time doubles
#define STAY_MS 5000  //  at an address where a broker was
#define ONLY_MS 10000 //  at the only address
#define LOOK_MS 2     //  interval of checks of the resolver

struct broker_search {
    address_t given [ADDRESS_LIST_MAX];    //  as given by the user
    size_t given_count;                    //  how many
    address_role_t role;                   //  the endpoint
    resolver_look_fn *look;                //  the resolver
    resolver_t *resolver;                  //  while it runs, else NULL
    resolver_found_t found [RESOLVER_MAX]; //  addresses, in the order of tries
    size_t count;                          //  their number; 0 before the first lookup
    size_t at;                             //  the current one
    address_t left;                        //  the address that failed last
    bool leaving;                          //  left is set
    bool trying;                           //  no broker has answered yet
    bool anew;                             //  names must be resolved before the next try
    bool keep_names;                       //  names are not resolved
    bool listening;                        //  some address accepts connections
    unsigned rounds;                       //  rounds without an answer
    int64_t due_us;                        //  end of the time for the current address
    fault_t fault;                         //  of the last name that was not resolved
};

broker_search_t *broker_search_new (const address_t *addresses, size_t count, address_role_t role,
                                    resolver_look_fn *look)
{
    assert (count >= 1 && count <= ADDRESS_LIST_MAX);
    broker_search_t *self = calloc (1, sizeof *self);
    assert (self);
    memcpy (self->given, addresses, count * sizeof *addresses);
    self->given_count = count;
    self->role = role;
    self->look = look;
    return self;
}

void broker_search_destroy (broker_search_t **self_p)
{
    assert (self_p);
    broker_search_t *self = *self_p;
    if (!self)
        return;
    resolver_destroy (&self->resolver);
    free (self);
    *self_p = NULL;
}

//  ---- the order of trying --------------------------------------------------------------

static bool s_same (const resolver_found_t *candidate, const address_t *other)
{
    return address_equal (&candidate->number, other);
}

//  First addresses that accept, then those without an answer; within both, the one that was left
//  comes last.
static int s_rank (const broker_search_t *self, const resolver_found_t *candidate)
{
    int rank = candidate->verdict == PROBE_ACCEPTS   ? 0
               : candidate->verdict == PROBE_UNKNOWN ? 2
                                                     : 4;
    return rank + (self->leaving && s_same (candidate, &self->left) ? 1 : 0);
}

//  Insertion sort: the list is short, and equal elements must keep their order.
static void s_sort (broker_search_t *self)
{
    for (size_t i = 1; i < self->count; i++)
        for (size_t j = i;
             j > 0 && s_rank (self, &self->found [j]) < s_rank (self, &self->found [j - 1]); j--) {
            resolver_found_t candidate = self->found [j];
            self->found [j] = self->found [j - 1];
            self->found [j - 1] = candidate;
        }
}

//  Addresses that refuse are skipped; if all do, one of them is tried until the next lookup.
static void s_broker_search_cut (broker_search_t *self)
{
    size_t fit = 0;
    while (fit < self->count && self->found [fit].verdict != PROBE_REFUSES)
        fit++;
    self->listening = fit > 0;
    if (self->count > 1)
        self->count = fit ? fit : 1;
}

static void s_broker_search_take (broker_search_t *self)
{
    fault_clear (&self->fault);
    self->count = resolver_take (self->resolver, self->found, RESOLVER_MAX, &self->fault);
    resolver_destroy (&self->resolver);
    s_sort (self);
    s_broker_search_cut (self);
}

static bool s_looks (const broker_search_t *self)
{
    return !self->keep_names && resolver_is_needed (self->given, self->given_count);
}

//  Without a resolver: uses the addresses as given.
static void s_take_given (broker_search_t *self)
{
    for (size_t i = 0; i < self->given_count; i++)
        self->found [i] = (resolver_found_t){
            .number = self->keep_names ? self->given [i] : resolver_plain (&self->given [i]),
            .given = i};
    self->count = self->given_count;
    s_sort (self);
    self->listening = true;
}

//  ---- steps ------------------------------------------------------------------------------

static bool s_broker_search_enter (broker_search_t *self, size_t at, int64_t now_us)
{
    unsigned doublings = self->rounds < DOUBLINGS ? self->rounds : DOUBLINGS;
    bool only = self->count == 1 && !s_looks (self);
    self->at = at;
    self->due_us = now_us + (only ? ONLY_MS : (int64_t) FIRST_MS << doublings) * MS;
    return self->count > 0;
}

static bool s_look_around (broker_search_t *self, int64_t now_us)
{
    if (s_looks (self))
        self->resolver = resolver_new (self->given, self->given_count, self->role, self->look);
    else
        s_take_given (self);
    return self->resolver ? false : s_broker_search_enter (self, 0, now_us);
}

void broker_search_keep_names (broker_search_t *self)
{
    self->keep_names = true;
}

void broker_search_begin (broker_search_t *self)
{
    self->leaving = self->count > 0;
    if (self->leaving)
        self->left = self->found [self->at].number;
    self->trying = self->anew = true;
    self->due_us = 0;
}

bool broker_search_step (broker_search_t *self, int64_t now_us)
{
    if (!self->trying)
        return false;
    if (self->resolver && !resolver_done (self->resolver))
        return false;
    if (self->resolver) {
        s_broker_search_take (self);
        return s_broker_search_enter (self, 0, now_us);
    }
    if (now_us < self->due_us)
        return false;
    if (!self->anew && self->at + 1 < self->count)
        return s_broker_search_enter (self, self->at + 1, now_us);
    self->rounds += !self->anew && self->listening;
    self->anew = false;
    return s_look_around (self, now_us);
}

void broker_search_skip (broker_search_t *self)
{
    self->trying = true;
    self->due_us = 0;
}

int64_t broker_search_due (const broker_search_t *self, int64_t now_us)
{
    if (!self->trying)
        return INT64_MAX;
    return self->resolver ? now_us + LOOK_MS * MS : self->due_us;
}

void broker_search_arrived (broker_search_t *self)
{
    self->trying = self->anew = false;
    self->rounds = 0;
    resolver_destroy (&self->resolver);
}

void broker_search_stay (broker_search_t *self, int64_t now_us)
{
    self->trying = true;
    self->anew = false;
    self->due_us = now_us + STAY_MS * MS;
}

//  ---- queries -----------------------------------------------------------------------------

size_t broker_search_index (const broker_search_t *self)
{
    return self->at < self->count ? self->found [self->at].given : 0;
}

const address_t *broker_search_number (const broker_search_t *self)
{
    return self->at < self->count ? &self->found [self->at].number : &self->given [0];
}

const address_t *broker_search_address (const broker_search_t *self)
{
    return &self->given [broker_search_index (self)];
}

size_t broker_search_size (const broker_search_t *self)
{
    return self->given_count;
}

const fault_t *broker_search_fault (const broker_search_t *self)
{
    return &self->fault;
}
