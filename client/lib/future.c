//  future.c - futures: waiting, and reading results

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/implicit.h"
#include "client/lib/pool/callbacks.h"
#include "client/lib/pool/promise.h"
#include "common/value.h"

//  ---- waiting -----------------------------------------------------------------------

static bool s_is_done (void *argument)
{
    return promise_is_done (argument);
}

//  The outcome as a fault: "error (range): 7 is too large".
static cadre_error_t s_fault (cadre_future_t *self, fault_t *fault)
{
    if (self->error)
        return fault_set (fault, self->error, "%s", self->text ? self->text : "");
    if (self->result.outcome == CADRE_OUTCOME_OK)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_TASK, "%s", cadre_future_message (self));
}

static cadre_error_t s_future_late (cadre_future_t *self, int timeout_ms)
{
    char why [400];
    pool_lock (self->pool);
    pool_explain (self->pool, self->job ? implicit_notice (self->job) : "", why, sizeof why);
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_TIMEOUT, "the task has not ended after %d ms%s%s", timeout_ms,
               *why ? ": " : "", why);
    if (!promise_is_done (self)) {
        free (self->text);
        self->text = strdup (fault.text);
    }
    pool_unlock (self->pool);
    return message_say (self->pool, &fault);
}

cadre_error_t cadre_future_wait (cadre_future_t *self, int timeout_ms)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    if (!promise_is_done (self)) {
        pool_lock (self->pool);
        bool done = connection_wait (self->pool->connection, connection_deadline (timeout_ms),
                                     s_is_done, self);
        pool_unlock (self->pool);
        if (!done)
            return s_future_late (self, timeout_ms);
    }
    if (promise_is_ok (self))
        return CADRE_OK;
    fault_t fault = {0};
    s_fault (self, &fault);
    return message_say (self->pool, &fault);
}

bool cadre_future_done (cadre_future_t *self)
{
    if (!self || pool_forked (self->pool))
        return false;
    if (promise_is_done (self))
        return true;
    pool_lock (self->pool);
    connection_wait (self->pool->connection, 0, s_is_done, self);
    pool_unlock (self->pool);
    return promise_is_done (self);
}

cadre_state_t cadre_future_state (cadre_future_t *self)
{
    if (!self || pool_forked (self->pool))
        return CADRE_STATE_LOST;
    if (!cadre_future_done (self))
        return CADRE_STATE_PENDING;
    if (self->error)
        return CADRE_STATE_LOST;
    if (self->result.outcome == CADRE_OUTCOME_CANCELLED)
        return CADRE_STATE_CANCELLED;
    return promise_is_ok (self) ? CADRE_STATE_OK : CADRE_STATE_FAILED;
}

static cadre_error_t s_wrong_type (cadre_future_t *self, const char *wanted)
{
    return message_say_text (
        self->pool, CADRE_ERROR_TYPE,
        "the task returned %s where %s is wanted: read it with cadre_future_value",
        cadre_type_name (cadre_value_type (cadre_future_value (self))), wanted);
}

cadre_error_t cadre_future_wait_int (cadre_future_t *self, int64_t *value, int timeout_ms)
{
    cadre_error_t error = cadre_future_wait (self, timeout_ms);
    if (error)
        return error;
    cursor_t cursor = cursor_of_view (result_value (&self->result));
    int64_t number;
    if (self->command || !cursor_int (&cursor, &number))
        return s_wrong_type (self, "a signed 64-bit integer");
    if (value)
        *value = number;
    return CADRE_OK;
}

cadre_error_t cadre_future_wait_double (cadre_future_t *self, double *value, int timeout_ms)
{
    cadre_error_t error = cadre_future_wait (self, timeout_ms);
    if (error)
        return error;
    cursor_t cursor = cursor_of_view (result_value (&self->result));
    double number;
    if (self->command || !cursor_double (&cursor, &number))
        return s_wrong_type (self, "a number");
    if (value)
        *value = number;
    return CADRE_OK;
}

cadre_error_t cadre_future_wait_text (cadre_future_t *self, const char **value, int timeout_ms)
{
    cadre_error_t error = cadre_future_wait (self, timeout_ms);
    if (error)
        return error;
    const cadre_value_t *found = cadre_future_value (self);
    if (cadre_value_type (found) != CADRE_TYPE_TEXT)
        return s_wrong_type (self, "a text");
    if (value)
        *value = cadre_value_text (found);
    return CADRE_OK;
}

//  ---- reading, once it is done ----------------------------------------------------------

static cadre_future_t *s_future_ended (cadre_future_t *self)
{
    return self && !pool_forked (self->pool) && promise_is_done (self) && !self->error ? self
                                                                                       : NULL;
}

static cadre_value_t *s_command_value (const written_t *written)
{
    static const written_t nothing;
    if (!written)
        written = &nothing;
    cadre_value_t *map = cadre_value_map ();
    cadre_value_t *output = cadre_value_of_blob (written->output.data, written->output.size);
    cadre_value_t *errors = cadre_value_of_blob (written->errors.data, written->errors.size);
    cadre_value_set (map, "stdout", &output);
    cadre_value_set (map, "stderr", &errors);
    return map;
}

