//  keyring.c - the accepted keys, and what each may do

#include "broker/auth/keyring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

typedef struct entry {
    char public_key [KEYS_TEXT_BYTES]; //  In Z85
    rights_t rights;                   //  With our own copies of the texts
    UT_hash_handle hh;                 //  In the ring, by public_key
    UT_hash_handle hh_holder;          //  By rights.holder
} entry_t;

struct keyring {
    entry_t *entries; //  uthash
    entry_t *holders; //  The first key of each holder
};

keyring_t *keyring_new (void)
{
    keyring_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void s_keyring_free (entry_t *entry)
{
    for (size_t i = 0; i < entry->rights.functions_count; i++)
        free ((char *) (uintptr_t) entry->rights.functions [i]);
    free ((void *) (uintptr_t) entry->rights.functions);
    free ((char *) (uintptr_t) entry->rights.name);
    free ((char *) (uintptr_t) entry->rights.holder);
    free (entry);
}

void keyring_destroy (keyring_t **self_p)
{
    assert (self_p);
    keyring_t *self = *self_p;
    if (!self)
        return;
    entry_t *entry, *next;
    HASH_CLEAR (hh_holder, self->holders);
    HASH_ITER (hh, self->entries, entry, next) {
        HASH_DELETE (hh, self->entries, entry);
        s_keyring_free (entry);
    }
    free (self);
    *self_p = NULL;
}

static char *s_keyring_text (const char *text)
{
    char *copy = strdup (text);
    assert (copy);
    return copy;
}

static entry_t *s_find_holder (const keyring_t *self, const char *holder)
{
    entry_t *entry = NULL;
    HASH_FIND (hh_holder, self->holders, holder, strlen (holder), entry);
    return entry;
}

bool keyring_add (keyring_t *self, const char *public_key, const rights_t *rights)
{
    if (keyring_find (self, public_key))
        return false;
    entry_t *entry = calloc (1, sizeof *entry);
    const char **functions = calloc (rights->functions_count + 1, sizeof *functions);
    assert (entry && functions && strlen (public_key) < KEYS_TEXT_BYTES);
    memcpy (entry->public_key, public_key, strlen (public_key) + 1);
    for (size_t i = 0; i < rights->functions_count; i++)
        functions [i] = s_keyring_text (rights->functions [i]);
    entry->rights =
        (rights_t){.name = s_keyring_text (rights->name),
                   .role = rights->role,
                   .holder = s_keyring_text (rights->holder ? rights->holder : public_key),
                   .all_jobs = rights->all_jobs,
                   .functions = functions,
                   .functions_count = rights->functions_count};
    HASH_ADD_STR (self->entries, public_key, entry);
    if (!s_find_holder (self, entry->rights.holder))
        HASH_ADD_KEYPTR (hh_holder, self->holders, entry->rights.holder,
                         strlen (entry->rights.holder), entry);
    return true;
}

keyring_t *keyring_copy (const keyring_t *self)
{
    keyring_t *copy = keyring_new ();
    for (const entry_t *entry = self->entries; entry; entry = entry->hh.next)
        keyring_add (copy, entry->public_key, &entry->rights);
    return copy;
}

const rights_t *keyring_find (const keyring_t *self, const char *public_key)
{
    entry_t *entry = NULL;
    HASH_FIND_STR (self->entries, public_key, entry);
    return entry ? &entry->rights : NULL;
}

const rights_t *keyring_find_holder (const keyring_t *self, const char *holder)
{
    const entry_t *entry = s_find_holder (self, holder);
    return entry ? &entry->rights : NULL;
}

size_t keyring_count (const keyring_t *self)
{
    return HASH_COUNT (self->entries);
}

size_t keyring_count_of (const keyring_t *self, role_t role)
{
    size_t count = 0;
    for (const entry_t *entry = self->entries; entry; entry = entry->hh.next)
        count += entry->rights.role == role;
    return count;
}
