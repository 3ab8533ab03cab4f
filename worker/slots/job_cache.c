//  job_cache.c - the worker's table of jobs

#include "worker/slots/job_cache.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/hash.h"
#include "common/moving_mean.h"

#define KEY_BYTES (offsetof (cached_job_t, epoch) + sizeof (uint64_t))

typedef struct entry {
    cached_job_t job;  //  First member, so that a pointer to an entry is one to its job
    UT_hash_handle hh; //  By number and epoch
} entry_t;

struct job_cache {
    entry_t *table; //  By number and epoch
    uint64_t epoch; //  Of the current broker
    size_t words;   //  Words of a bitmap with one bit per slot
    size_t bytes;   //  Size of all entries
};

job_cache_t *job_cache_new (size_t slots)
{
    job_cache_t *self = calloc (1, sizeof (job_cache_t));
    assert (self);
    self->words = slots / 64 + 1;
    return self;
}

//  Size of a job whose function and spec have so many bytes.
static size_t s_weight (const job_cache_t *self, size_t texts)
{
    return sizeof (entry_t) + self->words * sizeof (uint64_t) + texts;
}

static void s_job_cache_free (job_cache_t *self, entry_t *entry)
{
    HASH_DEL (self->table, entry);
    self->bytes -= s_weight (self, entry->job.function.size + entry->job.spec.size);
    buffer_free (&entry->job.function);
    buffer_free (&entry->job.spec);
    free (entry->job.known);
    free (entry);
}

void job_cache_destroy (job_cache_t **self_p)
{
    assert (self_p);
    job_cache_t *self = *self_p;
    if (!self)
        return;
    entry_t *entry, *next;
    HASH_ITER (hh, self->table, entry, next)
        s_job_cache_free (self, entry);
    free (self);
    *self_p = NULL;
}

void job_cache_set_epoch (job_cache_t *self, uint64_t epoch)
{
    self->epoch = epoch;
}

cached_job_t *job_cache_find (const job_cache_t *self, uint64_t number)
{
    entry_t *entry = NULL;
    cached_job_t wanted = {.number = number, .epoch = self->epoch};
    HASH_FIND (hh, self->table, &wanted, KEY_BYTES, entry);
    return entry ? &entry->job : NULL;
}

bool job_cache_is_replaced (const job_cache_t *self, const cached_job_t *job)
{
    return job->epoch != self->epoch;
}

cached_job_t *job_cache_open (job_cache_t *self, const wire_lane_job_t *fields)
{
    cached_job_t *job = job_cache_find (self, fields->job);
    if (job) {
        job->ended = false;
        return job;
    }
    size_t weight = s_weight (self, fields->function.size + fields->spec.size);
    if (weight > JOB_CACHE_BYTES_MAX - self->bytes)
        return NULL;
    entry_t *entry = calloc (1, sizeof (entry_t));
    assert (entry);
    self->bytes += weight;
    job = &entry->job;
    job->number = fields->job;
    job->epoch = self->epoch;
    job->kind = (unsigned) fields->kind;
    job->timeout_ms = fields->timeout_ms;
    job->grace_ms = fields->grace_ms;
    job->mean_us = -1;
    buffer_append (&job->function, fields->function.data, fields->function.size);
    buffer_append (&job->spec, fields->spec.data, fields->spec.size);
    job->known = calloc (self->words, sizeof (uint64_t));
    assert (job->known);
    HASH_ADD_KEYPTR (hh, self->table, job, KEY_BYTES, entry);
    return job;
}

void job_cache_each (job_cache_t *self, void (*visit) (void *context, cached_job_t *job),
                     void *context)
{
    entry_t *entry, *next;
    HASH_ITER (hh, self->table, entry, next)
        visit (context, &entry->job);
}

void job_cache_remove (job_cache_t *self, cached_job_t **job_p)
{
    assert ((*job_p)->leases == 0);
    s_job_cache_free (self, (entry_t *) *job_p);
    *job_p = NULL;
}

size_t job_cache_count (const job_cache_t *self)
{
    return HASH_COUNT (self->table);
}

bool job_cache_is_known (const cached_job_t *self, size_t index)
{
    return self->known [index / 64] >> (index % 64) & 1;
}

void job_cache_set_known (cached_job_t *self, size_t index, bool known)
{
    uint64_t bit = UINT64_C (1) << (index % 64);
    self->known [index / 64] =
        known ? self->known [index / 64] | bit : self->known [index / 64] & ~bit;
}

void job_cache_measure (cached_job_t *self, int64_t run_us)
{
    int64_t sample = run_us < INT32_MAX ? run_us : INT32_MAX; //  A slot may report any time
    self->mean_us = self->mean_us < 0 ? sample : moving_mean_after (self->mean_us, sample);
}
