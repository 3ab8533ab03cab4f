//  tombstones.c - the identities of forgotten detached jobs

#include "broker/record/tombstones.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"
#include "common/hash.h"

typedef struct ghost {
    identity_t identity; //  Of the job
    uint64_t number;     //  Its number
    int64_t gone_us;     //  When it was forgotten
    bool logged;         //  It is in the log
    uint64_t seq;        //  Its batch in the log; 0: the batch that is being filled
    struct ghost *prev;  //  Neighbours in the log
    struct ghost *next;  //  …
    UT_hash_handle hh;   //  By identity, oldest first
} ghost_t;

struct tombstones {
    ghost_t *all;      //  uthash keeps the order of insertion
    ghost_t *log;      //  Those in the log, in order
    size_t most;       //  Maximum number
    uint64_t *bytes_p; //  The total to which its memory is added; borrowed
};

#define GHOST_BYTES (sizeof (ghost_t) + BUDGET_BLOCK_BYTES)

tombstones_t *tombstones_new (uint64_t most_bytes, uint64_t *bytes_p)
{
    tombstones_t *self = calloc (1, sizeof *self);
    assert (self);
    self->most = most_bytes / GHOST_BYTES < TOMBSTONES_MAX ? (size_t) (most_bytes / GHOST_BYTES)
                                                           : TOMBSTONES_MAX;
    self->bytes_p = bytes_p;
    return self;
}

static void s_drop (tombstones_t *self, ghost_t *ghost)
{
    HASH_DELETE (hh, self->all, ghost);
    *self->bytes_p -= GHOST_BYTES;
    if (ghost->logged)
        DL_DELETE (self->log, ghost);
    free (ghost);
}

void tombstones_destroy (tombstones_t **self_p)
{
    assert (self_p);
    tombstones_t *self = *self_p;
    if (!self)
        return;
    while (self->all)
        s_drop (self, self->all);
    free (self);
    *self_p = NULL;
}

static ghost_t *s_find (const tombstones_t *self, const identity_t *identity)
{
    ghost_t *ghost = NULL;
    HASH_FIND (hh, self->all, identity, sizeof *identity, ghost);
    return ghost;
}

void tombstones_add (tombstones_t *self, const identity_t *identity, uint64_t number,
                     int64_t now_us)
{
    ghost_t *ghost = s_find (self, identity);
    if (ghost)
        s_drop (self, ghost);
    ghost = calloc (1, sizeof *ghost);
    assert (ghost);
    ghost->identity = *identity;
    ghost->number = number;
    ghost->gone_us = now_us;
    HASH_ADD (hh, self->all, identity, sizeof ghost->identity, ghost);
    *self->bytes_p += GHOST_BYTES;
    if (HASH_COUNT (self->all) > self->most)
        s_drop (self, self->all);
}

uint64_t tombstones_find (const tombstones_t *self, const identity_t *identity)
{
    const ghost_t *ghost = s_find (self, identity);
    return ghost ? ghost->number : 0;
}

void tombstones_sweep (tombstones_t *self, int64_t now_us)
{
    while (self->all && now_us - self->all->gone_us > TOMBSTONES_KEPT_US)
        s_drop (self, self->all);
}

//  ==== in the log ==================================================================

void tombstones_logged (tombstones_t *self, const identity_t *identity)
{
    ghost_t *ghost = s_find (self, identity);
    assert (ghost && !ghost->logged);
    ghost->logged = true;
    DL_APPEND (self->log, ghost);
}

//  New ones are at the end of the list; the head's prev is the last one.
void tombstones_place (tombstones_t *self, uint64_t seq)
{
    for (ghost_t *ghost = self->log ? self->log->prev : NULL; ghost && ghost->seq == 0;
         ghost = ghost == self->log ? NULL : ghost->prev)
        ghost->seq = seq;
}

uint64_t tombstones_oldest (const tombstones_t *self)
{
    return self->log && self->log->seq ? self->log->seq : UINT64_MAX;
}

bool tombstones_next (tombstones_t *self, uint64_t before, const identity_t **identity,
                      uint64_t *number)
{
    ghost_t *ghost = self->log;
    if (tombstones_oldest (self) >= before)
        return false;
    DL_DELETE (self->log, ghost);
    ghost->logged = false;
    ghost->seq = 0;
    *identity = &ghost->identity;
    *number = ghost->number;
    return true;
}
