//  functions.c - the table of functions that a slot can call

#include "worker/runner/functions.h"

#include "common/rules.h"
#include "worker/runner/call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS_NAME_BYTES 200u //  Names longer than this are refused
#define FUNCTIONS_NAMED 8u        //  Names listed in a message

struct functions {
    functions_entry_t *entries; //  In the order of addition
    size_t count;               //  In use
    size_t capacity;            //  Allocated
    char **sources;             //  Copies, one per list
    size_t sources_count;       //  In use
};

functions_t *functions_new (void)
{
    functions_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void functions_destroy (functions_t **self_p)
{
    assert (self_p);
    functions_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        if (self->entries [i].started && self->entries [i].function->end)
            self->entries [i].function->end (self->entries [i].state);
    for (size_t i = 0; i < self->sources_count; i++)
        free (self->sources [i]);
    free (self->sources);
    free (self->entries);
    free (self);
    *self_p = NULL;
}

static const char *s_keep_source (functions_t *self, const char *source)
{
    self->sources = realloc (self->sources, (self->sources_count + 1) * sizeof *self->sources);
    assert (self->sources);
    char *copy = strdup (source);
    assert (copy);
    self->sources [self->sources_count++] = copy;
    return copy;
}

static cadre_error_t s_functions_check (functions_t *self, const cadre_function_t *function,
                                        const char *source, fault_t *fault)
{
    size_t length = strlen (function->name);
    if (self->count == RULES_FUNCTIONS_MAX)
        return fault_set (fault, CADRE_ERROR_PLUGIN,
                          "%s: more than %u functions: give some to other workers", source,
                          RULES_FUNCTIONS_MAX);
    if (length == 0 || length > FUNCTIONS_NAME_BYTES)
        return fault_set (fault, CADRE_ERROR_PLUGIN,
                          "%s: a function's name has %zu bytes: give it 1 to %u", source, length,
                          FUNCTIONS_NAME_BYTES);
    if (!function->run)
        return fault_set (fault, CADRE_ERROR_PLUGIN, "%s: function %s has no .run", source,
                          function->name);
    const char *bad = call_arguments_bad_takes (function->takes);
    if (bad)
        return fault_set (
            fault, CADRE_ERROR_PLUGIN,
            "%s: function %s takes \"%s\", and '%c' is not a type: use i u d b s S B v n, and * at the end",
            source, function->name, function->takes, *bad);
    const functions_entry_t *other = functions_find (self, wire_view (function->name));
    if (other)
        return fault_set (fault, CADRE_ERROR_PLUGIN, "function %s is in %s and in %s: rename one",
                          function->name, other->source, source);
    return CADRE_OK;
}

cadre_error_t functions_add (functions_t *self, const cadre_function_t *list, const char *source,
                             void *state, fault_t *fault)
{
    const char *kept = s_keep_source (self, source);
    for (; list && list->name; list++) {
        cadre_error_t error = s_functions_check (self, list, kept, fault);
        if (error != CADRE_OK)
            return error;
        if (self->count == self->capacity) {
            self->capacity = self->capacity ? self->capacity * 2 : 16;
            self->entries = realloc (self->entries, self->capacity * sizeof *self->entries);
            assert (self->entries);
        }
        self->entries [self->count++] =
            (functions_entry_t){.function = list, .source = kept, .state = state};
    }
    return CADRE_OK;
}

size_t functions_count (const functions_t *self)
{
    return self->count;
}

functions_entry_t *functions_find (functions_t *self, view_t name)
{
    for (size_t i = 0; i < self->count; i++)
        if (view_is (name, self->entries [i].function->name))
            return &self->entries [i];
    return NULL;
}

cadre_error_t functions_start (functions_entry_t *entry, fault_t *fault)
{
    if (entry->started)
        return CADRE_OK;
    cadre_error_t error =
        entry->function->start ? entry->function->start (&entry->state) : CADRE_OK;
    if (error != CADRE_OK)
        return fault_set (fault, CADRE_ERROR_TASK, "the start of %s failed: %s",
                          entry->function->name, cadre_error_text (error));
    entry->started = true;
    return CADRE_OK;
}

//  ---- similar names ----------------------------------------------------------------------------

static size_t s_least (size_t a, size_t b)
{
    return a < b ? a : b;
}

//  Number of letters to insert, delete or replace.
static size_t s_distance (view_t one, const char *other)
{
    size_t width = strlen (other);
    size_t row [FUNCTIONS_NAME_BYTES + 1];
    for (size_t x = 0; x <= width; x++)
        row [x] = x;
    for (size_t y = 1; y <= one.size; y++) {
        size_t diagonal = row [0];
        row [0] = y;
        for (size_t x = 1; x <= width; x++) {
            size_t replaced = diagonal + ((char) one.data [y - 1] != other [x - 1]);
            diagonal = row [x];
            row [x] = s_least (s_least (row [x - 1], row [x]) + 1, replaced);
        }
    }
    return row [width];
}

static const char *s_nearest (const functions_t *self, view_t name)
{
    if (name.size > FUNCTIONS_NAME_BYTES)
        return NULL;
    const char *nearest = NULL;
    size_t least = name.size / 3 + 2;
    for (size_t i = 0; i < self->count; i++) {
        size_t distance = s_distance (name, self->entries [i].function->name);
        if (distance >= least)
            continue;
        least = distance;
        nearest = self->entries [i].function->name;
    }
    return nearest;
}

void functions_explain (const functions_t *self, view_t name, fault_t *fault)
{
    char wanted [FUNCTIONS_NAME_BYTES + 1];
    view_copy (name, wanted, sizeof wanted);
    const char *nearest = s_nearest (self, name);
    if (nearest) {
        fault_set (fault, CADRE_ERROR_FUNCTION, "no function %s here: did you mean %s?", wanted,
                   nearest);
        return;
    }
    if (self->count == 0) {
        fault_set (
            fault, CADRE_ERROR_FUNCTION,
            "no function %s here: this worker has none; start it with --plugin FILE or --program ARGV",
            wanted);
        return;
    }
    buffer_t names = {0};
    for (size_t i = 0; i < self->count && i < FUNCTIONS_NAMED; i++) {
        const char *each = self->entries [i].function->name;
        buffer_append (&names, i ? ", " : "", i ? 2 : 0);
        buffer_append (&names, each, strlen (each));
    }
    fault_set (fault, CADRE_ERROR_FUNCTION, "no function %s here: there are %.*s%s", wanted,
               (int) names.size, (const char *) names.data,
               self->count > FUNCTIONS_NAMED ? ", …" : "");
    buffer_free (&names);
}

void functions_pack (const functions_t *self, buffer_t *values)
{
    for (size_t i = 0; i < self->count; i++) {
        const cadre_function_t *function = self->entries [i].function;
        wire_function_t record = {.name = wire_view (function->name),
                                  .takes = wire_view (function->takes),
                                  .says = wire_view (function->says)};
        wire_pack_function (values, &record);
    }
}
