//  function_names.c - names of functions that workers offer or have offered

#include "broker/record/function_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/budget.h"
#include "common/hash.h"

struct function_names_name {
    UT_hash_handle hh; //  By text, least recently offered first
    char text [];      //  The name
};

struct function_names {
    function_names_name_t *names; //  uthash
    uint64_t bytes;               //  Memory in use
    uint64_t most;                //  Its limit
};

function_names_t *function_names_new (uint64_t most_bytes)
{
    function_names_t *self = calloc (1, sizeof *self);
    assert (self);
    self->most = most_bytes;
    return self;
}

static uint64_t s_function_names_cost (const function_names_name_t *name)
{
    return sizeof *name + strlen (name->text) + BUDGET_BLOCK_BYTES;
}

static void s_function_names_drop (function_names_t *self, function_names_name_t *name)
{
    self->bytes -= s_function_names_cost (name);
    HASH_DEL (self->names, name);
    free (name);
}

void function_names_destroy (function_names_t **self_p)
{
    function_names_t *self = *self_p;
    if (!self)
        return;
    while (self->names)
        s_function_names_drop (self, self->names);
    free (self);
    *self_p = NULL;
}

static function_names_name_t *s_function_names_find (const function_names_t *self, const char *text)
{
    function_names_name_t *name;
    HASH_FIND_STR (self->names, text, name);
    return name;
}

void function_names_limit (function_names_t *self, uint64_t most_bytes)
{
    self->most = most_bytes;
}

void function_names_add (function_names_t *self, const char *text)
{
    size_t size = strlen (text);
    function_names_name_t *name = s_function_names_find (self, text);
    if (name)
        HASH_DEL (self->names, name); //  Moves it to the end
    else {
        name = calloc (1, sizeof *name + size + 1);
        assert (name);
        memcpy (name->text, text, size);
        self->bytes += s_function_names_cost (name);
    }
    HASH_ADD_KEYPTR (hh, self->names, name->text, size, name);
    while (self->bytes > self->most && self->names != name)
        s_function_names_drop (self, self->names);
}

bool function_names_has (const function_names_t *self, const char *text)
{
    return s_function_names_find (self, text) != NULL;
}

const function_names_name_t *function_names_first (const function_names_t *self)
{
    return self->names;
}

const function_names_name_t *function_names_next (const function_names_name_t *name)
{
    return name->hh.next;
}

const char *function_names_text (const function_names_name_t *name)
{
    return name->text;
}

uint64_t function_names_bytes (const function_names_t *self)
{
    return self->bytes;
}
