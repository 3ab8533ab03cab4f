/*  keyring.h - the accepted keys, and what each may do
 *
 *  Filled once, then read-only; a reload replaces the whole ring. Peers are identified by their ZAP
 *  User-Id: the public key in Z85, or "local" for peers that connected over ipc.
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

//  An independent copy.
keyring_t *keyring_copy (const keyring_t *self);

//  Copies all texts; without a holder, the key is its own holder. False when that key is already in
//  the ring.
bool keyring_add (keyring_t *self, const char *public_key, const rights_t *rights);

//  NULL for a key that is not in the ring. Valid as long as the ring.
const rights_t *keyring_find (const keyring_t *self, const char *public_key);

//  The same, by holder (rights_t.holder).
const rights_t *keyring_find_holder (const keyring_t *self, const char *holder);

size_t keyring_count (const keyring_t *self);
size_t keyring_count_of (const keyring_t *self, role_t role);

#endif
