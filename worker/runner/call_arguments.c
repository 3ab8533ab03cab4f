//  call_arguments.c - checks and decodes arguments of a call in place

#include "worker/runner/call_private.h"

#include "common/value.h"
#include "worker/runner/call_fail.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  ---- what the function takes --------------------------------------------------------

static const char *s_wanted (char letter)
{
    switch (letter) {
    case 'i': return "an integer";
    case 'u': return "an integer that is not negative";
    case 'd': return "a number";
    case 'b': return "a bool";
    case 's':
    case 'S': return "a text";
    case 'B': return "a blob";
    case 'n': return "nil";
    case 'v': return "a value";
    default: return NULL;
    }
}

const char *call_arguments_bad_takes (const char *takes)
{
    for (const char *at = takes; at && *at; at++)
        if (!s_wanted (*at) && !strchr (" ,", *at) && !(*at == '*' && at [1] == 0))
            return at;
    return NULL;
}

//  Reads an argument of that type; otherwise the cursor is invalid.
static bool s_call_arguments_pass (char letter, cursor_t *at)
{
    int64_t below;
    uint64_t above;
    double real;
    bool flag;
    view_t view;
    switch (letter) {
    case 'i': return cursor_int (at, &below);
    case 'u': return cursor_uint (at, &above);
    case 'd': return cursor_double (at, &real);
    case 'b': return cursor_bool (at, &flag);
    case 's':
    case 'S': return cursor_text (at, &view);
    case 'B': return cursor_bytes (at, &view);
    case 'n': return cursor_nil (at);
    default: return cursor_skip (at, &view);
    }
}

//  Describes an argument: an integer out of range by its value, others by their type.
static void s_got (cursor_t at, char *text, size_t size)
{
    int64_t below = 0;
    uint64_t above = 0;
    cursor_t copy = at;
    cadre_type_t type = CADRE_TYPE_NIL;
    if (cursor_peek (&at) == CURSOR_INT && cursor_uint (&copy, &above))
        snprintf (text, size, "%" PRIu64, above);
    else if (cursor_peek (&at) == CURSOR_INT && cursor_int (&at, &below))
        snprintf (text, size, "%" PRId64, below);
    else
        snprintf (text, size, "%s",
                  value_codec_peek (&at, &type) ? cadre_type_name (type) : "nothing");
}

static void s_fail_argument (cadre_task_t *self, size_t index, char letter, cursor_t at)
{
    char got [32];
    s_got (at, got, sizeof got);
    bool large = letter == 'i' && cursor_peek (&at) == CURSOR_INT;
    call_fail_by_type (self, "%s takes %s%s as argument %zu, got %s", self->function->name,
                       s_wanted (letter), large ? " up to 9223372036854775807" : "", index + 1,
                       got);
}

static void s_fail_count (cadre_task_t *self, const char *takes)
{
    call_fail_by_type (self, "%s takes (%s), got %zu argument%s", self->function->name, takes,
                       self->count, self->count == 1 ? "" : "s");
}

bool call_arguments_check_takes (cadre_task_t *self)
{
    const char *takes = self->function->takes;
    if (!takes)
        return true;
    cursor_t at = self->first;
    size_t index = 0;
    for (const char *letter = takes; *letter && *letter != '*'; letter++) {
        if (*letter == ' ' || *letter == ',')
            continue;
        if (index == self->count) {
            s_fail_count (self, takes);
            return false;
        }
        cursor_t before = at;
        if (!s_call_arguments_pass (*letter, &at)) {
            s_fail_argument (self, index, *letter, before);
            return false;
        }
        index++;
    }
    size_t length = strlen (takes);
    if (index < self->count && (length == 0 || takes [length - 1] != '*'))
        s_fail_count (self, takes);
    return !self->failed;
}

//  ---- accessors --------------------------------------------------------------------------

//  A cursor before that argument; NULL: the call has failed.
static cursor_t *s_argument (cadre_task_t *self, size_t index, char letter)
{
    if (index == self->next_index && index < self->count)
        return &self->next;
    if (index >= self->count) {
        call_fail_by_type (self, "%s takes %s as argument %zu, got %zu argument%s",
                           self->function->name, s_wanted (letter), index + 1, self->count,
                           self->count == 1 ? "" : "s");
        return NULL;
    }
    if (index < self->next_index) {
        self->next = self->first;
        self->next_index = 0;
    }
    for (; self->next_index < index; self->next_index++)
        cursor_skip (&self->next, NULL);
    return &self->next;
}

