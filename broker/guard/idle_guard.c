//  strangers.c - finds connections that are not used

#include "broker/guard/idle_guard.h"

#include <stdlib.h>

#define HASTE_US 500000    //  Time to begin a session, when descriptors are short
#define LEISURE_US 5000000 //  Minimum time otherwise

//  A sink sends nothing before a task has ended, so it is excluded.
static bool s_is_idle (const callers_view_t *view, const caller_t *caller)
{
    int64_t most_us = view->lost_us > LEISURE_US ? view->lost_us : LEISURE_US;
    return caller->door != ADDRESS_SINK && !caller->let_in
           && view->now_us - caller->heard_us > most_us;
}

//  Lanes have a window, so they are excluded.
static bool s_is_deaf (const callers_view_t *view, const caller_t *caller)
{
    int64_t most_us = view->lost_us > LEISURE_US ? view->lost_us : LEISURE_US;
    return caller->door != CALLER_LANE && view->now_us - caller->acked_us > most_us;
}

//  The first connection at a lane may be a foreign one whose handshake will fail; then the worker's
//  becomes the first.
static bool s_must_hurry (const callers_view_t *view, const caller_t *caller)
{
    int64_t haste_us = caller->door == CALLER_LANE ? LEISURE_US : HASTE_US;
    return !caller->cut && !caller->let_in && view->now_us - caller->since_us > haste_us
           && (caller->door != ADDRESS_SINK || caller->heard_us == caller->since_us);
}

static int s_older (const void *a, const void *b)
{
    const caller_t *one = *(caller_t *const *) a, *other = *(caller_t *const *) b;
    return (one->since_us > other->since_us) - (one->since_us < other->since_us);
}

//  Idle sinks may belong to workers that have had no task, so only as many are closed as there are
//  more than such workers.
static size_t s_spare_sinks (const callers_view_t *view)
{
    size_t silent = 0, workers = 0;
    for (size_t i = 0; i < view->count; i++) {
        const caller_t *caller = view->callers [i];
        silent += caller->door == ADDRESS_SINK && caller->heard_us == caller->since_us;
        workers += caller->door == ADDRESS_BACK && caller->let_in;
    }
    return silent > workers ? silent - workers : 0;
}

static void s_make_room (const callers_view_t *view)
{
    size_t sinks = s_spare_sinks (view), count = 0;
    qsort (view->callers, view->count, sizeof *view->callers, s_older);
    for (size_t i = 0; i < view->count && count < view->surplus; i++) {
        caller_t *caller = view->callers [i];
        if (!s_must_hurry (view, caller) || (caller->door == ADDRESS_SINK && sinks == 0))
            continue;
        sinks -= caller->door == ADDRESS_SINK;
        caller->cut = "it has no session, and descriptors are short";
        count++;
    }
}

bool strangers_judge (const callers_view_t *view)
{
    for (size_t i = 0; i < view->count; i++) {
        caller_t *caller = view->callers [i];
        if (caller->cut)
            continue;
        if (s_is_idle (view, caller))
            caller->cut = "it says nothing and has no session";
        else if (s_is_deaf (view, caller))
            caller->cut = "it does not take what it is sent";
    }
    if (view->surplus)
        s_make_room (view);
    return view->surplus > 0;
}
