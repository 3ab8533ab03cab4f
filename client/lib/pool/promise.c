//  promise.c - creates and completes futures

#include "client/lib/pool/promise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define OUTPUT_MAX (16u * 1024u * 1024u)

cadre_future_t *promise_new (cadre_t *pool, bool command)
{
    cadre_future_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->pool = pool_hold (pool);
    self->command = command;
    return self;
}

void promise_due (cadre_future_t *self)
{
    self->queued = true;
    DL_APPEND2 (self->pool->due, self, previous_due, next_due);
}

bool promise_is_done (const cadre_future_t *self)
{
    return atomic_load_explicit (&self->done, memory_order_acquire);
}

bool promise_is_ok (const cadre_future_t *self)
{
    return !self->error && self->result.outcome == CADRE_OUTCOME_OK;
}

//  The last step: a thread that sees done may read everything, or destroy the future.
static void s_promise_finish (cadre_future_t *self)
{
    self->job = NULL;
    self->order = ++self->pool->last_order;
    if (self->tally) {
        self->tally->ended++;
        self->tally->failed += !promise_is_ok (self);
    }
    if (self->watchers)
        promise_due (self);
    pool_news (self->pool);
    atomic_store_explicit (&self->done, true, memory_order_release);
}

void promise_end (cadre_future_t *self, result_t *result)
{
    self->result = *result;
    s_promise_finish (self);
}

void promise_fail (cadre_future_t *self, const fault_t *why)
{
    self->error = why->code;
    free (self->text);
    self->text = strdup (why->text);
    s_promise_finish (self);
}

//  ---- output of a task ----------------------------------------------------------

static void s_promise_gather (buffer_t *self, view_t bytes)
{
    size_t room = self->size < OUTPUT_MAX ? OUTPUT_MAX - self->size : 0;
    buffer_append (self, bytes.data, bytes.size < room ? bytes.size : room);
}

static void s_progress (written_t *self, view_t bytes)
{
    size_t count;
    double fraction;
    cursor_t cursor = cursor_of_view (bytes);
    if (cursor_array (&cursor, &count) && count > 0 && cursor_double (&cursor, &fraction)
        && fraction >= 0 && fraction <= 1)
        atomic_store (&self->progress, fraction);
}

//  A new run emits again what was already returned.
static void s_partial (written_t *self, view_t bytes)
{
    cursor_t cursor = cursor_of_view (bytes);
    view_t whole;
    if (!cursor_skip (&cursor, &whole) || !cursor_done (&cursor))
        return;
    if (self->again >= whole.size) {
        self->again -= whole.size;
        return;
    }
    self->emitted += whole.size;
    buffer_append (&self->partials, whole.data, whole.size);
}

void promise_output (cadre_future_t *self, const wire_output_t *output, bool anew)
{
    if (!self->written) {
        self->written = calloc (1, sizeof *self->written);
        assert (self->written);
    }
    written_t *written = self->written;
    if (anew)
        written->again = written->emitted;
    if (anew || output->attempt > written->attempt) {
        written->attempt = output->attempt;
        buffer_clear (&written->output);
        buffer_clear (&written->errors);
    }
    switch (output->stream) {
    case WIRE_STREAM_STDOUT: s_promise_gather (&written->output, output->bytes); return;
    case WIRE_STREAM_STDERR: s_promise_gather (&written->errors, output->bytes); return;
    case WIRE_STREAM_PROGRESS: s_progress (written, output->bytes); break;
    case WIRE_STREAM_PARTIAL: s_partial (written, output->bytes); break;
    default: return;
    }
    pool_news (self->pool);
}

//  ---- completion ---------------------------------------------------------------------

static void s_written_destroy (written_t *self)
{
    if (!self)
        return;
    buffer_free (&self->output);
    buffer_free (&self->errors);
    buffer_free (&self->partials);
    free (self);
}

void promise_destroy (cadre_future_t **self_p)
{
    cadre_future_t *self = *self_p;
    *self_p = NULL;
    result_free (&self->result);
    cadre_value_destroy (&self->value);
    s_written_destroy (self->written);
    free (self->text);
    pool_release (&self->pool);
    free (self);
}