//  Advances over the argument that was read; if it had another type, next stays and the call fails.
static bool s_accept (cadre_task_t *self, cursor_t at, char letter)
{
    if (at.failed) {
        s_fail_argument (self, self->next_index, letter, self->next);
        return false;
    }
    self->next = at;
    self->next_index++;
    return true;
}

size_t cadre_arg_count (const cadre_task_t *self)
{
    return self->count;
}

int64_t cadre_arg_int (cadre_task_t *self, size_t index)
{
    int64_t value = 0;
    cursor_t *next = s_argument (self, index, 'i');
    if (!next)
        return value;
    cursor_t at = *next;
    cursor_int (&at, &value);
    return s_accept (self, at, 'i') ? value : 0;
}

uint64_t cadre_arg_uint (cadre_task_t *self, size_t index)
{
    uint64_t value = 0;
    cursor_t *next = s_argument (self, index, 'u');
    if (!next)
        return value;
    cursor_t at = *next;
    cursor_uint (&at, &value);
    return s_accept (self, at, 'u') ? value : 0;
}

double cadre_arg_double (cadre_task_t *self, size_t index)
{
    double value = 0;
    cursor_t *next = s_argument (self, index, 'd');
    if (!next)
        return value;
    cursor_t at = *next;
    cursor_double (&at, &value);
    return s_accept (self, at, 'd') ? value : 0;
}

bool cadre_arg_bool (cadre_task_t *self, size_t index)
{
    bool value = false;
    cursor_t *next = s_argument (self, index, 'b');
    if (!next)
        return value;
    cursor_t at = *next;
    cursor_bool (&at, &value);
    return s_accept (self, at, 'b') ? value : false;
}

static call_kept_t *s_find_kept (const cadre_task_t *self, size_t index, bool value)
{
    if (index >= self->kept_end)
        return NULL;
    for (call_kept_t *kept = self->kept; kept; kept = kept->next)
        if (kept->index == index && (kept->value != NULL) == value)
            return kept;
    return NULL;
}

static call_kept_t *s_call_arguments_keep (cadre_task_t *self, size_t index, size_t size_bytes)
{
    call_kept_t *kept = malloc (sizeof *kept + size_bytes);
    assert (kept);
    *kept = (call_kept_t){.next = self->kept, .index = index};
    self->kept = kept;
    if (index >= self->kept_end)
        self->kept_end = index + 1;
    return kept;
}

const char *cadre_arg_text (cadre_task_t *self, size_t index)
{
    call_kept_t *kept = s_find_kept (self, index, false);
    if (kept)
        return kept->text;
    cursor_t *next = s_argument (self, index, 's');
    if (!next)
        return "";
    cursor_t at = *next;
    view_t view = {0};
    cursor_text (&at, &view);
    if (!s_accept (self, at, 's'))
        return "";
    kept = s_call_arguments_keep (self, index, view.size + 1);
    view_copy (view, kept->text, view.size + 1);
    return kept->text;
}

const void *cadre_arg_blob (cadre_task_t *self, size_t index, size_t *size_bytes)
{
    view_t view = {0};
    cursor_t *next = s_argument (self, index, 'B');
    if (next) {
        cursor_t at = *next;
        cursor_bytes (&at, &view);
        if (!s_accept (self, at, 'B'))
            view = (view_t){0};
    }
    if (size_bytes)
        *size_bytes = view.size;
    return view.data;
}

const cadre_value_t *cadre_arg_value (cadre_task_t *self, size_t index)
{
    call_kept_t *kept = s_find_kept (self, index, true);
    if (kept)
        return kept->value;
    cursor_t *next = s_argument (self, index, 'v');
    if (!next)
        return NULL;
    view_t view = {0};
    cursor_t at = *next;
    cursor_skip (&at, &view);
    cadre_value_t *value = cadre_value_decode (view.data, view.size);
    if (!value) {
        call_fail_by_type (
            self,
            "%s takes a value as argument %zu, got one that nests deeper than %d, has a key that is neither text "
            "nor integer, or is of an unknown type",
            self->function->name, index + 1, RULES_DEPTH_MAX);
        return NULL;
    }
    s_accept (self, at, 'v');
    s_call_arguments_keep (self, index, 0)->value = value;
    return value;
}
