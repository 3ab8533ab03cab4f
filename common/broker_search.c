//  tour.c - the search for a broker at several addresses

#include "common/broker_search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C (1000)
#define FIRST_MS 1000 //  at an address, in the first round
#define DOUBLINGS 3u  //  rounds in which that time doubles
#define STAY_MS 5000  //  at an address where a broker was
#define ONLY_MS 10000 //  at the only address
#define LOOK_MS 2     //  interval of checks of the finder

struct tour {
    address_t given [ADDRESS_LIST_MAX]; //  as given by the user
    size_t given_count;                 //  how many
    address_role_t role;                //  the endpoint
    finder_look_fn *look;               //  the resolver
    finder_t *finder;                   //  while it runs, else NULL
    finder_found_t found [FINDER_MAX];  //  addresses, in the order of tries
    size_t count;                       //  their number; 0 before the first lookup
    size_t at;                          //  the current one
    address_t left;                     //  the address that failed last
    bool leaving;                       //  left is set
    bool trying;                        //  no broker has answered yet
    bool anew;                          //  names must be resolved before the next try
    bool keep_names;                    //  names are not resolved
    bool listening;                     //  some address accepts connections
    unsigned rounds;                    //  rounds without an answer
    int64_t due_us;                     //  end of the time for the current address
    fault_t fault;                      //  of the last name that was not resolved
};

tour_t *tour_new (const address_t *addresses, size_t count, address_role_t role,
                  finder_look_fn *look)
{
    assert (count >= 1 && count <= ADDRESS_LIST_MAX);
    tour_t *self = calloc (1, sizeof *self);
    assert (self);
    memcpy (self->given, addresses, count * sizeof *addresses);
    self->given_count = count;
    self->role = role;
    self->look = look;
    return self;
}

void tour_destroy (tour_t **self_p)
{
    assert (self_p);
    tour_t *self = *self_p;
    if (!self)
        return;
    finder_destroy (&self->finder);
    free (self);
    *self_p = NULL;
}

//  ---- the order of trying --------------------------------------------------------------

static bool s_same (const finder_found_t *place, const address_t *other)
{
    return address_equal (&place->number, other);
}

//  First addresses that accept, then those without an answer; within both, the one that was left
//  comes last.
static int s_rank (const tour_t *self, const finder_found_t *place)
{
    int rank = place->verdict == PROBE_ACCEPTS ? 0 : place->verdict == PROBE_UNKNOWN ? 2 : 4;
    return rank + (self->leaving && s_same (place, &self->left) ? 1 : 0);
}

//  Insertion sort: the list is short, and equal elements must keep their order.
static void s_sort (tour_t *self)
{
    for (size_t i = 1; i < self->count; i++)
        for (size_t j = i;
             j > 0 && s_rank (self, &self->found [j]) < s_rank (self, &self->found [j - 1]); j--) {
            finder_found_t place = self->found [j];
            self->found [j] = self->found [j - 1];
            self->found [j - 1] = place;
        }
}

//  Addresses that refuse are skipped; if all do, one of them is tried until the next lookup.
static void s_cut (tour_t *self)
{
    size_t fit = 0;
    while (fit < self->count && self->found [fit].verdict != PROBE_REFUSES)
        fit++;
    self->listening = fit > 0;
    if (self->count > 1)
        self->count = fit ? fit : 1;
}

static void s_take (tour_t *self)
{
    fault_clear (&self->fault);
    self->count = finder_take (self->finder, self->found, FINDER_MAX, &self->fault);
    finder_destroy (&self->finder);
    s_sort (self);
    s_cut (self);
}

static bool s_looks (const tour_t *self)
{
    return !self->keep_names && finder_is_needed (self->given, self->given_count);
}

//  Without a finder: uses the addresses as given.
static void s_take_given (tour_t *self)
{
    for (size_t i = 0; i < self->given_count; i++)
        self->found [i] = (finder_found_t){
            .number = self->keep_names ? self->given [i] : finder_plain (&self->given [i]),
            .given = i};
    self->count = self->given_count;
    s_sort (self);
    self->listening = true;
}

//  ---- steps ------------------------------------------------------------------------------

static bool s_enter (tour_t *self, size_t at, int64_t now_us)
{
    unsigned doublings = self->rounds < DOUBLINGS ? self->rounds : DOUBLINGS;
    bool only = self->count == 1 && !s_looks (self);
    self->at = at;
    self->due_us = now_us + (only ? ONLY_MS : (int64_t) FIRST_MS << doublings) * MS;
    return self->count > 0;
}

static bool s_look_around (tour_t *self, int64_t now_us)
{
    if (s_looks (self))
        self->finder = finder_new (self->given, self->given_count, self->role, self->look);
    else
        s_take_given (self);
    return self->finder ? false : s_enter (self, 0, now_us);
}

void tour_keep_names (tour_t *self)
{
    self->keep_names = true;
}

void tour_begin (tour_t *self)
{
    self->leaving = self->count > 0;
    if (self->leaving)
        self->left = self->found [self->at].number;
    self->trying = self->anew = true;
    self->due_us = 0;
}

bool tour_step (tour_t *self, int64_t now_us)
{
    if (!self->trying)
        return false;
    if (self->finder && !finder_done (self->finder))
        return false;
    if (self->finder) {
        s_take (self);
        return s_enter (self, 0, now_us);
    }
    if (now_us < self->due_us)
        return false;
    if (!self->anew && self->at + 1 < self->count)
        return s_enter (self, self->at + 1, now_us);
    self->rounds += !self->anew && self->listening;
    self->anew = false;
    return s_look_around (self, now_us);
}

void tour_skip (tour_t *self)
{
    self->trying = true;
    self->due_us = 0;
}

int64_t tour_due (const tour_t *self, int64_t now_us)
{
    if (!self->trying)
        return INT64_MAX;
    return self->finder ? now_us + LOOK_MS * MS : self->due_us;
}

void tour_arrived (tour_t *self)
{
    self->trying = self->anew = false;
    self->rounds = 0;
    finder_destroy (&self->finder);
}

void tour_stay (tour_t *self, int64_t now_us)
{
    self->trying = true;
    self->anew = false;
    self->due_us = now_us + STAY_MS * MS;
}

//  ---- queries -----------------------------------------------------------------------------

size_t tour_index (const tour_t *self)
{
    return self->at < self->count ? self->found [self->at].given : 0;
}

const address_t *tour_number (const tour_t *self)
{
    return self->at < self->count ? &self->found [self->at].number : &self->given [0];
}

const address_t *tour_address (const tour_t *self)
{
    return &self->given [tour_index (self)];
}

size_t tour_size (const tour_t *self)
{
    return self->given_count;
}

const fault_t *tour_fault (const tour_t *self)
{
    return &self->fault;
}
