//  result.c - the result of a task, as the library keeps it

#include "client/lib/session/result.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory_check.h"
#include "common/pack.h"
#include "common/rules.h"

int64_t result_clip (uint64_t number)
{
    return number > INT64_MAX ? INT64_MAX : (int64_t) number;
}

static view_t s_result_text (view_t map, const char *key)
{
    view_t text = {NULL, 0};
    cursor_t cursor = cursor_find (map, key);
    if (!cursor_text (&cursor, &text))
        return (view_t){NULL, 0};
    return text;
}

static int64_t s_result_number (view_t map, const char *key)
{
    uint64_t number = 0;
    cursor_t cursor = cursor_find (map, key);
    return cursor_uint (&cursor, &number) ? result_clip (number) : 0;
}

static const char *s_result_put (char **at, view_t text)
{
    char *start = *at;
    if (text.size)
        memcpy (start, text.data, text.size);
    start [text.size] = 0;
    *at += text.size + 1;
    return start;
}

//  One allocation: the struct, then its texts.
static detail_t *s_detail (view_t map)
{
    cursor_t cursor = cursor_of_view (map);
    if (map.size == 0 || cursor_peek (&cursor) != CURSOR_MAP)
        return NULL;
    view_t kind = s_result_text (map, "kind"), message = s_result_text (map, "message");
    view_t trace = s_result_text (map, "trace"), worker = s_result_text (map, "worker");
    detail_t *self =
        malloc (sizeof *self + kind.size + message.size + trace.size + worker.size + 4);
    assert (self);
    char *at = (char *) (self + 1);
    self->kind = s_result_put (&at, kind);
    self->message = s_result_put (&at, message);
    self->trace = s_result_put (&at, trace);
    self->worker = s_result_put (&at, worker);
    self->user_us = s_result_number (map, "user_us");
    self->system_us = s_result_number (map, "system_us");
    self->max_rss_bytes = s_result_number (map, "max_rss_bytes");
    return self;
}

//  The task succeeded, but its value could not be allocated.
static bool s_no_memory (result_t *self)
{
    buffer_t detail = {0};
    fault_t fault = {0};
    memory_check_lacks (self->size, "the result", &fault);
    pack_map (&detail, 2);
    pack_text (&detail, "kind");
    pack_text (&detail, "memory");
    pack_text (&detail, "message");
    pack_text (&detail, fault.text);
    self->size = 0;
    self->outcome = CADRE_OUTCOME_ERROR;
    self->detail = s_detail (wire_view_of (&detail));
    buffer_free (&detail);
    return true;
}

//  A value that breaks the rules becomes an error, and is never read as nil.
static void s_refuse_value (result_t *self, const fault_t *fault)
{
    buffer_t detail = {0};
    char message [FAULT_TEXT_BYTES + 64];
    if (self->outcome != CADRE_OUTCOME_OK)
        return;
    self->outcome = CADRE_OUTCOME_ERROR;
    snprintf (message, sizeof message, "the task's value is invalid: %s", fault->text);
    pack_map (&detail, 2);
    pack_text (&detail, "kind");
    pack_text (&detail, "value");
    pack_text (&detail, "message");
    pack_text (&detail, message);
    free (self->detail);
    self->detail = s_detail (wire_view_of (&detail));
    buffer_free (&detail);
}

static bool s_result_begin (result_t *self, const wire_result_t *record, size_t size_bytes)
{
    if (record->outcome == 0 || record->outcome >= CADRE_OUTCOMES_COUNT)
        return false;
    *self = (result_t){
        .size = size_bytes,
        .run_us = result_clip (record->run_us),
        .code = record->code < INT_MIN || record->code > INT_MAX ? -1 : (int) record->code,
        .attempts =
            record->attempt > WIRE_ATTEMPTS_MAX ? WIRE_ATTEMPTS_MAX : (uint16_t) record->attempt,
        .outcome = (uint8_t) record->outcome};
    return true;
}

bool result_lacking (result_t *self, const wire_result_t *record, uint64_t size_bytes)
{
    return s_result_begin (self, record, (size_t) size_bytes) && s_no_memory (self);
}

//  Puts the value where it is kept. False when there is no memory for it.
static bool s_keep (result_t *self, view_t value, buffer_t *whole)
{
    uint8_t *target = self->small;
    if (whole && value.size > sizeof self->small) {
        buffer_freeze (whole);
        self->whole = bulk_hold (whole->bulk);
        self->large = whole->data;
        return true;
    }
    if (value.size > sizeof self->small) {
        self->large = memory_check_for (value.size) ? malloc (value.size) : NULL;
        if (!self->large)
            return false;
        target = self->large;
    }
    if (value.size)
        memcpy (target, value.data, value.size);
    return true;
}

static bool s_of (result_t *self, const wire_result_t *record, view_t value, buffer_t *whole)
{
    fault_t fault;
    bool sound = rules_check (value, &rules_items, &fault);
    if (!sound)
        value = (view_t){0};
    if (!s_result_begin (self, record, value.size))
        return false;
    if (!s_keep (self, value, whole))
        return s_no_memory (self);
    self->detail = s_detail (record->detail);
    if (!sound)
        s_refuse_value (self, &fault);
    return true;
}

bool result_of (result_t *self, const wire_result_t *record, view_t value)
{
    return s_of (self, record, value, NULL);
}

bool result_of_whole (result_t *self, const wire_result_t *record, buffer_t *whole)
{
    return s_of (self, record, wire_view_of (whole), whole);
}

void result_free (result_t *self)
{
    if (self->whole)
        bulk_release (&self->whole);
    else if (self->size > sizeof self->small)
        free (self->large);
    free (self->detail);
    self->size = 0;
    self->detail = NULL;
}

view_t result_value (const result_t *self)
{
    return (view_t){.data = self->size > sizeof self->small ? self->large : self->small,
                    .size = self->size};
}

const detail_t *result_detail (const result_t *self)
{
    static const detail_t none = {.kind = "", .message = "", .trace = "", .worker = ""};
    return self->detail ? self->detail : &none;
}
