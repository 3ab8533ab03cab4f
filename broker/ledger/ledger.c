//  ledger.c - the life of jobs, and every change of a task's state

#include "broker/ledger/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "broker/core/budget.h"
#include "broker/core/detail.h"
#include "broker/jobs/job_status.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/log_index.h"
#include "broker/journal/records.h"
#include "broker/ledger/deliver.h"
#include "broker/ledger/ledger_private.h"
#include "broker/ledger/quarantine.h"
#include "broker/peers/follower.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "broker/record/tombstones.h"

#define DROP_VISITS 4096u //  Up to this cost, the memory of a removed job is freed at once

ledger_t *ledger_new (context_t *ctx)
{
    ledger_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    ctx->jobs = job_table_new ();
    ctx->tombstones = tombstones_new (budget_ghosts (ctx), &ctx->tombstone_bytes);
    ctx->log_index = log_index_new (ctx->tombstones);
    return self;
}

void ledger_disown (ledger_t *self, job_t *job)
{
    if (!job->owner)
        return;
    client_unchanged (job->owner, job);
    client_ref_remove (job->owner, job->ref);
    job->owner->jobs_open--;
    job->owner = NULL;
    job_status_count_awaited (self->ctx, job);
}

void ledger_end_lanes (ledger_t *self, job_t *job)
{
    for (size_t i = 0; i < job->lanes_count; i++) {
        worker_record_t *worker = roster_by_session (self->ctx->roster, job->lanes [i].session);
        if (worker)
            lane_put_job_end (worker->lane, job->number);
    }
    job->lanes_count = 0;
}

static void s_ledger_free (ledger_t *self, job_t *job)
{
    DL_DELETE2 (self->gone, job, settle_prev, settle_next);
    key_usage_t *usage = job->usage;
    job_destroy (&job);
    key_usage_give (self->ctx, &usage);
}

//  The memory of a large job is freed in several turns.
void ledger_drop (ledger_t *self, job_t *job)
{
    assert (job->leased == 0);
    settle_queue_remove (self->ctx, job);
    delay_leave (self->ctx->delay, job);
    key_usage_discharge (self->ctx, job);
    ledger_end_lanes (self, job);
    ledger_disown (self, job);
    job_status_remove (self->ctx, job);
    log_index_remove (self->ctx->log_index, job);
    while (job->followers) {
        follower_t *follower = job->followers;
        client_state (follower->client, self->ctx, follower->ref, job, true);
        follower_destroy (&follower);
    }
    job_table_remove (self->ctx->jobs, job);
    DL_APPEND2 (self->gone, job, settle_prev, settle_next);
    uint32_t visits = DROP_VISITS;
    if (job_shed (job, &visits))
        s_ledger_free (self, job);
}

void ledger_free_gone (ledger_t *self)
{
    s_ledger_free (self, self->gone);
}

void ledger_destroy (ledger_t **self_p)
{
    assert (self_p);
    ledger_t *self = *self_p;
    if (!self)
        return;
    for (job_t *job; (job = job_table_first (self->ctx->jobs)) != NULL;) {
        job->leased = 0;
        ledger_drop (self, job);
    }
    while (self->gone)
        ledger_free_gone (self);
    log_index_destroy (&self->ctx->log_index);
    tombstones_destroy (&self->ctx->tombstones);
    job_table_destroy (&self->ctx->jobs);
    free (self);
    *self_p = NULL;
}

bool ledger_is_awaited (const ledger_t *self)
{
    return self->ctx->jobs_awaited > 0;
}

journal_t *ledger_journal (const ledger_t *self, const job_t *job)
{
    return job->durable ? self->ctx->journal : NULL;
}

//  A long task fully uses its slot, and no more than that.
static uint32_t s_share (uint32_t cost_ns)
{
    return cost_ns < JOB_COST_USUAL_NS ? cost_ns : JOB_COST_USUAL_NS;
}

void ledger_lease (ledger_t *self, job_t *job, uint32_t index, worker_record_t *worker,
                   uint64_t serial)
{
    task_t *task = &job->tasks [index];
    task_step (task, TASK_LEASED);
    task->serial = serial;
    task->worker = worker->index;
    if (task->attempt < WIRE_ATTEMPTS_MAX)
        task->attempt++;
    job->ready--;
    job->leased++;
    task->cost_ns = job_cost_ns (job);
    job->share->work += s_share (task->cost_ns);
    worker->work_ns += task->cost_ns;
    worker->leased++;
    worker->sent++;
    uint32_t at_s = (uint32_t) ((self->ctx->now_us - self->ctx->started_us) / 1000000);
    worker_record_note_lease (
        worker, &(lease_t){.job = job->number, .serial = serial, .index = index, .at_s = at_s});
    if (ledger_journal (self, job))
        journal_lease (self->ctx->journal, job, worker, serial, index);
}

