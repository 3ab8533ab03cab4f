/*  keyring.h - the keys that are let in, and what each may do
 *
 *  Filled once, then only read; to change keys, a new ring takes its place.
 *  A peer is called by what the gate calls it (its User-Id): its public key in
 *  Z85, or "local" for those who reached the broker over ipc.
 */

#ifndef BROKER_AUTH_KEYRING_H_INCLUDED
#define BROKER_AUTH_KEYRING_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/keys.h"

#define RIGHTS_LOCAL "local"

typedef struct keyring keyring_t;

//  What the holder of a key may do.
typedef struct rights {
    const char *name;             //  Of the key, for people; "" for who needs none
    role_t role;                  //  At which doors, with which verbs
    const char *holder;           //  Whose jobs it opens: keydir.h; RIGHTS_LOCAL for who needs no key
    bool all_jobs;                //  It reaches those of others, too
    const char *const *functions; //  Patterns of fnmatch
    size_t functions_count;       //  0: all functions, and commands
} rights_t;

keyring_t *keyring_new (void);
void keyring_destroy (keyring_t **self_p);

//  A ring of its own with the same keys.
keyring_t *keyring_copy (const keyring_t *self);

//  Copies all texts; without a holder it is the key itself. False when that key is in the ring already.
bool keyring_add (keyring_t *self, const char *public_key, const rights_t *rights);

//  NULL for a key that is not in the ring. Valid as long as the ring.
const rights_t *keyring_find (const keyring_t *self, const char *public_key);

//  The same for whose jobs it opens (rights_t.holder).
const rights_t *keyring_find_holder (const keyring_t *self, const char *holder);

size_t keyring_count (const keyring_t *self);
size_t keyring_count_of (const keyring_t *self, role_t role);

//  The rights of those who need no key: of an admin at the front, of a worker at the back. They are one holder, the
//  broker's own user: nobody can tell them apart.
const rights_t *rights_of_all (void);

//  May the holder call (as a client) or offer (as a worker) that function? NULL asks for commands.
bool rights_cover (const rights_t *self, const char *function);

#endif
