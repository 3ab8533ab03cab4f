//  tour.c - where a peer looks for its broker, and for how long at each place

#include "common/tour.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C (1000)
#define FIRST_MS 1000 // at a place, in the first round
#define DOUBLINGS 3u  // rounds in which that doubles
#define STAY_MS 5000  // at a place where a broker was
#define ONLY_MS 10000 // at the only place there is
#define LOOK_MS 2     // between two looks at the finder

struct tour {
    address_t given [ADDRESS_LIST_MAX]; // as the person wrote them
    size_t given_count;                 // how many
    address_role_t role;                // of the socket
    finder_look_fn *look;               // how names are looked up
    finder_t *finder;                   // while it looks, else NULL
    finder_found_t found [FINDER_MAX];  // places, in the order of trying
    size_t count;                       // how many; 0 before the first look
    size_t at;                          // the present one
    address_t left;                     // the place that failed last
    bool leaving;                       // there is one
    bool trying;                        // nobody has answered yet
    bool anew;                          // names are to be looked up before anything is tried
    bool keep_names;                    // nothing is looked up
    bool listening;                     // somebody accepts connections
    unsigned rounds;                    // how often all of them were tried in vain
    int64_t due_us;                     // until when the present place is tried
    fault_t fault;                      // of the last name without a number
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

//  Who accepts, then who said nothing; within both, the place that was left comes last.
static int s_rank (const tour_t *self, const finder_found_t *place)
{
    int rank = place->verdict == PROBE_ACCEPTS ? 0 : place->verdict == PROBE_UNKNOWN ? 2 : 4;
    return rank + (self->leaving && s_same (place, &self->left) ? 1 : 0);
}

//  The list is short and the order among equals is kept.
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

//  Those who refuse are left out; if all do, one of them is tried until the next look.
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

//  Without a finder: the addresses are what one connects to.
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

//  ---- where it is ----------------------------------------------------------------------

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
