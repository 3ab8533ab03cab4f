//  ledger_jobs.c - opens, cancels, retries and forgets jobs

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"
#include "broker/core/detail.h"
#include "broker/jobs/committed.h"
#include "broker/jobs/job_status.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/log_index.h"
#include "broker/journal/records.h"
#include "broker/ledger/ledger_private.h"
#include "broker/peers/follower.h"
#include "broker/queue/ready.h"
#include "broker/record/tombstones.h"

#define CANCEL_VISITS 4096u //  Up to this cost, a job is cancelled at once
#define WEIGH_JOBS 1024u    //  Per turn

static void s_copy_options (job_t *job, const wire_job_open_t *open)
{
    job->ref = open->ref;
    job->durable = open->durable;
    job->detached = open->detached || open->durable;
    job->name = view_text (open->name);
    job->function = view_text (open->function);
    job->kind = (uint32_t) open->kind;
    job->priority = (int32_t) open->priority;
    job->limit = open->limit > UINT32_MAX ? UINT32_MAX : (uint32_t) open->limit;
    retry_policy_read (&job->tries, open);
    job->expire_ms = open->expire_ms;
    spans_read (&job->has, &open->ended);
    job->timeout_ms = open->timeout_ms;
    job->grace_ms = open->grace_ms;
    buffer_append (&job->spec, open->spec.data, open->spec.size);
    job->needs = calloc (open->needs.count + 1, sizeof (char *));
    assert (job->needs);
    cursor_t cursor = cursor_of_view (open->needs.values);
    view_t need;
    while (job->needs_count < open->needs.count && cursor_text (&cursor, &need))
        job->needs [job->needs_count++] = view_text (need);
}

static job_t *s_ledger_jobs_new (ledger_t *self, uint64_t number, view_t client, view_t holder,
                                 uint64_t share, const wire_job_open_t *open)
{
    identity_t identity = identity_of (open->uuid.data, holder);
    key_usage_t *usage = key_usage_take (self->ctx, identity.holder);
    job_t *job = job_new (&usage->jobs);
    s_copy_options (job, open);
    job->identity = identity;
    job->usage = usage;
    job->number = number;
    job->created_us = clock_wall_us ();
    job->client_name = view_text (client);
    if (job->detached)
        job->keep = result_log_new (&usage->kept);
    ready_join (self->ctx->ready, job, share);
    job_table_add (self->ctx->jobs, job);
    return job;
}

job_t *ledger_jobs_open (ledger_t *self, client_t *client, const wire_job_open_t *open)
{
    job_t *job =
        s_ledger_jobs_new (self, job_table_next_number (self->ctx->jobs), wire_view (client->name),
                           wire_view (client->holder), client->session, open);
    key_usage_charge (self->ctx, client, job);
    if (job->detached)
        return job;
    job->owner = client;
    client->jobs_open++;
    return job;
}

job_t *ledger_jobs_restore (ledger_t *self, const wire_log_job_t *record,
                            const wire_job_open_t *open)
{
    unsigned share; //  Without its session: jobs of clients with the same label share
    HASH_VALUE (record->client.data, record->client.size, share);
    job_table_skip_numbers (self->ctx->jobs, record->job);
    return s_ledger_jobs_new (self, record->job, record->client, record->holder, share, open);
}

static void s_ledger_jobs_append (context_t *ctx, wait_t *wait)
{
    job_t *job = job_table_find (ctx->jobs, wait->job);
    if (!job)
        return;
    wire_list_t payloads = wire_list_of (&wait->bytes, wait->count);
    job->pending--;
    committed_append (ctx, job, &payloads, &wait->location);
}

static void s_record_tasks (journal_t *journal, job_t *job, const wire_list_t *payloads)
{
    result_log_location_t location = records_tasks (journal, job, payloads);
    wait_t *wait = journal_wait (journal, s_ledger_jobs_append);
    wait->job = job->number;
    wait->count = payloads->count;
    wait->location.offset = location.offset;
    buffer_append (&wait->bytes, payloads->values.data, payloads->values.size);
    job->pending++;
}

