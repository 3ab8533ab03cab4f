//  ledger_leases.c - handles leases that end without a result

#include <assert.h>
#include <stdio.h>

#include "broker/core/detail.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/records.h"
#include "broker/ledger/ledger_private.h"
#include "broker/ledger/quarantine.h"

//  A task is returned, which does not count towards its retries. If it was begun, the next try has
//  another number: what this one wrote is void. True if it runs again.
static bool s_come_back (ledger_t *self, job_t *job, uint32_t index, bool begun)
{
    task_t *task = &job->tasks [index];
    if (!begun && task->attempt > 0)
        task->attempt--;
    if (ledger_may_repeat (job, task)) {
        ledger_make_ready (self, job, index);
        if (index < job->expired) { //  It was skipped while it was leased
            job->expired = index;
            settle_queue_add (self->ctx, job);
        }
        if (ledger_journal (self, job))
            records_again (self->ctx->journal, job, index, task->attempt, 0);
        return true;
    }
    ledger_end (self, job, index, job->doom ? job->doom : CADRE_OUTCOME_CANCELLED,
                wire_view_of (&job->doom_detail));
    return false;
}

//  True if it runs again.
static bool s_lose_one (ledger_t *self, worker_record_t *worker, job_t *job, uint32_t index)
{
    task_t *task = &job->tasks [index];
    ledger_unlease (self, job, worker, index);
    if (ledger_repeat (self, job, index, CADRE_OUTCOME_WORKER_LOST))
        return true;
    buffer_t detail = {0};
    char message [CONTEXT_NAME_BYTES + 128];
    snprintf (message, sizeof message, "worker %s was lost %s, and no tries are left", worker->name,
              task->lost ? "as others before it" : "while it had the task");
    bool cancelled = task->state == TASK_CANCELLING;
    if (!cancelled)
        detail_pack (&detail, "worker-lost", message, worker->name);
    ledger_end (self, job, index, cancelled ? CADRE_OUTCOME_CANCELLED : CADRE_OUTCOME_WORKER_LOST,
                wire_view_of (&detail));
    buffer_free (&detail);
    return false;
}

bool ledger_leases_return (ledger_t *self, worker_record_t *worker, const wire_lease_t *lease)
{
    job_t *job = job_table_find (self->ctx->jobs, lease->job);
    if (!ledger_held (self, worker, job, lease->index, lease->serial)) {
        self->ctx->stale_results++;
        return false;
    }
    if (lease->begun && job_runs_once (job)) {
        s_lose_one (self, worker, job, (uint32_t) lease->index);
        return true;
    }
    ledger_unlease (self, job, worker, (uint32_t) lease->index);
    worker->answered++;
    s_come_back (self, job, (uint32_t) lease->index, lease->begun);
    return true;
}

bool ledger_leases_breach (ledger_t *self, worker_record_t *worker, const wire_lease_t *lease,
                           const char *why)
{
    job_t *job = job_table_find (self->ctx->jobs, lease->job);
    task_t *task = ledger_held (self, worker, job, lease->index, lease->serial);
    uint32_t index = (uint32_t) lease->index;
    buffer_t detail = {0};
    if (!task)
        return false;
    if (task->breaches < RETRY_POLICY_BREACHES)
        task->breaches++;
    if (task->breaches < RETRY_POLICY_BREACHES)
        return true;
    quarantine_pack_sessions (&detail, job, index, worker->name, why);
    ledger_unlease (self, job, worker, index);
    ledger_end (self, job, index, CADRE_OUTCOME_QUARANTINED, wire_view_of (&detail));
    buffer_free (&detail);
    return true;
}

size_t ledger_leases_lose (ledger_t *self, worker_record_t *worker, const spans_t *kept,
                           bool free_of_cost)
{
    size_t left = 0, again = 0;
    for (size_t i = 0; i < worker->leases_count; i++) {
        lease_t lease = worker->leases [i];
        job_t *job = job_table_find (self->ctx->jobs, lease.job);
        if (!ledger_held (self, worker, job, lease.index, lease.serial))
            continue;
        if (kept && spans_hold (kept, lease.serial)) {
            worker->leases [left++] = lease;
            continue;
        }
        //  A worker that registers again, or has drained, has not started it
        bool begun = !kept && !worker->drained;
        bool guilty = job->tasks [lease.index].breaches > 0;
        if (free_of_cost && !guilty && !(begun && job_runs_once (job))) {
            ledger_unlease (self, job, worker, lease.index);
            again += s_come_back (self, job, lease.index, begun);
        } else
            again += s_lose_one (self, worker, job, lease.index);
    }
    worker->leases_count = left;
    assert (worker->leased == left);
    return again;
}

void ledger_leases_compact (ledger_t *self, worker_record_t *worker)
{
    if (worker->leases_count < 1024 || worker->leases_count < 2 * (size_t) worker->leased)
        return;
    size_t left = 0;
    for (size_t i = 0; i < worker->leases_count; i++) {
        const lease_t *lease = &worker->leases [i];
        job_t *job = job_table_find (self->ctx->jobs, lease->job);
        if (ledger_held (self, worker, job, lease->index, lease->serial))
            worker->leases [left++] = *lease;
    }
    worker->leases_count = left;
}
