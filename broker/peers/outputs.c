//  outputs.c - how much output of each lease was received and is granted

#include "broker/peers/outputs.h"

#include <assert.h>
#include <stdlib.h>

struct outputs {
    wrote_t *records; //  By serial (uthash)
    size_t most;      //  Maximum number
};

outputs_t *outputs_new (void)
{
    outputs_t *self = calloc (1, sizeof *self);
    assert (self);
    self->most = SIZE_MAX;
    return self;
}

static void s_outputs_free (outputs_t *self, wrote_t *record)
{
    HASH_DEL (self->records, record);
    free (record);
}

void outputs_destroy (outputs_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    while ((*self_p)->records)
        s_outputs_free (*self_p, (*self_p)->records);
    free (*self_p);
    *self_p = NULL;
}

wrote_t *outputs_get (outputs_t *self, uint64_t serial)
{
    wrote_t *record;
    HASH_FIND (hh, self->records, &serial, sizeof serial, record);
    if (record)
        return record;
    if (HASH_COUNT (self->records) >= self->most)
        return NULL;
    record = calloc (1, sizeof *record);
    assert (record);
    record->serial = serial;
    HASH_ADD (hh, self->records, serial, sizeof record->serial, record);
    return record;
}

void outputs_limit (outputs_t *self, size_t most)
{
    self->most = most;
}

size_t outputs_count (const outputs_t *self)
{
    return HASH_COUNT (self->records);
}

wrote_t *outputs_first (outputs_t *self)
{
    return self->records;
}

void outputs_drop (outputs_t *self, uint64_t serial)
{
    wrote_t *record;
    if (!self->records)
        return;
    HASH_FIND (hh, self->records, &serial, sizeof serial, record);
    if (record)
        s_outputs_free (self, record);
}

void outputs_drop_worker (outputs_t *self, uint32_t worker)
{
    wrote_t *record, *next;
    HASH_ITER (hh, self->records, record, next)
        if (record->worker == worker)
            s_outputs_free (self, record);
}