void ledger_jobs_submit (ledger_t *self, job_t *job, const wire_list_t *payloads)
{
    journal_t *journal = ledger_journal (self, job);
    if (journal)
        s_record_tasks (journal, job, payloads);
    job->promised += (uint32_t) payloads->count;
    if (!journal)
        committed_append (self->ctx, job, payloads, NULL);
}

static void s_ledger_jobs_seal (context_t *ctx, wait_t *wait)
{
    job_t *job = job_table_find (ctx->jobs, wait->job);
    if (!job)
        return;
    job->pending--;
    committed_seal (ctx, job);
}

void ledger_jobs_finish (ledger_t *self, job_t *job)
{
    journal_t *journal = ledger_journal (self, job);
    job->seal_promised = true;
    if (!journal) {
        committed_seal (self->ctx, job);
        return;
    }
    records_seal (journal, job);
    journal_wait (journal, s_ledger_jobs_seal)->job = job->number;
    job->pending++;
}

//  Removes the job's leases from all lists, because a copy of it may create the same leases again.
static void s_strike_leases (ledger_t *self, uint64_t job)
{
    for (size_t location = 0; location < roster_entries (self->ctx->roster); location++) {
        worker_record_t *worker = roster_at (self->ctx->roster, location);
        size_t left = 0;
        for (size_t i = 0; worker && i < worker->leases_count; i++)
            if (worker->leases [i].job != job)
                worker->leases [left++] = worker->leases [i];
        if (worker)
            worker->leases_count = left;
    }
}

void ledger_jobs_unmake (ledger_t *self, job_t *job)
{
    if (job->leased)
        s_strike_leases (self, job->number);
    for (uint32_t i = 0; job->leased && i < job->total; i++)
        ledger_release (self, job, i);
    ledger_drop (self, job);
    while (self->gone) //  While a log is read there are no turns
        ledger_free_gone (self);
}

void ledger_jobs_bury (ledger_t *self, const identity_t *identity, uint64_t number)
{
    job_t *job = job_table_find (self->ctx->jobs, number);
    tombstones_add (self->ctx->tombstones, identity, number, self->ctx->now_us);
    log_index_add_ghost (self->ctx->log_index, identity);
    if (job)
        ledger_jobs_unmake (self, job);
}

static void s_order_cancel (ledger_t *self, job_t *job, task_t *task)
{
    task_step (task, TASK_CANCELLING);
    job->cancelling++;
    worker_record_cancel (roster_at (self->ctx->roster, task->worker), task->serial);
}

uint32_t ledger_jobs_cancel (ledger_t *self, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    if (task->state == TASK_DONE || task->state == TASK_CANCELLING)
        return 0;
    if (task->state != TASK_LEASED)
        ledger_end (self, job, index, CADRE_OUTCOME_CANCELLED, (view_t){0});
    else {
        s_order_cancel (self, job, task);
        if (ledger_journal (self, job))
            records_cancel (self->ctx->journal, job, index);
    }
    return 1;
}

//  A task that a worker has: the worker ends it, or returns it if it has not begun.
static void s_strike_one (ledger_t *self, job_t *job, task_t *task)
{
    if (task->state != TASK_LEASED)
        return;
    if (job->cancelled)
        s_order_cancel (self, job, task);
    else
        worker_record_recall (roster_at (self->ctx->roster, task->worker), task->serial);
}

bool ledger_jobs_strike (ledger_t *self, job_t *job, uint32_t *visits)
{
    if (!job->cancelled && !job->stopping)
        return true;
    for (; job->cancelling < job->leased && job->struck < job->total && *visits;
         job->struck++, --*visits)
        s_strike_one (self, job, &job->tasks [job->struck]);
    return job->cancelling == job->leased || job->struck == job->total;
}

