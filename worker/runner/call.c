//  call.c - runs a function for a task, and collects its result

#include "worker/runner/call_private.h"

#include "common/gather.h"
#include "common/memory_check.h"
#include "common/pack.h"
#include "common/rules.h"
#include "common/utf8.h"
#include "common/value.h"
#include "common/wire.h"
#include "worker/runner/call_fail.h"
#include "worker/runner/call_text.h"
#include "worker/shared/map_items.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CALL_VALUE_MAX ((size_t) 1 << 30)
#define CALL_TEXT_BYTES 4096u //  Limit of a progress text; longer ones are truncated
#define CALL_LOG_MAX (16u << 20)
#define CALL_PROGRESS_US 100000

cadre_task_t *call_new (const runner_host_t *host)
{
    cadre_task_t *self = calloc (1, sizeof *self);
    assert (self);
    self->host = host;
    return self;
}

static void s_call_forget (cadre_task_t *self)
{
    while (self->kept) {
        call_kept_t *kept = self->kept;
        self->kept = kept->next;
        cadre_value_destroy (&kept->value);
        free (kept);
    }
    self->kept_end = 0;
}

void call_destroy (cadre_task_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    s_call_forget (*self_p);
    buffer_free (&(*self_p)->message);
    buffer_free (&(*self_p)->trace);
    free (*self_p);
    *self_p = NULL;
}

//  ---- serving --------------------------------------------------------------------

static bool s_call_begin (cadre_task_t *self, view_t arguments)
{
    if (self->kept)
        s_call_forget (self);
    self->failed = self->failed_by_type = false;
    self->outcome = CADRE_OUTCOME_ERROR;
    self->code = 0;
    self->arguments = arguments;
    buffer_clear (&self->trace);
    self->first = cursor_of_view (arguments);
    self->count = 0;
    self->mark = self->end->value.size;
    bool array = cursor_array (&self->first, &self->count);
    self->next = self->first;
    self->next_index = 0;
    if (!array)
        call_fail_by_type (self, "%s takes a list of arguments, got something else",
                           self->function->name);
    return array && call_arguments_check_takes (self);
}

static const char *s_call_text (const buffer_t *buffer)
{
    return buffer->size ? (const char *) buffer->data : "";
}

//  Removes the value of this task or item.
static buffer_t *s_cut_value (cadre_task_t *self)
{
    buffer_t *value = &self->end->value;
    if (value->bulk)
        buffer_free (value);
    value->size = self->mark;
    return value;
}

//  A value that the worker would refuse becomes an error of this task or item.
static void s_check_value (cadre_task_t *self)
{
    const buffer_t *all = &self->end->value;
    fault_t fault = {0};
    if (self->failed || all->size == self->mark)
        return;
    view_t value = {.data = all->data + self->mark, .size = all->size - self->mark};
    if (!rules_check (value, &rules_value, &fault))
        call_fail_by_value (self, "value", &fault);
}

//  Runs the function once; its value follows the mark. False when it failed.
static bool s_call_run (cadre_task_t *self, view_t arguments)
{
    if (s_call_begin (self, arguments)) {
        cadre_error_t error = self->function->run (self);
        if (error != CADRE_OK && !self->failed)
            cadre_fail (self, "error", "%s returned error %s (%s) and gave no details",
                        self->function->name, cadre_error_name (error), cadre_error_text (error));
    }
    buffer_t *value = &self->end->value;
    if (!self->failed && value->size > CALL_VALUE_MAX)
        cadre_fail (self, "too-large",
                    "%s returned more than 1 GiB: return less, or write a file and return its name",
                    self->function->name);
    s_check_value (self);
    if (self->failed)
        s_cut_value (self);
    else if (value->size == self->mark)
        pack_nil (value);
    return !self->failed;
}

static void s_call_prepare (cadre_task_t *self, const cadre_function_t *function, void *state,
                            const runner_task_t *task, runner_end_t *end)
{
    self->function = function;
    self->state = state;
    self->task = task;
    self->end = end;
    self->progress_us = 0;
    self->logged_bytes = 0;
    runner_end_clear (end);
}

void call_serve (cadre_task_t *self, const cadre_function_t *function, void *state,
                 const runner_task_t *task, runner_end_t *end)
{
    s_call_prepare (self, function, state, task, end);
    if (s_call_run (self, task->payload))
        return;
    runner_end_fail (end, self->kind, s_call_text (&self->message), s_call_text (&self->trace));
    end->outcome = self->outcome;
    end->code = self->code;
}

//  Reserves a list header, whose length is set at the end.
static void s_open_list (buffer_t *value)
{
    static const uint8_t head [] = {0xdd, 0, 0, 0, 0}; //  msgpack: array 32
    pack_raw (value, head, sizeof head);
}

static void s_close_list (buffer_t *value, size_t start, size_t count)
{
    for (size_t i = 0; i < 4; i++)
        value->data [start + 1 + i] = (uint8_t) (count >> (24 - 8 * i));
}