const cadre_value_t *cadre_future_value (cadre_future_t *self)
{
    if (!s_future_ended (self) || (!self->command && self->result.outcome != CADRE_OUTCOME_OK))
        return NULL;
    if (!self->value) {
        view_t bytes = result_value (&self->result);
        self->value = self->command ? s_command_value (self->written)
                                    : cadre_value_decode (bytes.data, bytes.size);
    }
    return self->value;
}

cadre_outcome_t cadre_future_outcome (cadre_future_t *self)
{
    return s_future_ended (self) ? (cadre_outcome_t) self->result.outcome : CADRE_OUTCOME_NONE;
}

int cadre_future_code (cadre_future_t *self)
{
    return s_future_ended (self) ? self->result.code : 0;
}

const char *cadre_future_kind (cadre_future_t *self)
{
    return s_future_ended (self) ? result_detail (&self->result)->kind : "";
}

static const char *s_outcome_message (cadre_future_t *self)
{
    char text [64];
    if (self->result.outcome == CADRE_OUTCOME_EXIT)
        snprintf (text, sizeof text, "exit code %d", self->result.code);
    else if (self->result.outcome == CADRE_OUTCOME_SIGNAL)
        snprintf (text, sizeof text, "ended by signal %d", self->result.code);
    else
        snprintf (text, sizeof text, "%s",
                  cadre_outcome_text ((cadre_outcome_t) self->result.outcome));
    free (self->text);
    self->text = strdup (text);
    return self->text ? self->text : "";
}

const char *cadre_future_message (cadre_future_t *self)
{
    if (!self || pool_forked (self->pool))
        return "";
    if (!s_future_ended (self))
        return self->text ? self->text : "";
    const char *message = result_detail (&self->result)->message;
    if (*message || self->result.outcome == CADRE_OUTCOME_OK)
        return message;
    return s_outcome_message (self);
}

const char *cadre_future_trace (cadre_future_t *self)
{
    return s_future_ended (self) ? result_detail (&self->result)->trace : "";
}

const char *cadre_future_worker (cadre_future_t *self)
{
    return s_future_ended (self) ? result_detail (&self->result)->worker : "";
}

unsigned cadre_future_attempts (cadre_future_t *self)
{
    return s_future_ended (self) ? self->result.attempts : 0;
}

int64_t cadre_future_run_us (cadre_future_t *self)
{
    return s_future_ended (self) ? self->result.run_us : 0;
}

double cadre_future_progress (cadre_future_t *self)
{
    if (!self || pool_forked (self->pool))
        return 0;
    if (s_future_ended (self) && self->result.outcome == CADRE_OUTCOME_OK)
        return 1;
    pool_lock (self->pool);
    double progress = self->written ? atomic_load (&self->written->progress) : 0;
    pool_unlock (self->pool);
    return progress;
}

static bool s_has_partial (void *argument)
{
    cadre_future_t *self = argument;
    return promise_is_done (self)
           || (self->written && self->written->taken < self->written->partials.size);
}

//  Takes the oldest partial value; with the lock held.
static cadre_value_t *s_take_partial (cadre_future_t *self)
{
    written_t *written = self->written;
    if (!written || written->taken >= written->partials.size)
        return NULL;
    cursor_t cursor = cursor_of (written->partials.data + written->taken,
                                 written->partials.size - written->taken);
    view_t whole = {NULL, 0};
    cursor_skip (&cursor, &whole);
    cadre_value_t *value = cadre_value_decode (whole.data, whole.size);
    written->taken += whole.size;
    if (written->taken == written->partials.size) {
        buffer_clear (&written->partials);
        written->taken = 0;
    }
    return value ? value : cadre_value_nil ();
}

cadre_error_t cadre_future_next (cadre_future_t *self, cadre_value_t **value, int timeout_ms)
{
    if (!self || !value)
        return CADRE_ERROR_ARGUMENT;
    *value = NULL;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    pool_lock (self->pool);
    bool any = connection_wait (self->pool->connection, connection_deadline (timeout_ms),
                                s_has_partial, self);
    *value = s_take_partial (self);
    pool_unlock (self->pool);
    if (*value)
        return CADRE_OK;
    return any ? CADRE_ERROR_END : s_future_late (self, timeout_ms);
}

cadre_error_t cadre_future_on_done (cadre_future_t *self, cadre_done_fn *callback, void *argument)
{
    if (!self || !callback)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    fault_t fault = {0};
    pool_lock (self->pool);
    callbacks_watch (self, callback, argument, &fault);
    pool_unlock (self->pool);
    return fault.code ? message_say (self->pool, &fault) : CADRE_OK;
}

cadre_error_t cadre_future_cancel (cadre_future_t *self)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    pool_lock (self->pool);
    if (self->job) {
        implicit_cancel (self->job, self->index);
        connection_flush (self->pool->connection);
    }
    pool_unlock (self->pool);
    return CADRE_OK;
}

void cadre_future_destroy (cadre_future_t **self_p)
{
    cadre_future_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    if (pool_forked (self->pool))
        return;
    if (!promise_is_done (self) || self->watched) {
        pool_lock (self->pool);
        if (self->job)
            implicit_forget (self->job, self->index);
        callbacks_forget (self);
        pool_unlock (self->pool);
    }
    promise_destroy (&self);
}