task_t *ledger_held (ledger_t *self, const worker_record_t *worker, job_t *job, uint64_t index,
                     uint64_t serial)
{
    (void) self;
    if (!job || index >= job->total)
        return NULL;
    task_t *task = &job->tasks [index];
    bool held = task_is_leased (task) && task->serial == serial && task->worker == worker->index;
    return held ? task : NULL;
}

void ledger_unlease (ledger_t *self, job_t *job, worker_record_t *worker, uint32_t index)
{
    task_t *task = &job->tasks [index];
    assert (job->leased > 0 && worker->leased > 0 && worker->work_ns >= task->cost_ns);
    job->leased--;
    job->cancelling -= task->state == TASK_CANCELLING;
    job->share->work -= s_share (task->cost_ns);
    ready_eased (self->ctx->ready, job->share);
    worker->work_ns -= task->cost_ns;
    worker->leased--;
    task->run_us = 0;
}

static void s_release_payload (ledger_t *self, job_t *job, uint32_t index)
{
    if (ledger_journal (self, job))
        records_release_payload (self->ctx->journal, job, index);
    payloads_release (job->stock, index);
}

//  Sets the task's outcome.
static void s_ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome)
{
    task_t *task = &job->tasks [index];
    task_step (task, TASK_DONE);
    task->outcome = outcome & 15;
    task->code = 0;
    bool well = outcome == CADRE_OUTCOME_OK;
    if (well) {
        job->done++;
        self->ctx->tasks_done++;
        self->ctx->memory_done += !job->durable;
    } else {
        job->failed++;
        self->ctx->tasks_failed++;
    }
    if (well || !job->detached)
        s_release_payload (self, job, index);
    if (well && !job->detached)
        job_note_end (job);
    if (job_is_over (job))
        settle_queue_add (self->ctx, job);
}

void ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome, view_t detail)
{
    task_t *task = &job->tasks [index];
    if (task->state == TASK_READY)
        job->ready--;
    else if (task->state == TASK_DELAYED)
        job->delayed--;
    s_ledger_end (self, job, index, outcome);
    buffer_t tail = {0}, none = {0};
    detail_pack_tail (&tail, outcome, detail);
    wire_result_t result = {
        .index = index, .attempt = task->attempt, .outcome = outcome, .detail = detail};
    deliver_result (self->ctx, job, &result, wire_view_of (&tail), &none);
    buffer_free (&tail);
    job_status_update (self->ctx, job);
}

void ledger_make_ready (ledger_t *self, job_t *job, uint32_t index)
{
    task_step (&job->tasks [index], TASK_READY);
    job->ready++;
    job_put_back (job, index);
    job_status_update (self->ctx, job);
}

bool ledger_may_repeat (const job_t *job, const task_t *task)
{
    return task->state == TASK_LEASED && !job->doom && !job->abandoned;
}

//  Schedules another try after a failed one, if there are tries left; true then.
static bool s_repeat_now (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome,
                          int64_t *wait_p)
{
    task_t *task = &job->tasks [index];
    if (!ledger_may_repeat (job, task)
        || !retry_policy_allow (&job->tries, task_tried (task), outcome))
        return false;
    int64_t wait_us = *wait_p =
        retry_policy_wait_us (&job->tries, task_tried (task), outcome, (uint32_t) random ());
    if (outcome == CADRE_OUTCOME_WORKER_LOST)
        task->lost++;
    else
        task->failed++;
    if (wait_us == 0) {
        ledger_make_ready (self, job, index);
        return true;
    }
    task_step (task, TASK_DELAYED);
    job->delayed++;
    task->due_us = self->ctx->now_us + wait_us;
    delay_add (self->ctx->delay, job, task->due_us, index);
    job_status_update (self->ctx, job);
    return true;
}

void ledger_end_delay (ledger_t *self, job_t *job, uint32_t index)
{
    if (job->tasks [index].state != TASK_DELAYED)
        return;
    job->delayed--;
    ledger_make_ready (self, job, index);
}