//  Runs the function for one item, and appends its value or failure.
static void s_run_item (cadre_task_t *self, view_t arguments)
{
    if (s_call_run (self, arguments))
        return;
    value_codec_pack_failure (&self->end->value, self->kind, s_call_text (&self->message),
                              s_call_text (&self->trace));
    if (self->end->outcome == CADRE_OUTCOME_OK)
        runner_end_fail (self->end, self->kind, s_call_text (&self->message),
                         s_call_text (&self->trace));
}

//  Sets the time of an item, when items have a timeout.
static void s_begin_item (cadre_task_t *self, runner_task_t *item, item_values_t *item_values)
{
    if (!item_values || !item->timeout_ms)
        return;
    item->started_us = clock_now (self->host->clock);
    item_values_item (item_values, item->started_us);
}

//  Runs items until they are done, the task is cancelled, or their values no longer fit into the
//  shared memory. Returns how many were started.
static size_t s_run_lot (cadre_task_t *self, map_items_t *items, runner_task_t *item,
                         item_values_t *item_values)
{
    buffer_t *value = &self->end->value;
    for (size_t i = 0; i < items->count; i++, item->index++) {
        view_t arguments = {0};
        cursor_skip (&items->items, &arguments);
        s_begin_item (self, item, item_values);
        if (runner_cancelled (self->host, item)) {
            runner_end_failf (self->end, "cancelled", "cancelled after %zu of %zu items", i,
                              items->count);
            self->end->outcome = CADRE_OUTCOME_CANCELLED;
            return i;
        }
        size_t start = value->size;
        s_run_item (self, arguments);
        if (item_values
            && !item_values_add (item_values, (view_t){value->data + start, value->size - start}))
            return i + 1;
    }
    return items->count;
}

void call_serve_map (cadre_task_t *self, const cadre_function_t *function, void *state,
                     const runner_task_t *task, runner_end_t *end)
{
    map_items_t items;
    s_call_prepare (self, function, state, task, end);
    if (!map_items_of (&items, task->payload)) {
        runner_end_failf (end, "type", "the items for %s are not a list", function->name);
        return;
    }
    runner_task_t item = *task;
    item_values_t *item_values = items.told ? self->host->item_values : NULL;
    if (items.told) {
        item.index = items.first;
        item.attempt += items.tries;
    }
    if (item_values)
        item_values_begin (item_values, task->ticket);
    self->task = &item;
    s_open_list (&end->value);
    s_close_list (&end->value, 0, s_run_lot (self, &items, &item, item_values));
    if (end->outcome == CADRE_OUTCOME_CANCELLED && !items.told)
        buffer_clear (&end->value);
    self->task = task;
}

//  ---- results ----------------------------------------------------------------------

static buffer_t *s_value (cadre_task_t *self)
{
    buffer_t *value = s_cut_value (self);
    value->checked = true;
    value->failed = false;
    return value;
}

//  The same for what may be large: a value of its own is copied once, to where the worker finds it.
static buffer_t *s_value_apart (cadre_task_t *self, gather_t *gather)
{
    buffer_t *value = s_value (self);
    value->gather = self->mark == 0 ? gather : NULL;
    return value;
}

static void s_gathered (cadre_task_t *self, gather_t *gather)
{
    if (self->mark == 0)
        gather_take (gather, &self->end->value, WIRE_INLINE_MAX + 1);
}

//  Checks that the packed value found memory and fits into the message to the worker.
static cadre_error_t s_packed (cadre_task_t *self, size_t size_bytes)
{
    buffer_t *value = &self->end->value;
    if (!value->failed && (value->bulk || memory_check_for (2 * (value->size - self->mark))))
        return CADRE_OK;
    s_cut_value (self);
    value->failed = false;
    return cadre_fail (self, "memory",
                       "no memory for a result of %zu bytes: raise the limit (ulimit -v)",
                       size_bytes);
}

cadre_error_t cadre_return_nil (cadre_task_t *self)
{
    pack_nil (s_value (self));
    return CADRE_OK;
}

cadre_error_t cadre_return_int (cadre_task_t *self, int64_t value)
{
    pack_int (s_value (self), value);
    return CADRE_OK;
}

cadre_error_t cadre_return_uint (cadre_task_t *self, uint64_t value)
{
    pack_uint (s_value (self), value);
    return CADRE_OK;
}

cadre_error_t cadre_return_double (cadre_task_t *self, double value)
{
    pack_double (s_value (self), value);
    return CADRE_OK;
}

cadre_error_t cadre_return_bool (cadre_task_t *self, bool value)
{
    pack_bool (s_value (self), value);
    return CADRE_OK;
}

cadre_error_t cadre_return_text (cadre_task_t *self, const char *value)
{
    if (!value)
        return cadre_return_nil (self);
    gather_t gather = {0};
    pack_text (s_value_apart (self, &gather), value);
    s_gathered (self, &gather);
    return s_packed (self, strlen (value));
}

