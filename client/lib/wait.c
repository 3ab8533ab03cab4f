/*  wait.c - cadre_wait: waits for many futures
 *
 *  A tally on the stack of the waiting thread is registered with each future that it waits for, and
 *  counts completions. So a check after each frame costs the same for two futures as for a hundred
 *  thousand.
 */

#include <stdio.h>

#include "client/lib/pool/promise.h"

typedef struct wait {
    cadre_future_t *const *futures; //  Some may be NULL
    size_t count;                   //  Length of the array
    size_t given;                   //  Number of futures in it
    cadre_t *pool;                  //  The pool of the futures
    cadre_wait_for_t which;         //  The condition
    tally_t tally;                  //  Completions so far
} wait_t;

static cadre_error_t s_foreign (const wait_t *self)
{
    return message_say_text (
        self->pool, CADRE_ERROR_ARGUMENT,
        "the futures are of several pools: wait for those of one pool at a time");
}

//  CADRE_ERROR_END when there is nothing to wait for.
static cadre_error_t s_wait_begin (wait_t *self)
{
    if (!self->futures && self->count)
        return CADRE_ERROR_ARGUMENT;
    for (size_t i = 0; i < self->count; i++) {
        if (!self->futures [i])
            continue;
        self->given++;
        if (!self->pool)
            self->pool = self->futures [i]->pool;
        else if (self->pool != self->futures [i]->pool)
            return s_foreign (self);
    }
    if (!self->pool)
        return CADRE_ERROR_END;
    return pool_forked (self->pool) ? CADRE_ERROR_FORKED : CADRE_OK;
}

static bool s_is_met (void *argument)
{
    const wait_t *self = argument;
    switch (self->which) {
    case CADRE_WAIT_ANY: return self->tally.ended > 0;
    case CADRE_WAIT_ERROR:
        if (self->tally.failed)
            return true;
        break;
    case CADRE_WAIT_ALL: break;
    }
    return self->tally.ended == self->given;
}

//  Counts futures that are done already; the others are counted when they end.
static void s_wait_count (wait_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        cadre_future_t *future = self->futures [i];
        if (!future)
            continue;
        if (!promise_is_done (future))
            future->tally = &self->tally;
        else {
            self->tally.ended++;
            self->tally.failed += !promise_is_ok (future);
        }
    }
}

static void s_wait_part (wait_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->futures [i])
            self->futures [i]->tally = NULL;
}

static void s_wait_late (wait_t *self, int timeout_ms, fault_t *fault)
{
    char why [400];
    pool_explain (self->pool, "", why, sizeof why);
    fault_set (fault, CADRE_ERROR_TIMEOUT, "%zu of %zu tasks have not ended after %d ms%s%s",
               self->given - self->tally.ended, self->given, timeout_ms, *why ? ": " : "", why);
}

static cadre_error_t s_wait_for (wait_t *self, int timeout_ms)
{
    fault_t fault = {0};
    pool_lock (self->pool);
    s_wait_count (self);
    if (!connection_wait (self->pool->connection, connection_deadline (timeout_ms), s_is_met, self))
        s_wait_late (self, timeout_ms, &fault);
    s_wait_part (self);
    pool_unlock (self->pool);
    return fault.code ? message_say (self->pool, &fault) : CADRE_OK;
}

//  Index of the future that ended, or failed, first; count: none.
static size_t s_first (const wait_t *self, bool failed)
{
    size_t first = self->count;
    for (size_t i = 0; i < self->count; i++) {
        const cadre_future_t *future = self->futures [i];
        if (!future || !promise_is_done (future) || (failed && promise_is_ok (future)))
            continue;
        if (first == self->count || future->order < self->futures [first]->order)
            first = i;
    }
    return first;
}

static cadre_error_t s_failed (const wait_t *self)
{
    size_t first = s_first (self, true);
    return message_say_text (self->pool, CADRE_ERROR_TASK,
                             "%zu of %zu tasks failed, number %zu first: %s", self->tally.failed,
                             self->given, first, cadre_future_message (self->futures [first]));
}

cadre_error_t cadre_wait (cadre_future_t *const *futures, size_t count, cadre_wait_for_t which,
                          int timeout_ms)
{
    wait_t self = {.futures = futures, .count = count, .which = which};
    cadre_error_t error = s_wait_begin (&self);
    if (!error)
        error = s_wait_for (&self, timeout_ms);
    if (error || which == CADRE_WAIT_ANY || !self.tally.failed)
        return error;
    return s_failed (&self);
}

cadre_error_t cadre_wait_next (cadre_future_t *const *futures, size_t count, size_t *index,
                               int timeout_ms)
{
    wait_t self = {.futures = futures, .count = count, .which = CADRE_WAIT_ANY};
    cadre_error_t error = s_wait_begin (&self);
    if (!error)
        error = s_wait_for (&self, timeout_ms);
    if (!error && index)
        *index = s_first (&self, false);
    return error;
}
