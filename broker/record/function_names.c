//  known.c - names of functions that workers offer or have offered

#include "broker/record/function_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/core/budget.h"
#include "common/hash.h"

struct known_name {
    UT_hash_handle hh; //  By text, least recently offered first
    char text [];      //  The name
};

struct known {
    known_name_t *names; //  uthash
    uint64_t bytes;      //  Memory in use
    uint64_t most;       //  Its limit
};

known_t *known_new (uint64_t most_bytes)
{
    known_t *self = calloc (1, sizeof *self);
    assert (self);
    self->most = most_bytes;
    return self;
}

static uint64_t s_cost (const known_name_t *name)
{
    return sizeof *name + strlen (name->text) + BUDGET_BLOCK_BYTES;
}

static void s_drop (known_t *self, known_name_t *name)
{
    self->bytes -= s_cost (name);
    HASH_DEL (self->names, name);
    free (name);
}

void known_destroy (known_t **self_p)
{
    known_t *self = *self_p;
    if (!self)
        return;
    while (self->names)
        s_drop (self, self->names);
    free (self);
    *self_p = NULL;
}

static known_name_t *s_find (const known_t *self, const char *text)
{
    known_name_t *name;
    HASH_FIND_STR (self->names, text, name);
    return name;
}

void known_limit (known_t *self, uint64_t most_bytes)
{
    self->most = most_bytes;
}

void known_add (known_t *self, const char *text)
{
    size_t size = strlen (text);
    known_name_t *name = s_find (self, text);
    if (name)
        HASH_DEL (self->names, name); //  Moves it to the end
    else {
        name = calloc (1, sizeof *name + size + 1);
        assert (name);
        memcpy (name->text, text, size);
        self->bytes += s_cost (name);
    }
    HASH_ADD_KEYPTR (hh, self->names, name->text, size, name);
    while (self->bytes > self->most && self->names != name)
        s_drop (self, self->names);
}

bool known_has (const known_t *self, const char *text)
{
    return s_find (self, text) != NULL;
}

const known_name_t *known_first (const known_t *self)
{
    return self->names;
}

const known_name_t *known_next (const known_name_t *name)
{
    return name->hh.next;
}

const char *known_text (const known_name_t *name)
{
    return name->text;
}

uint64_t known_bytes (const known_t *self)
{
    return self->bytes;
}
