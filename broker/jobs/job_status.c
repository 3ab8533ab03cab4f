//  job_status.c - updates what depends on a job's counts

#include "broker/jobs/job_status.h"

#include "broker/peers/follower.h"
#include "broker/queue/ready.h"

bool job_status_keeps_too_much (const context_t *ctx, const job_t *job)
{
    if (!job->detached || job->durable)
        return false;
    return ctx->full || (ctx->scarce && key_usage_is_over (ctx, job->usage));
}

bool job_status_is_resting (const context_t *ctx, const job_t *job)
{
    return job->owner ? job->owner->stalled : job_status_keeps_too_much (ctx, job);
}

void job_status_count_awaited (context_t *ctx, job_t *job)
{
    bool open = job->done + job->failed < job->total;
    bool waits = job->owner ? job->sealed || open : job->detached && !job->durable && open;
    ctx->jobs_awaited += (uint64_t) waits - job->told_awaited;
    job->told_awaited = waits;
}

void job_status_tally (context_t *ctx, job_t *job)
{
    uint32_t came = job->promised > job->total ? job->promised : job->total;
    uint32_t waiting = job->ready + job->delayed, open = came - job->done - job->failed;
    ctx->tasks_waiting += (uint64_t) waiting - job->told_waiting;
    job->share->open += (uint64_t) open - job->told_open;
    job->told_waiting = waiting;
    job->told_open = open;
    job_status_count_awaited (ctx, job);
}

void job_status_remove (context_t *ctx, job_t *job)
{
    ctx->tasks_waiting -= job->told_waiting;
    job->share->open -= job->told_open;
    ready_leave (ctx->ready, job);
}

void job_status_update (context_t *ctx, job_t *job)
{
    job_status_tally (ctx, job);
    ready_update (ctx->ready, job, job_status_is_resting (ctx, job));
    if (job->owner) {
        client_changed (job->owner, job);
        client_touch (job->owner, ctx);
    } else
        follower_touch (job, ctx);
}
