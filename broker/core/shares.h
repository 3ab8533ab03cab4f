/*  shares.h - how much of something bounded each key has
 *
 *  Counts what peers hold, by what the gate calls them ("" without doors). With several of them,
 *  one may hold so many times what is free: however much it asks for, something is left for the
 *  others. One thread.
 */

#ifndef BROKER_CORE_SHARES_H_INCLUDED
#define BROKER_CORE_SHARES_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

typedef struct shares shares_t;

//  At most so many in all; FACTOR: how many times what is free one peer may hold.
shares_t *shares_new (size_t limit, size_t factor);
void shares_destroy (shares_t **self_p);

//  May that peer have one more? ALONE: nobody else can come, so that nothing is kept for others.
bool shares_allow (const shares_t *self, const char *peer, bool alone);

//  It has one more, or one less.
void shares_take (shares_t *self, const char *peer);
void shares_give_back (shares_t *self, const char *peer);

size_t shares_of (const shares_t *self, const char *peer);
size_t shares_taken (const shares_t *self);
size_t shares_limit (const shares_t *self);

#endif
