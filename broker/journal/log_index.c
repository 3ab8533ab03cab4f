//  log_index.c - where each job, and each forgotten identity, begins in the store's log

#include "broker/journal/log_index.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct log_index {
    job_t *jobs;              //  In the order in which they begin in the log (utlist)
    tombstones_t *tombstones; //  Borrowed
};

log_index_t *log_index_new (tombstones_t *tombstones)
{
    log_index_t *self = calloc (1, sizeof *self);
    assert (self);
    self->tombstones = tombstones;
    return self;
}

void log_index_destroy (log_index_t **self_p)
{
    assert (self_p);
    log_index_t *self = *self_p;
    if (!self)
        return;
    assert (!self->jobs);
    free (self);
    *self_p = NULL;
}

void log_index_remove (log_index_t *self, job_t *job)
{
    if (job->logged)
        DL_DELETE2 (self->jobs, job, log_prev, log_next);
    job->logged = false;
}

void log_index_add (log_index_t *self, job_t *job)
{
    log_index_remove (self, job);
    DL_APPEND2 (self->jobs, job, log_prev, log_next);
    job->logged = true;
    job->logged_at = 0;
}

uint64_t log_index_release_payload (job_t *job, uint32_t index)
{
    uint64_t bytes = payloads_size (job->stock, index) + payloads_large_size (job->stock, index);
    uint64_t less = bytes < job->logged_bytes ? bytes : job->logged_bytes;
    job->logged_bytes -= less;
    return less;
}

void log_index_add_ghost (log_index_t *self, const identity_t *identity)
{
    tombstones_logged (self->tombstones, identity);
}

//  New jobs are at the end of the list; the head's prev is the last one.
void log_index_place (log_index_t *self, uint64_t seq)
{
    tombstones_place (self->tombstones, seq);
    for (job_t *job = self->jobs ? self->jobs->log_prev : NULL; job && job->logged_at == 0;
         job = job == self->jobs ? NULL : job->log_prev)
        job->logged_at = seq;
}

job_t *log_index_oldest_job (const log_index_t *self)
{
    return self->jobs && self->jobs->logged_at ? self->jobs : NULL;
}

uint64_t log_index_oldest (const log_index_t *self)
{
    const job_t *job = log_index_oldest_job (self);
    uint64_t tombstone = tombstones_oldest (self->tombstones);
    return job && job->logged_at < tombstone ? job->logged_at : tombstone;
}

bool log_index_next_ghost (log_index_t *self, uint64_t before, const identity_t **identity,
                           uint64_t *number)
{
    return tombstones_next (self->tombstones, before, identity, number);
}
