/*  key_quota.h - divides a limited resource among keys
 *
 *  Counts what peers hold, by User-Id ("" without keys). When several peers exist, one may hold at
 *  most FACTOR times what is free, so something always remains for the others. One thread.
 */

#ifndef BROKER_CORE_KEY_QUOTA_H_INCLUDED
#define BROKER_CORE_KEY_QUOTA_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

typedef struct key_quota key_quota_t;

//  LIMIT: the total. FACTOR: one peer may hold so many times what is free.
key_quota_t *key_quota_new (size_t limit, size_t factor);
void key_quota_destroy (key_quota_t **self_p);

//  May that peer have one more? ALONE: no other peer can exist, so nothing is reserved.
bool key_quota_allow (const key_quota_t *self, const char *peer, bool alone);

//  Counts one more, or one less, for the peer.
void key_quota_take (key_quota_t *self, const char *peer);
void key_quota_give_back (key_quota_t *self, const char *peer);

size_t key_quota_of (const key_quota_t *self, const char *peer);
size_t key_quota_taken (const key_quota_t *self);
size_t key_quota_limit (const key_quota_t *self);

#endif
