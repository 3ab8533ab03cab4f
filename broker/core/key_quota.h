/*  shares.h - divides a limited resource among keys
 *
 *  Counts what peers hold, by User-Id ("" without keys). When several peers exist, one may hold at
 *  most FACTOR times what is free, so something always remains for the others. One thread.
 */

#ifndef BROKER_CORE_SHARES_H_INCLUDED
#define BROKER_CORE_SHARES_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

typedef struct shares shares_t;

//  LIMIT: the total. FACTOR: one peer may hold so many times what is free.
shares_t *shares_new (size_t limit, size_t factor);
void shares_destroy (shares_t **self_p);

//  May that peer have one more? ALONE: no other peer can exist, so nothing is reserved.
bool shares_allow (const shares_t *self, const char *peer, bool alone);

//  Counts one more, or one less, for the peer.
void shares_take (shares_t *self, const char *peer);
void shares_give_back (shares_t *self, const char *peer);

size_t shares_of (const shares_t *self, const char *peer);
size_t shares_taken (const shares_t *self);
size_t shares_limit (const shares_t *self);

#endif
