//  ledger_settle.c - what many tasks of a job need: dooms, expiry, and the end of the job

#include <string.h>

#include "broker/deliver.h"
#include "broker/detail.h"
#include "broker/expiry.h"
#include "broker/journal.h"
#include "broker/ledger_own.h"

#define REAP_BACKLOG_BYTES                                                                                   \
    (16u * 1024 * 1024) //  A doomed job waits while its client has more than this to read

//  Many tasks that end at once fill memory with what they leave: its client must read that first, or the disk take it.
static bool s_has_much_to_tell (const ledger_t *self, const job_t *job)
{
    if (ledger_journal (self, job))
        return self->hub->results_bytes > HUB_RESULTS_BYTES;
    return job->owner && client_backlog (job->owner) > REAP_BACKLOG_BYTES;
}

//  False when it goes on later.
static bool s_end_expired (ledger_t *self, job_t *job)
{
    buffer_t detail = {0};
    detail_pack (&detail, "expired", "it waited longer than --expire allows, and was not begun", NULL);
    while (job->expired < job->expires && !s_has_much_to_tell (self, job)) {
        uint32_t index = job->expired++;
        if (job->tasks [index].state == TASK_READY && job->tasks [index].attempt == 0)
            ledger_end (self, job, index, CADRE_OUTCOME_EXPIRED, wire_view_of (&detail));
    }
    buffer_free (&detail);
    return job->expired == job->expires;
}

//  The rest is ended in later turns.
bool ledger_expire (ledger_t *self, job_t *job)
{
    if (!expiry_look (self->hub, job) || s_end_expired (self, job))
        return false;
    ledger_look_at (self, job);
    return true;
}

//  Ends waiting tasks of a doomed job; false when it goes on later.
static bool s_reap (ledger_t *self, job_t *job)
{
    while (job->doom && !job->abandoned && job->reaped < job->total) {
        if (s_has_much_to_tell (self, job))
            return false;
        ledger_reap_one (self, job);
    }
    return true;
}

//  Of a job that had ended before a restart the log says when, by the wall's clock; that is not asked again while this broker runs.
static void s_note_end (ledger_t *self, job_t *job)
{
    int64_t wall_us = moment_wall_us ();
    if (!job->ended_us) {
        job->ended_us = wall_us;
        if (ledger_journal (self, job))
            journal_ended (self->hub->journal, job);
    }
    job->ended = true;
    job->over_us = self->hub->now_us - (wall_us > job->ended_us ? wall_us - job->ended_us : 0);
}

static void s_finish_detached (ledger_t *self, job_t *job)
{
    if (!job->ended) {
        s_note_end (self, job);
        ledger_end_lanes (self, job);
        if (hub_is_tight (self->hub))
            keep_spill_all (job->keep);
    }
    follow_touch (job, self->hub);
}

//  True when nothing more is to be done for the job now.
static bool s_settle_one (ledger_t *self, job_t *job)
{
    if (!s_reap (self, job) || (job->expired < job->expires && !s_end_expired (self, job)))
        return false;
    if (!job_is_over (job))
        return true;
    if (job->detached) {
        s_finish_detached (self, job);
        return true;
    }
    if (job->owner) {
        client_flush (job->owner);
        if (stream_is_cutting (job->owner->out))
            return false;
        client_state (job->owner, self->hub, job->ref, job, true);
    }
    ledger_drop (self, job);
    return true;
}

bool ledger_is_settling (const ledger_t *self)
{
    return self->settling != NULL;
}

void ledger_settle (ledger_t *self)
{
    job_t *list = self->settling, *next;
    self->settling = NULL;
    for (job_t *job = list; job; job = next) {
        next = job->settle_next;
        job->settling = false;
        if (!s_settle_one (self, job))
            ledger_look_at (self, job);
    }
}
