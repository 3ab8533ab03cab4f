//  flood_guard.c - finds connections that send bytes but never complete a message

#include "broker/guard/flood_guard.h"

#define MIB (UINT64_C (1) << 20)
#define SUSPECT_BYTES (64u << 10) //  Less may be a frame in transfer
#define ONE_SHARE 16              //  Fraction of the memory that one connection may hold
#define ONE_LEAST (2 * MIB)
#define ONE_MOST (16 * MIB)
#define ALL_SHARE 8 //  Fraction of the memory that all may hold together
#define ALL_LEAST (4 * MIB)
#define SEAT_US                                                                                    \
    1000000 //  Time for a seat that is full, or for which others wait, without a message
#define STRANGE_SHARE 4 //  Fraction of the memory for unexplained growth

static uint64_t s_between (uint64_t least, uint64_t value, uint64_t most)
{
    return value < least ? least : value < most ? value : most;
}

static bool s_is_suspect (const caller_t *caller)
{
    return !caller->cut && caller->quiet && caller->held > SUSPECT_BYTES;
}

static uint64_t s_sum (const callers_view_t *view)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < view->count; i++)
        sum += s_is_suspect (view->callers [i]) ? view->callers [i]->held : 0;
    return sum;
}

static caller_t *s_largest (const callers_view_t *view)
{
    caller_t *largest = NULL;
    for (size_t i = 0; i < view->count; i++) {
        caller_t *caller = view->callers [i];
        if (s_is_suspect (caller) && (!largest || caller->held > largest->held))
            largest = caller;
    }
    return largest;
}

//  Condemns those that hold most, until the others hold no more than `most`.
static void s_cut_down (const callers_view_t *view, uint64_t sum, uint64_t most, const char *why)
{
    caller_t *caller;
    while (sum > most && (caller = s_largest (view)) != NULL) {
        caller->cut = why;
        sum -= caller->held;
    }
}

static bool s_is_in_the_way (const callers_view_t *view, const caller_t *caller)
{
    int64_t from_us = caller->heard_us > caller->seated_us ? caller->heard_us : caller->seated_us;
    return caller->seated_us && !caller->cut && (caller->full || view->waiting)
           && view->now_us - from_us > SEAT_US;
}

//  Condemns connections that are full and send no message, or that block a seat for others.
static bool s_clear_seats (const callers_view_t *view)
{
    bool full = false;
    for (size_t i = 0; i < view->count; i++) {
        caller_t *caller = view->callers [i];
        full = full || caller->full;
        if (s_is_in_the_way (view, caller))
            caller->cut = "its message does not end, and others wait";
    }
    return full || view->waiting;
}

bool flood_guard_judge (const callers_view_t *view)
{
    uint64_t one = s_between (ONE_LEAST, view->memory_limit / ONE_SHARE, ONE_MOST);
    uint64_t all = s_between (ALL_LEAST, view->memory_limit / ALL_SHARE, UINT64_MAX);
    for (size_t i = 0; i < view->count; i++)
        if (s_is_suspect (view->callers [i]) && view->callers [i]->held >= one)
            view->callers [i]->cut = "its message does not end";
    bool waits = s_clear_seats (view);
    uint64_t sum = s_sum (view);
    s_cut_down (view, sum, all, "its message does not end, and those of others do not either");
    uint64_t bearable = view->memory_limit / STRANGE_SHARE;
    if (view->strange > bearable) {
        //  The limit, in proportion of what connections seem to hold to the real growth
        double part = (double) (bearable / 2) / (double) view->strange;
        sum = s_sum (view);
        s_cut_down (view, sum, (uint64_t) ((double) sum * part),
                    "its message does not end, and memory is short");
    }
    return waits || s_largest (view) != NULL;
}
