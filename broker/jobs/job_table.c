//  job_table.c - all jobs of a broker, by number and by identity

#include "broker/jobs/job_table.h"

#include <assert.h>
#include <stdlib.h>

struct job_table {
    job_t *by_number;     //  All of them (uthash)
    job_t *by_identity;   //  The same without abandoned jobs
    job_t *found;         //  The job found last
    uint64_t last_number; //  The last number assigned
};

job_table_t *job_table_new (void)
{
    job_table_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void job_table_destroy (job_table_t **self_p)
{
    assert (self_p);
    job_table_t *self = *self_p;
    if (!self)
        return;
    assert (!self->by_number);
    free (self);
    *self_p = NULL;
}

void job_table_add (job_table_t *self, job_t *job)
{
    HASH_ADD (hh_number, self->by_number, number, sizeof job->number, job);
    HASH_ADD (hh_identity, self->by_identity, identity, sizeof job->identity, job);
}

void job_table_remove (job_table_t *self, job_t *job)
{
    job_t *next = job->hh_number.next;
    walk_pass (&job->walks, next, next ? &next->walks : NULL);
    HASH_DELETE (hh_number, self->by_number, job);
    if (!job->abandoned)
        HASH_DELETE (hh_identity, self->by_identity, job);
    if (self->found == job)
        self->found = NULL;
}

void job_table_release_identity (job_table_t *self, job_t *job)
{
    HASH_DELETE (hh_identity, self->by_identity, job);
}

job_t *job_table_find (job_table_t *self, uint64_t number)
{
    if (self->found && self->found->number == number)
        return self->found;
    job_t *job;
    HASH_FIND (hh_number, self->by_number, &number, sizeof number, job);
    if (job)
        self->found = job;
    return job;
}

job_t *job_table_find_identity (const job_table_t *self, const identity_t *identity)
{
    job_t *job;
    HASH_FIND (hh_identity, self->by_identity, identity, sizeof *identity, job);
    return job;
}

job_t *job_table_first (const job_table_t *self)
{
    return self->by_number;
}

size_t job_table_count (const job_table_t *self)
{
    return HASH_CNT (hh_number, self->by_number);
}

static void s_stand_at (walk_t *walk, job_t *job)
{
    walk_to (walk, job, job ? &job->walks : NULL);
}

void job_table_walk (job_table_t *self, walk_t *walk)
{
    s_stand_at (walk, self->by_number);
}

void job_table_walk_from (job_table_t *self, walk_t *walk, uint64_t number)
{
    job_t *job = job_table_find (self, number);
    const job_t *before = job || number == 0 ? NULL : job_table_find (self, number - 1);
    if (before)
        s_stand_at (walk, before->hh_number.next);
    else
        s_stand_at (walk, job ? job : self->by_number);
}

job_t *job_table_step (walk_t *walk)
{
    job_t *job = walk->at;
    if (job)
        s_stand_at (walk, job->hh_number.next);
    return job;
}

uint64_t job_table_next_number (job_table_t *self)
{
    return ++self->last_number;
}

uint64_t job_table_last_number (const job_table_t *self)
{
    return self->last_number;
}

void job_table_skip_numbers (job_table_t *self, uint64_t numbers)
{
    if (numbers > self->last_number)
        self->last_number = numbers;
}