//  A job is cancelled in steps; if it has few tasks, at once.
static void s_strike_all (ledger_t *self, job_t *job)
{
    uint32_t visits = CANCEL_VISITS;
    job->struck = 0;
    ledger_jobs_strike (self, job, &visits);
    settle_queue_add (self->ctx, job);
}

static void s_doom (ledger_t *self, job_t *job, unsigned outcome)
{
    job->doom = (uint8_t) outcome;
    job->reaped = 0;
    buffer_clear (&job->doom_detail);
    job_status_update (self->ctx, job);
    settle_queue_add (self->ctx, job);
}

//  Idempotent: tasks that come later are cancelled, too.
uint32_t ledger_jobs_cancel_all (ledger_t *self, job_t *job)
{
    uint32_t count = job->ready + job->delayed + job->leased - job->cancelling;
    if (job_is_over (job) || (job->cancelled && job->doom == CADRE_OUTCOME_CANCELLED))
        return 0;
    s_doom (self, job, CADRE_OUTCOME_CANCELLED);
    job->cancelled = true;
    s_strike_all (self, job);
    if (ledger_journal (self, job))
        records_doom (self->ctx->journal, job);
    return count;
}

void ledger_jobs_stop (ledger_t *self, job_t *job)
{
    if (job_is_over (job) || job->cancelled || job->stopping)
        return;
    s_doom (self, job, CADRE_OUTCOME_CANCELLED);
    job->stopping = true;
    s_strike_all (self, job);
    if (ledger_journal (self, job))
        records_doom (self->ctx->journal, job);
}

void ledger_jobs_doom (ledger_t *self, job_t *job, unsigned outcome, const char *kind,
                       const char *message)
{
    s_doom (self, job, outcome);
    detail_pack (&job->doom_detail, kind, message, NULL);
    if (ledger_journal (self, job))
        records_doom (self->ctx->journal, job);
}

static void s_retry_one (job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    task_step (task, TASK_READY);
    task->outcome = 0;
    task->failed = task->lost = 0;
    task->breaches = 0;
    job->kept_at [index] = 0;
    result_log_drop_large (job->keep, index);
    job->failed--;
    job->ready++;
    job_put_back (job, index);
}

//  True when a task has ended.
bool ledger_jobs_reap_one (ledger_t *self, job_t *job)
{
    uint32_t index = job->reaped++;
    if (!task_is_waiting (&job->tasks [index]))
        return false;
    ledger_end (self, job, index, job->doom, wire_view_of (&job->doom_detail));
    return true;
}

//  The other tasks of a cancelled job stay cancelled. (While the log is read they have ended
//  already.)
static void s_finish_doom (ledger_t *self, job_t *job)
{
    while (ledger_journal (self, job) && job->doom && job->reaped < job->total)
        ledger_jobs_reap_one (self, job);
}

//  Sets the job's state to that of a job whose tasks have not ended.
static void s_reopen (ledger_t *self, job_t *job)
{
    job->doom = 0;
    job->cancelled = job->stopping = false;
    job->ended = false;
    job->ended_us = 0;
    job->waiting_us = 0;
    job_status_update (self->ctx, job);
}

uint32_t ledger_jobs_retry_some (ledger_t *self, job_t *job, uint32_t first, uint32_t end)
{
    uint32_t count = 0;
    for (uint32_t i = first; i < end; i++)
        if (job->tasks [i].state == TASK_DONE && job->tasks [i].outcome != CADRE_OUTCOME_OK) {
            s_retry_one (job, i);
            count++;
        }
    if (count == 0)
        return 0;
    if (ledger_journal (self, job))
        records_retry (self->ctx->journal, job, first, end);
    s_reopen (self, job);
    return count;
}

bool ledger_jobs_is_reaping (const job_t *job)
{
    return job->doom && job->reaped < job->total;
}

