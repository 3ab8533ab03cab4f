//  call_arguments.c - arguments of a call, checked and decoded in place

#include "worker/call_self.h"

#include "common/value.h"

#include <assert.h>
#include <inttypes.h>
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

const char *call_bad_takes (const char *takes)
{
    for (const char *at = takes; at && *at; at++)
        if (!s_wanted (*at) && !strchr (" ,", *at) && !(*at == '*' && at [1] == 0))
            return at;
    return NULL;
}

static bool s_takes (char letter, cursor_t at)
{
    int64_t below;
    uint64_t above;
    cursor_kind_t kind = cursor_peek (&at);
    switch (letter) {
    case 'i': return kind == CURSOR_INT && cursor_int (&at, &below);
    case 'u': return kind == CURSOR_INT && cursor_uint (&at, &above);
    case 'd': return kind == CURSOR_FLOAT || kind == CURSOR_INT;
    case 'b': return kind == CURSOR_BOOL;
    case 's':
    case 'S': return kind == CURSOR_TEXT;
    case 'B': return kind == CURSOR_BLOB || kind == CURSOR_TEXT;
    case 'n': return kind == CURSOR_NIL;
    default: return true;
    }
}

//  An integer of the wrong range is shown, other values by their type.
static void s_got (cursor_t at, char *text, size_t size)
{
    int64_t below = 0;
    uint64_t above = 0;
    cursor_t copy = at;
    cadre_type_t type = CADRE_NIL;
    if (cursor_peek (&at) == CURSOR_INT && cursor_uint (&copy, &above))
        snprintf (text, size, "%" PRIu64, above);
    else if (cursor_peek (&at) == CURSOR_INT && cursor_int (&at, &below))
        snprintf (text, size, "%" PRId64, below);
    else
        snprintf (text, size, "%s", value_peek (&at, &type) ? cadre_type_name (type) : "nothing");
}

static void s_fail_argument (cadre_call_t *self, size_t index, char letter, cursor_t at)
{
    char got [32];
    s_got (at, got, sizeof got);
    bool large = letter == 'i' && cursor_peek (&at) == CURSOR_INT;
    call_fail_by_type (self, "%s takes %s%s as argument %zu, got %s", self->function->name, s_wanted (letter),
                       large ? " up to 9223372036854775807" : "", index + 1, got);
}

static void s_fail_count (cadre_call_t *self, const char *takes)
{
    call_fail_by_type (self, "%s takes (%s), got %zu argument%s", self->function->name, takes, self->count,
                       self->count == 1 ? "" : "s");
}

bool call_check_takes (cadre_call_t *self)
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
        if (!s_takes (*letter, at)) {
            s_fail_argument (self, index, *letter, at);
            return false;
        }
        cursor_skip (&at, NULL);
        index++;
    }
    size_t length = strlen (takes);
    if (index < self->count && (length == 0 || takes [length - 1] != '*'))
        s_fail_count (self, takes);
    return !self->failed;
}

//  ---- accessors --------------------------------------------------------------------------

//  Stands before that argument if it is of the type, else NULL and the call has failed. The caller reads it, or leaves it.
static cursor_t *s_argument (cadre_call_t *self, size_t index, char letter)
{
    if (index >= self->count) {
        call_fail_by_type (self, "%s takes %s as argument %zu, got %zu argument%s", self->function->name,
                           s_wanted (letter), index + 1, self->count, self->count == 1 ? "" : "s");
        return NULL;
    }
    if (index < self->next_index) {
        self->next = self->first;
        self->next_index = 0;
    }
    for (; self->next_index < index; self->next_index++)
        cursor_skip (&self->next, NULL);
    if (s_takes (letter, self->next))
        return &self->next;
    s_fail_argument (self, index, letter, self->next);
    return NULL;
}

size_t cadre_arg_count (const cadre_call_t *self)
{
    return self->count;
}

int64_t cadre_arg_int (cadre_call_t *self, size_t index)
{
    int64_t value = 0;
    cursor_t *at = s_argument (self, index, 'i');
    if (at && cursor_int (at, &value))
        self->next_index++;
    return value;
}

uint64_t cadre_arg_uint (cadre_call_t *self, size_t index)
{
    uint64_t value = 0;
    cursor_t *at = s_argument (self, index, 'u');
    if (at && cursor_uint (at, &value))
        self->next_index++;
    return value;
}

double cadre_arg_double (cadre_call_t *self, size_t index)
{
    double value = 0;
    cursor_t *at = s_argument (self, index, 'd');
    if (at && cursor_double (at, &value))
        self->next_index++;
    return value;
}

bool cadre_arg_bool (cadre_call_t *self, size_t index)
{
    bool value = false;
    cursor_t *at = s_argument (self, index, 'b');
    if (at && cursor_bool (at, &value))
        self->next_index++;
    return value;
}

static call_kept_t *s_find_kept (const cadre_call_t *self, size_t index, bool value)
{
    for (call_kept_t *kept = self->kept; kept; kept = kept->next)
        if (kept->index == index && (kept->value != NULL) == value)
            return kept;
    return NULL;
}

static call_kept_t *s_keep (cadre_call_t *self, size_t index, size_t size_bytes)
{
    call_kept_t *kept = malloc (sizeof *kept + size_bytes);
    assert (kept);
    *kept = (call_kept_t){.next = self->kept, .index = index};
    self->kept = kept;
    return kept;
}

const char *cadre_arg_text (cadre_call_t *self, size_t index)
{
    bool again = index < self->next_index;
    cursor_t *at = s_argument (self, index, 's');
    if (!at)
        return "";
    call_kept_t *kept = again ? s_find_kept (self, index, false) : NULL;
    if (kept)
        return kept->text;
    view_t view = {0};
    cursor_text (at, &view);
    self->next_index++;
    kept = s_keep (self, index, view.size + 1);
    view_copy (view, kept->text, view.size + 1);
    return kept->text;
}

const void *cadre_arg_blob (cadre_call_t *self, size_t index, size_t *size_bytes)
{
    view_t view = {0};
    cursor_t *at = s_argument (self, index, 'B');
    if (at && cursor_bytes (at, &view))
        self->next_index++;
    if (size_bytes)
        *size_bytes = view.size;
    return view.data;
}

const cadre_value_t *cadre_arg_value (cadre_call_t *self, size_t index)
{
    bool again = index < self->next_index;
    cursor_t *at = s_argument (self, index, 'v');
    if (!at)
        return NULL;
    call_kept_t *kept = again ? s_find_kept (self, index, true) : NULL;
    if (kept)
        return kept->value;
    view_t view = {0};
    cursor_skip (at, &view);
    self->next_index++;
    cadre_value_t *value = cadre_value_decode (view.data, view.size);
    if (value)
        s_keep (self, index, 0)->value = value;
    else
        call_fail_by_type (
            self,
            "%s takes a value as argument %zu, got one that nests deeper than %d, has a key that is no text, or is of an unknown type",
            self->function->name, index + 1, VALUE_DEPTH_MAX);
    return value;
}
