//  ledger_log.c - what of the ledger is in the log, in the order in which it lies there

#include <utlist.h>

#include "broker/ledger_own.h"

void ledger_log_job (ledger_t *self, job_t *job)
{
    if (job->logged)
        DL_DELETE2 (self->log, job, log_prev, log_next);
    DL_APPEND2 (self->log, job, log_prev, log_next);
    job->logged = true;
    job->logged_at = 0;
}

void ledger_log_ghost (ledger_t *self, const identity_t *identity)
{
    ghosts_logged (self->ghosts, identity);
}

bool ledger_log_next_ghost (ledger_t *self, uint64_t before, const identity_t **identity, uint64_t *number)
{
    return ghosts_next (self->ghosts, before, identity, number);
}

//  The new ones are the last ones; the first one's neighbour before it is the last.
void ledger_log_place (ledger_t *self, uint64_t seq)
{
    ghosts_place (self->ghosts, seq);
    for (job_t *job = self->log ? self->log->log_prev : NULL; job && job->logged_at == 0;
         job = job == self->log ? NULL : job->log_prev)
        job->logged_at = seq;
}

job_t *ledger_log_oldest_job (const ledger_t *self)
{
    return self->log && self->log->logged_at ? self->log : NULL;
}

uint64_t ledger_log_oldest (const ledger_t *self)
{
    const job_t *job = ledger_log_oldest_job (self);
    uint64_t ghost = ghosts_oldest (self->ghosts);
    return job && job->logged_at < ghost ? job->logged_at : ghost;
}

void ledger_log_drop (ledger_t *self, job_t *job)
{
    if (job->logged)
        DL_DELETE2 (self->log, job, log_prev, log_next);
    job->logged = false;
}
