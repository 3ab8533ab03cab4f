/*  keyring.h - the keys that are let in, and what each may do
 *
 *  Filled once, then only read; to change keys, a new ring takes its place.
 *  A peer is called by what the gate calls it (its User-Id): its public key in
 *  Z85, or "local" for those who reached the broker over ipc.
 */

#ifndef BROKER_AUTH_KEYRING_H_INCLUDED
#define BROKER_AUTH_KEYRING_H_INCLUDED

#include "broker/auth/rights.h"
#include <stdbool.h>
#include <stddef.h>

#include "common/keys.h"

typedef struct keyring keyring_t;

keyring_t *keyring_new (void);
void keyring_destroy (keyring_t **self_p);

//  A ring of its own with the same keys.
keyring_t *keyring_copy (const keyring_t *self);

//  Copies all texts; without a holder it is the key itself. False when that key is in the ring
//  already.
bool keyring_add (keyring_t *self, const char *public_key, const rights_t *rights);

//  NULL for a key that is not in the ring. Valid as long as the ring.
const rights_t *keyring_find (const keyring_t *self, const char *public_key);

//  The same for whose jobs it opens (rights_t.holder).
const rights_t *keyring_find_holder (const keyring_t *self, const char *holder);

size_t keyring_count (const keyring_t *self);
size_t keyring_count_of (const keyring_t *self, role_t role);

#endif