cadre_error_t cadre_return_blob (cadre_task_t *self, const void *bytes, size_t size_bytes)
{
    if (size_bytes > CALL_VALUE_MAX)
        return cadre_fail (self, "too-large", "%s returned %zu bytes, more than 1 GiB",
                           self->function->name, size_bytes);
    gather_t gather = {0};
    buffer_t *value = s_value_apart (self, &gather);
    pack_blob (value, bytes, size_bytes);
    s_gathered (self, &gather);
    return s_packed (self, size_bytes);
}

cadre_error_t cadre_return_value (cadre_task_t *self, cadre_value_t **value)
{
    gather_t gather = {0};
    value_codec_pack (s_value_apart (self, &gather), value ? *value : NULL);
    s_gathered (self, &gather);
    cadre_value_destroy (value);
    return s_packed (self, self->end->value.size - self->mark);
}

cadre_error_t call_return_raw (cadre_task_t *self, view_t value)
{
    gather_t gather = {0};
    gather_append (s_value_apart (self, &gather), value.data, value.size);
    s_gathered (self, &gather);
    return s_packed (self, value.size);
}

//  ---- while it runs ------------------------------------------------------------------

//  Waits for the window; false when the worker is gone, or the task was cancelled meanwhile: then
//  the output is dropped.
static bool s_call_output (cadre_task_t *self, unsigned stream, const void *bytes,
                           size_t size_bytes)
{
    const runner_host_t *host = self->host;
    while (host->room (host->context) < size_bytes) {
        host->flush (host->context);
        if (ticket_is_cancelled (host->page, self->task->ticket)
            || !host->listen (host->context, true))
            return false;
    }
    host->output (host->context, stream, bytes, size_bytes);
    host->flush (host->context);
    return true;
}

bool cadre_task_cancelled (const cadre_task_t *self)
{
    return runner_cancelled (self->host, self->task);
}

void cadre_task_progress (cadre_task_t *self, double fraction, const char *text)
{
    int64_t now_us = clock_now (self->host->clock);
    if (self->progress_us && now_us - self->progress_us < CALL_PROGRESS_US)
        return;
    self->progress_us = now_us;
    char line [CALL_TEXT_BYTES];
    view_copy (wire_view (text), line, sizeof line);
    utf8_repair (line, strlen (line));
    buffer_t bytes = {0};
    pack_array (&bytes, 2);
    pack_double (&bytes, fraction);
    pack_text (&bytes, line);
    s_call_output (self, CADRE_STREAM_PROGRESS, bytes.data, bytes.size);
    buffer_free (&bytes);
}

void cadre_task_log (cadre_task_t *self, const char *format, ...)
{
    buffer_t line = {0};
    va_list arguments;
    va_start (arguments, format);
    call_text_format (&line, RUNNER_TRACE_BYTES, format, arguments);
    va_end (arguments);
    if (self->logged_bytes + line.size <= CALL_LOG_MAX)
        s_call_output (self, CADRE_STREAM_LOG, line.data, line.size);
    self->logged_bytes += line.size;
    buffer_free (&line);
}

cadre_error_t cadre_task_emit (cadre_task_t *self, cadre_value_t **value)
{
    buffer_t bytes = {0};
    value_codec_pack (&bytes, value ? *value : NULL);
    cadre_value_destroy (value);
    cadre_error_t error = call_emit_raw (self, (view_t){.data = bytes.data, .size = bytes.size});
    buffer_free (&bytes);
    return error;
}

cadre_error_t call_emit_raw (cadre_task_t *self, view_t value)
{
    fault_t fault = {0};
    if (value.size > RUNNER_PIECE_BYTES)
        return CADRE_ERROR_TOO_LARGE;
    if (!rules_check (value, &rules_value, &fault)) {
        call_fail_by_value (self, "partial value", &fault);
        return CADRE_ERROR_TYPE;
    }
    return s_call_output (self, CADRE_STREAM_PARTIAL, value.data, value.size)
               ? CADRE_OK
               : CADRE_ERROR_CANCELLED;
}

const char *call_name (const cadre_task_t *self)
{
    return self->function->name;
}

const runner_task_t *call_task (const cadre_task_t *self)
{
    return self->task;
}

view_t call_of_arguments (const cadre_task_t *self)
{
    return self->arguments;
}

void call_set_outcome (cadre_task_t *self, cadre_outcome_t outcome, int code)
{
    self->outcome = outcome;
    self->code = code;
}

unsigned cadre_task_attempt (const cadre_task_t *self)
{
    return self->task->attempt;
}

uint64_t cadre_task_job (const cadre_task_t *self)
{
    return self->task->job;
}

uint32_t cadre_task_index (const cadre_task_t *self)
{
    return self->task->index;
}

unsigned cadre_task_slot (const cadre_task_t *self)
{
    return self->host->slot;
}

void *cadre_task_state (const cadre_task_t *self)
{
    return self->state;
}

const char *cadre_task_broker (const cadre_task_t *self)
{
    return self->host->broker ? self->host->broker : "";
}
