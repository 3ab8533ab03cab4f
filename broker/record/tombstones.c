//  tombstones.c - the identities of forgotten detached jobs

#include "broker/record/tombstones.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"
#include "common/hash.h"

typedef struct tombstone {
    identity_t identity;    //  Of the job
    uint64_t number;        //  Its number
    int64_t gone_us;        //  When it was forgotten
    bool logged;            //  It is in the log
    uint64_t seq;           //  Its batch in the log; 0: the batch that is being filled
    struct tombstone *prev; //  Neighbours in the log
    struct tombstone *next; //  …
    UT_hash_handle hh;      //  By identity, oldest first
} tombstone_t;

struct tombstones {
    tombstone_t *all;  //  uthash keeps the order of insertion
    tombstone_t *log;  //  Those in the log, in order
    size_t most;       //  Maximum number
    uint64_t *bytes_p; //  The total to which its memory is added; borrowed
};

#define GHOST_BYTES (sizeof (tombstone_t) + BUDGET_BLOCK_BYTES)

tombstones_t *tombstones_new (uint64_t most_bytes, uint64_t *bytes_p)
{
    tombstones_t *self = calloc (1, sizeof *self);
    assert (self);
    self->most = most_bytes / GHOST_BYTES < TOMBSTONES_MAX ? (size_t) (most_bytes / GHOST_BYTES)
                                                           : TOMBSTONES_MAX;
    self->bytes_p = bytes_p;
    return self;
}

static void s_tombstones_drop (tombstones_t *self, tombstone_t *tombstone)
{
    HASH_DELETE (hh, self->all, tombstone);
    *self->bytes_p -= GHOST_BYTES;
    if (tombstone->logged)
        DL_DELETE (self->log, tombstone);
    free (tombstone);
}

void tombstones_destroy (tombstones_t **self_p)
{
    assert (self_p);
    tombstones_t *self = *self_p;
    if (!self)
        return;
    while (self->all)
        s_tombstones_drop (self, self->all);
    free (self);
    *self_p = NULL;
}

static tombstone_t *s_tombstones_find (const tombstones_t *self, const identity_t *identity)
{
    tombstone_t *tombstone = NULL;
    HASH_FIND (hh, self->all, identity, sizeof *identity, tombstone);
    return tombstone;
}

void tombstones_add (tombstones_t *self, const identity_t *identity, uint64_t number,
                     int64_t now_us)
{
    tombstone_t *tombstone = s_tombstones_find (self, identity);
    if (tombstone)
        s_tombstones_drop (self, tombstone);
    tombstone = calloc (1, sizeof *tombstone);
    assert (tombstone);
    tombstone->identity = *identity;
    tombstone->number = number;
    tombstone->gone_us = now_us;
    HASH_ADD (hh, self->all, identity, sizeof tombstone->identity, tombstone);
    *self->bytes_p += GHOST_BYTES;
    if (HASH_COUNT (self->all) > self->most)
        s_tombstones_drop (self, self->all);
}

uint64_t tombstones_find (const tombstones_t *self, const identity_t *identity)
{
    const tombstone_t *tombstone = s_tombstones_find (self, identity);
    return tombstone ? tombstone->number : 0;
}

void tombstones_sweep (tombstones_t *self, int64_t now_us)
{
    while (self->all && now_us - self->all->gone_us > TOMBSTONES_KEPT_US)
        s_tombstones_drop (self, self->all);
}

//  ==== in the log ==================================================================

void tombstones_logged (tombstones_t *self, const identity_t *identity)
{
    tombstone_t *tombstone = s_tombstones_find (self, identity);
    assert (tombstone && !tombstone->logged);
    tombstone->logged = true;
    DL_APPEND (self->log, tombstone);
}

//  New ones are at the end of the list; the head's prev is the last one.
void tombstones_place (tombstones_t *self, uint64_t seq)
{
    for (tombstone_t *tombstone = self->log ? self->log->prev : NULL;
         tombstone && tombstone->seq == 0;
         tombstone = tombstone == self->log ? NULL : tombstone->prev)
        tombstone->seq = seq;
}

uint64_t tombstones_oldest (const tombstones_t *self)
{
    return self->log && self->log->seq ? self->log->seq : UINT64_MAX;
}

bool tombstones_next (tombstones_t *self, uint64_t before, const identity_t **identity,
                      uint64_t *number)
{
    tombstone_t *tombstone = self->log;
    if (tombstones_oldest (self) >= before)
        return false;
    DL_DELETE (self->log, tombstone);
    tombstone->logged = false;
    tombstone->seq = 0;
    *identity = &tombstone->identity;
    *number = tombstone->number;
    return true;
}
