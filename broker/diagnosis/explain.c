//  explain.c - explains the state of a task in one sentence

#include "broker/diagnosis/explain.h"

#include <stdio.h>

#include "broker/diagnosis/unplaceable.h"
#include "broker/jobs/job_status.h"
#include "broker/peers/client.h"
#include "broker/peers/roster.h"
#include "broker/queue/ready.h"

#define AHEAD_JOBS 1000u //  Maximum number of jobs counted

static long long s_seconds (int64_t us)
{
    return (long long) ((us > 0 ? us : 0) + 999999) / 1000000;
}

static void s_explain_ended (const job_t *job, uint32_t index, char *buffer, size_t size)
{
    const task_t *task = &job->tasks [index];
    const char *outcome = cadre_outcome_text ((cadre_outcome_t) task_outcome (task));
    if (task->outcome == CADRE_OUTCOME_QUARANTINED)
        snprintf (
            buffer, size,
            "quarantined: it has killed %u slots, one after the other; try it again with: cadre job retry %llu.%u, "
            "or drop it with: cadre task drop %llu.%u",
            task->failed + 1u, (unsigned long long) job->number, index,
            (unsigned long long) job->number, index);
    else
        snprintf (buffer, size, "ended: %s, after %u %s", outcome, task->attempt,
                  task->attempt == 1 ? "try" : "tries");
}

static void s_delayed (const context_t *ctx, const job_t *job, uint32_t index, char *buffer,
                       size_t size)
{
    const task_t *task = &job->tasks [index];
    snprintf (buffer, size, "backs off for another %lld s: %u %s failed, %u %s lost with a worker",
              s_seconds (task->due_us - ctx->now_us), task->failed,
              task->failed == 1 ? "try has" : "tries have", task->lost,
              task->lost == 1 ? "was" : "were");
}

//  Leases are stored in the order in which they were given.
static int64_t s_held_us (const context_t *ctx, const worker_record_t *worker, uint64_t serial)
{
    size_t low = 0, high = worker->leases_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (worker->leases [middle].serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == worker->leases_count || worker->leases [low].serial != serial)
        return 0;
    return ctx->now_us - ctx->started_us - (int64_t) worker->leases [low].at_s * 1000000;
}

//  What happens to the task if its worker is lost.
static const char *s_fate (const job_t *job, const task_t *task)
{
    if (task->state == TASK_CANCELLING)
        return "ends as cancelled";
    bool again = !job->doom
                 && retry_policy_allow (&job->tries, task_tried (task), CADRE_OUTCOME_WORKER_LOST);
    return again ? "runs elsewhere" : "ends as worker-lost";
}

static void s_leased (const context_t *ctx, const job_t *job, const task_t *task, char *buffer,
                      size_t size)
{
    const worker_record_t *worker = roster_at (ctx->roster, task->worker);
    int64_t silent_us = ctx->now_us - worker->heard_us, lost_us = (int64_t) ctx->lost_ms * 1000;
    if (worker->state == WORKER_AWAY)
        snprintf (buffer, size,
                  "waits for worker %s, which has it and is away: it %s unless that comes back "
                  "within %lld s",
                  worker->name, s_fate (job, task), s_seconds (lost_us - silent_us));
    else
        snprintf (buffer, size, "is at worker %s on %s for %lld s%s", worker->name, worker->host,
                  s_seconds (s_held_us (ctx, worker, task->serial)),
                  task->state == TASK_CANCELLING ? ", which was told to cancel it" : "");
}

//  Tasks that go first: of this job, and of a limited number of jobs with a higher priority.
static unsigned long long s_explain_ahead (context_t *ctx, const job_t *job, uint32_t index)
{
    unsigned long long ahead = index > job->next ? index - job->next : 0;
    return ahead + ready_ahead (ctx->ready, job->priority, AHEAD_JOBS);
}

static void s_full (context_t *ctx, job_t *job, uint32_t index, char *buffer, size_t size)
{
    uint64_t slots = 0;
    for (size_t i = 0; i < roster_entries (ctx->roster); i++) {
        worker_record_t *worker = roster_at (ctx->roster, i);
        if (worker && worker->state == WORKER_READY && roster_fits (ctx->roster, worker, job))
            slots += worker->slots;
    }
    snprintf (buffer, size,
              "waits for a free slot: all %llu that fit are taken, and about %llu tasks go first",
              (unsigned long long) slots, s_explain_ahead (ctx, job, index));
}

static void s_ready (context_t *ctx, job_t *job, uint32_t index, char *buffer, size_t size)
{
    char why [512];
    if (job->owner && job->owner->stalled)
        snprintf (buffer, size, "waits: its client has not read %zu MiB of results",
                  client_backlog (job->owner) >> 20);
    else if (job_status_is_resting (ctx, job))
        snprintf (
            buffer, size,
            "waits: results that were not forgotten fill the broker's memory: cadre job list, cadre job "
            "forget, or start it with a larger --memory or a --store");
    else if (job->limit && job->leased >= job->limit)
        snprintf (buffer, size, "waits: %u tasks of the job run, which is its limit", job->leased);
    else if (roster_any_fits (ctx->roster, job))
        s_full (ctx, job, index, buffer, size);
    else
        snprintf (buffer, size, "waits: %s", unplaceable_why (ctx, job, why, sizeof why));
}

const char *explain_task (context_t *ctx, job_t *job, uint32_t index, char *buffer, size_t size)
{
    const task_t *task = &job->tasks [index];
    if (task->state == TASK_DONE)
        s_explain_ended (job, index, buffer, size);
    else if (task->state == TASK_DELAYED)
        s_delayed (ctx, job, index, buffer, size);
    else if (task_is_leased (task))
        s_leased (ctx, job, task, buffer, size);
    else
        s_ready (ctx, job, index, buffer, size);
    return buffer;
}
