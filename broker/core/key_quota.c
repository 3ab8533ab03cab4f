//  key_quota.c - divides a limited resource among keys

#include "broker/core/key_quota.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/keys.h"

typedef struct holder {
    char peer [KEYS_TEXT_BYTES]; //  User-Id of the peer
    size_t count;                //  What it holds; never 0
    UT_hash_handle hh;           //  In shares->holders, by peer
} holder_t;

struct key_quota {
    size_t limit;      //  Limit of the total
    size_t factor;     //  How many times what is free one peer may hold
    size_t taken;      //  Total in use
    holder_t *holders; //  uthash
};

key_quota_t *key_quota_new (size_t limit, size_t factor)
{
    key_quota_t *self = calloc (1, sizeof *self);
    assert (self && factor);
    self->limit = limit;
    self->factor = factor;
    return self;
}

void key_quota_destroy (key_quota_t **self_p)
{
    assert (self_p);
    key_quota_t *self = *self_p;
    if (!self)
        return;
    holder_t *holder, *next;
    HASH_ITER (hh, self->holders, holder, next) {
        HASH_DELETE (hh, self->holders, holder);
        free (holder);
    }
    free (self);
    *self_p = NULL;
}

static holder_t *s_key_quota_find (const key_quota_t *self, const char *peer)
{
    holder_t *holder;
    HASH_FIND_STR (self->holders, peer, holder);
    return holder;
}

bool key_quota_allow (const key_quota_t *self, const char *peer, bool alone)
{
    size_t left = self->taken < self->limit ? self->limit - self->taken : 0;
    return left > 0 && (alone || key_quota_of (self, peer) < self->factor * left);
}

void key_quota_take (key_quota_t *self, const char *peer)
{
    holder_t *holder = s_key_quota_find (self, peer);
    if (!holder) {
        holder = calloc (1, sizeof *holder);
        assert (holder && strlen (peer) < sizeof holder->peer);
        memcpy (holder->peer, peer, strlen (peer) + 1);
        HASH_ADD_STR (self->holders, peer, holder);
    }
    holder->count++;
    self->taken++;
}

void key_quota_give_back (key_quota_t *self, const char *peer)
{
    holder_t *holder = s_key_quota_find (self, peer);
    assert (holder && self->taken);
    self->taken--;
    if (--holder->count)
        return;
    HASH_DELETE (hh, self->holders, holder);
    free (holder);
}

size_t key_quota_of (const key_quota_t *self, const char *peer)
{
    const holder_t *holder = s_key_quota_find (self, peer);
    return holder ? holder->count : 0;
}

size_t key_quota_taken (const key_quota_t *self)
{
    return self->taken;
}

size_t key_quota_limit (const key_quota_t *self)
{
    return self->limit;
}
