//  waits.c - functions that are called when a batch of the log is durable

#include "broker/journal/waits.h"

#include <assert.h>
#include <stdlib.h>

wait_t *waits_add (waits_t *self, uint64_t batch, bool gathered, wait_fn *done)
{
    wait_t *wait = calloc (1, sizeof *wait);
    assert (wait);
    wait->done = done;
    wait->batch = batch;
    if (self->last)
        self->last->next = wait;
    else
        self->first = wait;
    self->last = wait;
    if (!self->gathered && gathered)
        self->gathered = wait;
    return wait;
}

void waits_place (waits_t *self, uint64_t seq)
{
    for (; self->gathered; self->gathered = self->gathered->next)
        self->gathered->location.seq = seq;
}

static wait_t *s_waits_take (waits_t *self)
{
    wait_t *wait = self->first;
    self->first = wait->next;
    if (!self->first)
        self->last = NULL;
    if (self->gathered == wait)
        self->gathered = wait->next;
    return wait;
}

static void s_waits_free (wait_t *wait)
{
    buffer_free (&wait->bytes);
    buffer_free (&wait->large);
    free (wait);
}

void waits_carry_out (waits_t *self, uint64_t durable, context_t *ctx)
{
    while (self->first && self->first->batch <= durable) {
        wait_t *wait = s_waits_take (self);
        wait->done (ctx, wait);
        s_waits_free (wait);
    }
}

void waits_drop (waits_t *self)
{
    while (self->first)
        s_waits_free (s_waits_take (self));
}