uint32_t ledger_jobs_retry (ledger_t *self, job_t *job, uint32_t index)
{
    if (index == UINT32_MAX)
        return ledger_jobs_retry_some (self, job, 0, job->total);
    s_finish_doom (self, job);
    return ledger_jobs_retry_some (self, job, index, index + 1);
}

void ledger_jobs_forget (ledger_t *self, job_t *job)
{
    assert (job->detached && job->leased == 0);
    tombstones_add (self->ctx->tombstones, &job->identity, job->number, self->ctx->now_us);
    if (ledger_journal (self, job))
        records_forget (self->ctx->journal, job);
    ledger_drop (self, job);
}

void ledger_jobs_withdraw (ledger_t *self, job_t *job)
{
    while (job->followers) { //  The client that opened it was told that it is refused
        follower_t *follower = job->followers;
        follower_destroy (&follower);
    }
    if (ledger_journal (self, job) && job->logged)
        records_withdraw (self->ctx->journal, job);
    ledger_drop (self, job);
}

uint64_t ledger_jobs_forgotten (const ledger_t *self, const identity_t *identity)
{
    return tombstones_find (self->ctx->tombstones, identity);
}

void ledger_jobs_sweep (ledger_t *self)
{
    tombstones_sweep (self->ctx->tombstones, self->ctx->now_us);
    if (self->ctx->scarce && !self->weighing.at) //  Keys come and go, and so do their shares
        job_table_walk (self->ctx->jobs, &self->weighing);
}

void ledger_jobs_sweep_job (ledger_t *self, job_t *job)
{
    int64_t oldest_us = self->ctx->now_us - LEDGER_KEPT_US;
    if (job->durable && job->ended && !job->followers && job->over_us < oldest_us)
        ledger_jobs_forget (self, job);
}

void ledger_jobs_abandon (ledger_t *self, client_t *client)
{
    ref_t *ref, *next;
    HASH_ITER (hh, client->refs, ref, next) {
        job_t *job = ref->kind == REF_JOB ? job_table_find (self->ctx->jobs, ref->job) : NULL;
        if (!job || job->owner != client)
            continue;
        ledger_disown (self, job);
        job_table_release_identity (self->ctx->jobs, job); //  The client may open it again
        job->abandoned = true;
        job->cancelled = true;
        s_strike_all (self, job);
        ready_update (self->ctx->ready, job, true);
    }
}

void ledger_jobs_stall (ledger_t *self, client_t *client)
{
    for (ref_t *ref = client->refs; ref; ref = ref->hh.next) {
        job_t *job = ref->kind == REF_JOB ? job_table_find (self->ctx->jobs, ref->job) : NULL;
        if (job && job->owner == client)
            ready_update (self->ctx->ready, job, client->stalled);
    }
}

//  When tasks fill the memory, dispatch continues, because running them frees memory.
static bool s_results_fill (const context_t *ctx, uint64_t most)
{
    return context_used_bytes (ctx) >= most && ctx->kept_bytes >= ctx->memory_limit / 8;
}

static void s_go_on_weighing (ledger_t *self)
{
    job_t *job;
    for (unsigned i = 0; i < WEIGH_JOBS && (job = job_table_step (&self->weighing)) != NULL; i++)
        if (job->detached && !job->durable)
            job_status_update (self->ctx, job);
    self->ctx->unfinished = self->ctx->unfinished || self->weighing.at;
}

void ledger_jobs_weigh (ledger_t *self)
{
    context_t *ctx = self->ctx;
    uint64_t part = ctx->memory_limit / 16, spare = budget_spare (ctx);
    bool full = s_results_fill (ctx, part * (ctx->full ? 10 : 11));
    bool scarce = s_results_fill (ctx, part * (ctx->scarce ? 10 : 11) - spare);
    s_go_on_weighing (self);
    if (full == ctx->full && scarce == ctx->scarce)
        return;
    ctx->full = full;
    ctx->scarce = scarce;
    job_table_walk (self->ctx->jobs, &self->weighing);
    s_go_on_weighing (self);
}
