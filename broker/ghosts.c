//  ghosts.c - the identities of detached jobs that were forgotten

#include "broker/ghosts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

typedef struct ghost {
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the job
    uint64_t number;                //  Its number
    int64_t gone_us;                //  When it was forgotten
    UT_hash_handle hh;              //  By uuid, oldest first
} ghost_t;

struct ghosts {
    ghost_t *all; //  uthash keeps them in the order in which they came
};

ghosts_t *ghosts_new (void)
{
    ghosts_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void s_drop (ghosts_t *self, ghost_t *ghost)
{
    HASH_DELETE (hh, self->all, ghost);
    free (ghost);
}

void ghosts_destroy (ghosts_t **self_p)
{
    assert (self_p);
    ghosts_t *self = *self_p;
    if (!self)
        return;
    while (self->all)
        s_drop (self, self->all);
    free (self);
    *self_p = NULL;
}

static ghost_t *s_find (const ghosts_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    ghost_t *ghost = NULL;
    HASH_FIND (hh, self->all, uuid, WIRE_UUID_BYTES, ghost);
    return ghost;
}

void ghosts_add (ghosts_t *self, const uint8_t uuid [WIRE_UUID_BYTES], uint64_t number, int64_t now_us)
{
    ghost_t *ghost = s_find (self, uuid);
    if (ghost)
        s_drop (self, ghost);
    ghost = calloc (1, sizeof *ghost);
    assert (ghost);
    memcpy (ghost->uuid, uuid, WIRE_UUID_BYTES);
    ghost->number = number;
    ghost->gone_us = now_us;
    HASH_ADD (hh, self->all, uuid, WIRE_UUID_BYTES, ghost);
    if (HASH_COUNT (self->all) > GHOSTS_MAX)
        s_drop (self, self->all);
}

uint64_t ghosts_find (const ghosts_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    const ghost_t *ghost = s_find (self, uuid);
    return ghost ? ghost->number : 0;
}

void ghosts_sweep (ghosts_t *self, int64_t now_us)
{
    while (self->all && now_us - self->all->gone_us > GHOSTS_KEPT_US)
        s_drop (self, self->all);
}
