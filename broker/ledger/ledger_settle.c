//  ledger_settle.c - handles many tasks of a job in steps: dooms, expiry, and the end of the job

#include "broker/core/detail.h"
#include "broker/jobs/expiry.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/records.h"
#include "broker/ledger/ledger_private.h"
#include "broker/peers/follower.h"

#define REAP_BACKLOG_BYTES                                                                         \
    (16u * 1024 * 1024) //  A doomed job waits while its client has a larger backlog

//  Limit per turn, in visits of a task (see request.h); lower while frames wait.
#define VISITS_QUIET 32768u
#define VISITS_HEARD 8192u
#define VISITS_SLICE 4096u //  Of one job, before the next one is served
#define VISITS_JOB 16u     //  Cost of a check of a job
#define VISITS_END 64u     //  Cost of the end of a task
#define VISITS_SHED 32768u //  For freed memory; four times as much when memory is scarce

typedef enum progress {
    SETTLED, //  Nothing more to do for the job now
    BLOCKED, //  Its client must read first, or the disk must write
    PUT_OFF  //  It continues in a later turn
} progress_t;

//  Many tasks that end at once produce many results: the client must read them first, or the disk
//  store them.
static bool s_has_much_to_tell (const ledger_t *self, const job_t *job)
{
    if (ledger_journal (self, job))
        return self->ctx->results_bytes > CONTEXT_RESULTS_BYTES;
    return job->owner && client_backlog (job->owner) > REAP_BACKLOG_BYTES;
}

static void s_ledger_settle_spend (uint32_t *visits, uint32_t cost)
{
    *visits -= *visits < cost ? *visits : cost;
}

static progress_t s_end_expired (ledger_t *self, job_t *job, uint32_t *visits)
{
    buffer_t detail = {0};
    detail_pack (&detail, "expired", "it waited longer than --expire allows, and was not begun",
                 NULL);
    while (job->expired < job->expires && *visits && !s_has_much_to_tell (self, job)) {
        uint32_t index = job->expired++;
        bool ends = job->tasks [index].state == TASK_READY && job->tasks [index].attempt == 0;
        if (ends)
            ledger_end (self, job, index, CADRE_OUTCOME_EXPIRED, wire_view_of (&detail));
        s_ledger_settle_spend (visits, ends ? VISITS_END : 1);
    }
    buffer_free (&detail);
    return job->expired == job->expires ? SETTLED : *visits ? BLOCKED : PUT_OFF;
}

//  The remaining tasks are ended in later turns.
bool ledger_settle_expire (ledger_t *self, job_t *job)
{
    uint32_t visits = VISITS_SLICE;
    if (!expiry_look (self->ctx, job) || s_end_expired (self, job, &visits) == SETTLED)
        return false;
    settle_queue_add (self->ctx, job);
    return true;
}

//  Ends waiting tasks of a doomed job.
static progress_t s_reap (ledger_t *self, job_t *job, uint32_t *visits)
{
    while (ledger_jobs_is_reaping (job) && !job->abandoned) {
        if (*visits == 0)
            return PUT_OFF;
        if (s_has_much_to_tell (self, job))
            return BLOCKED;
        s_ledger_settle_spend (visits, ledger_jobs_reap_one (self, job) ? VISITS_END : 1);
    }
    return SETTLED;
}

//  For a job that had ended before a restart, the log has the wall time of its end; later changes
//  of the wall clock have no effect.
static void s_note_end (ledger_t *self, job_t *job)
{
    int64_t wall_us = clock_wall_us ();
    if (!job->ended_us) {
        job->ended_us = wall_us;
        if (ledger_journal (self, job))
            records_ended (self->ctx->journal, job);
    }
    job->ended = true;
    job->over_us = self->ctx->now_us - (wall_us > job->ended_us ? wall_us - job->ended_us : 0);
}

static void s_finish_detached (ledger_t *self, job_t *job)
{
    if (!job->ended) {
        s_note_end (self, job);
        ledger_end_lanes (self, job);
        if (context_is_tight (self->ctx))
            result_log_spill_all (job->keep);
    }
    follower_touch (job, self->ctx);
}

//  The job is over: informs its client and followers.
static progress_t s_ledger_settle_finish (ledger_t *self, job_t *job)
{
    if (job->detached) {
        s_finish_detached (self, job);
        return SETTLED;
    }
    if (job->owner) {
        client_flush (job->owner);
        if (stream_is_cutting (job->owner->out))
            return BLOCKED;
        client_state (job->owner, self->ctx, job->ref, job, true);
    }
    ledger_drop (self, job);
    return SETTLED;
}

static progress_t s_settle_one (ledger_t *self, job_t *job, uint32_t *visits)
{
    s_ledger_settle_spend (visits, VISITS_JOB);
    if (!ledger_jobs_strike (self, job, visits))
        return PUT_OFF;
    progress_t progress = s_reap (self, job, visits);
    if (progress == SETTLED && job->expired < job->expires)
        progress = s_end_expired (self, job, visits);
    if (progress == SETTLED && job_is_over (job))
        progress = s_ledger_settle_finish (self, job);
    return progress;
}

void ledger_settle_wake (void *owner, job_t *job, uint32_t index)
{
    ledger_t *self = owner;
    if (index == EXPIRY_INDEX)
        ledger_settle_expire (self, job);
    else if (index < job->total)
        ledger_end_delay (self, job, index);
}

bool ledger_settle_goes_on (const ledger_t *self)
{
    return self->ctx->settling != NULL;
}

//  Serves the next job. A blocked job is served again when its client or the disk makes progress,
//  which runs the loop.
static progress_t s_settle_next (ledger_t *self, uint32_t *visits)
{
    job_t *job = settle_queue_take (self->ctx);
    uint32_t slice = *visits < VISITS_SLICE ? *visits : VISITS_SLICE, left = slice;
    progress_t progress = s_settle_one (self, job, &left);
    if (progress != SETTLED)
        settle_queue_add (self->ctx, job);
    s_ledger_settle_spend (visits, slice - left);
    return progress;
}

static void s_shed (ledger_t *self)
{
    uint32_t visits = context_is_tight (self->ctx) ? 4 * VISITS_SHED : VISITS_SHED;
    while (self->gone && job_shed (self->gone, &visits))
        ledger_free_gone (self);
    self->ctx->unfinished = self->ctx->unfinished || self->gone;
}

//  Serves jobs in turn, until all that remain are blocked.
void ledger_settle (ledger_t *self)
{
    uint32_t visits = self->ctx->heard ? VISITS_HEARD : VISITS_QUIET;
    size_t left = settle_queue_count (self->ctx), blocked = 0;
    bool moved = false;
    while (blocked < left && self->ctx->settling && visits) {
        progress_t progress = s_settle_next (self, &visits);
        left -= progress == SETTLED;
        blocked = progress == BLOCKED ? blocked + 1 : 0;
        moved = moved || progress != BLOCKED;
    }
    s_shed (self);
    self->ctx->unfinished = self->ctx->unfinished || (moved && self->ctx->settling);
}
