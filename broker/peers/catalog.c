//  catalog.c - the functions that workers offer now, each once, with the number of workers

#include "broker/peers/catalog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct catalog {
    function_entry_t *entries; //  By name (uthash)
};

catalog_t *catalog_new (void)
{
    catalog_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static function_entry_t *s_catalog_next (const function_entry_t *entry)
{
    return entry->hh.next;
}

static void s_walk_to (walk_t *walk, function_entry_t *entry)
{
    walk_to (walk, entry, entry ? &entry->walks : NULL);
}

static void s_catalog_drop (catalog_t *self, function_entry_t *entry)
{
    function_entry_t *next = s_catalog_next (entry);
    walk_pass (&entry->walks, next, next ? &next->walks : NULL);
    HASH_DEL (self->entries, entry);
    free (entry->name);
    free (entry->takes);
    free (entry->says);
    free (entry);
}

void catalog_destroy (catalog_t **self_p)
{
    assert (self_p);
    catalog_t *self = *self_p;
    if (!self)
        return;
    while (self->entries)
        s_catalog_drop (self, self->entries);
    free (self);
    *self_p = NULL;
}

static char *s_catalog_copy (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return copy;
}

void catalog_enter (catalog_t *self, const char *name, const char *takes, const char *says)
{
    function_entry_t *entry;
    HASH_FIND_STR (self->entries, name, entry);
    if (!entry) {
        entry = calloc (1, sizeof *entry);
        assert (entry);
        entry->name = s_catalog_copy (name);
        entry->takes = s_catalog_copy (takes);
        entry->says = s_catalog_copy (says);
        HASH_ADD_KEYPTR (hh, self->entries, entry->name, strlen (entry->name), entry);
    }
    entry->workers++;
}

void catalog_strike (catalog_t *self, const char *name)
{
    function_entry_t *entry;
    HASH_FIND_STR (self->entries, name, entry);
    if (entry && --entry->workers == 0)
        s_catalog_drop (self, entry);
}

void catalog_walk (const catalog_t *self, walk_t *walk)
{
    s_walk_to (walk, self->entries);
}

const function_entry_t *catalog_step (walk_t *walk)
{
    function_entry_t *entry = walk->at;
    if (entry)
        s_walk_to (walk, s_catalog_next (entry));
    return entry;
}