void ledger_delay (ledger_t *self, job_t *job, uint32_t index, int64_t wait_us)
{
    task_t *task = &job->tasks [index];
    if (task->state != TASK_READY)
        return;
    task_step (task, TASK_DELAYED);
    job->ready--;
    job->delayed++;
    task->due_us = self->ctx->now_us + wait_us;
    delay_add (self->ctx->delay, job, task->due_us, index);
    job_status_update (self->ctx, job);
}

bool ledger_repeat (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome)
{
    int64_t wait_us = 0;
    bool repeats = s_repeat_now (self, job, index, outcome, &wait_us);
    if (repeats && ledger_journal (self, job))
        records_again (self->ctx->journal, job, index, job->tasks [index].attempt, wait_us);
    return repeats;
}

//  Did it end without ending its slot? The cost of a slot is not part of the run time.
static bool s_is_measure (const job_t *job, uint64_t outcome)
{
    if (outcome == CADRE_OUTCOME_EXIT || outcome == CADRE_OUTCOME_SIGNAL)
        return job->kind == WIRE_KIND_COMMAND;
    return outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_ERROR
           || outcome == CADRE_OUTCOME_TIMEOUT;
}

//  It had tries left, but it ends too many slots.
static bool s_is_quarantined (const job_t *job, const task_t *task, uint64_t outcome)
{
    return ledger_may_repeat (job, task)
           && retry_policy_allow (&job->tries, task_tried (task), outcome)
           && retry_policy_is_deadly (task_tried (task), outcome, job->kind == WIRE_KIND_COMMAND);
}

static void s_quarantine (ledger_t *self, job_t *job, const wire_sink_result_t *result)
{
    buffer_t detail = {0};
    quarantine_pack_slots (&detail, job, result);
    ledger_end (self, job, (uint32_t) result->index, CADRE_OUTCOME_QUARANTINED,
                wire_view_of (&detail));
    buffer_free (&detail);
}

bool ledger_result (ledger_t *self, worker_record_t *worker, const wire_sink_result_t *result,
                    view_t tail, buffer_t *large)
{
    job_t *job = job_table_find (self->ctx->jobs, result->job);
    task_t *task = ledger_held (self, worker, job, result->index, result->serial);
    if (!task) {
        self->ctx->stale_results++;
        buffer_free (large);
        return false;
    }
    uint32_t index = (uint32_t) result->index;
    ledger_unlease (self, job, worker, index);
    task->run_us = result->run_us > UINT32_MAX ? UINT32_MAX : (uint32_t) result->run_us;
    worker->answered++;
    worker->answered_us = self->ctx->now_us;
    if (s_is_measure (job, result->outcome)) {
        job_measure_bytes (job, index, tail.size + large->size);
        job_measure (job, result->run_us);
    }
    if (result->outcome == CADRE_OUTCOME_OK)
        worker->done++;
    else {
        worker->failed++;
        bool deadly = s_is_quarantined (job, task, result->outcome);
        if (!deadly && ledger_repeat (self, job, index, result->outcome)) {
            job_measure_repeat (job, true);
            buffer_free (large);
            return true;
        }
        if (deadly) {
            buffer_free (large);
            s_quarantine (self, job, result);
            return true;
        }
    }
    job_measure_repeat (job, false);
    s_ledger_end (self, job, index, (unsigned) result->outcome);
    task->code = result->code;
    wire_result_t ended = {.index = index,
                           .attempt = task->attempt,
                           .outcome = result->outcome,
                           .code = result->code,
                           .run_us = result->run_us,
                           .value = result->value,
                           .detail = result->detail};
    deliver_result (self->ctx, job, &ended, tail, large);
    job_status_update (self->ctx, job);
    return true;
}

void ledger_release (ledger_t *self, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    if (!task_is_leased (task))
        return;
    worker_record_t *worker = roster_at (self->ctx->roster, task->worker);
    ledger_unlease (self, job, worker, index);
    //  A worker that was told to cancel it does not return it, but a log that is read may
    if (task->state == TASK_CANCELLING)
        task_step (task, TASK_DONE);
    ledger_make_ready (self, job, index);
}

void ledger_close (ledger_t *self, job_t *job, uint32_t index, unsigned outcome)
{
    job->ready--;
    s_ledger_end (self, job, index, outcome);
    job_status_update (self->ctx, job);
}
