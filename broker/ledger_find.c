//  ledger_find.c - which jobs there are

#include "broker/ledger_own.h"

job_t *ledger_find (ledger_t *self, uint64_t number)
{
    if (self->last && self->last->number == number)
        return self->last;
    job_t *job;
    HASH_FIND (hh_number, self->by_number, &number, sizeof number, job);
    if (job)
        self->last = job;
    return job;
}

job_t *ledger_find_identity (ledger_t *self, const identity_t *identity)
{
    job_t *job;
    HASH_FIND (hh_identity, self->by_identity, identity, sizeof *identity, job);
    return job;
}

job_t *ledger_first (ledger_t *self)
{
    return self->by_number;
}

static void s_walk_to (walk_t *walk, job_t *job)
{
    walk_to (walk, job, job ? &job->walks : NULL);
}

void ledger_walk (ledger_t *self, walk_t *walk)
{
    s_walk_to (walk, self->by_number);
}

job_t *ledger_step (walk_t *walk)
{
    job_t *job = walk->at;
    if (job)
        s_walk_to (walk, job->hh_number.next);
    return job;
}

size_t ledger_count (const ledger_t *self)
{
    return HASH_CNT (hh_number, self->by_number);
}

bool ledger_has_attached (const ledger_t *self)
{
    return self->attached > 0;
}
