//  settle_queue.c - jobs that the ledger checks at the end of the turn

#include "broker/jobs/settle_queue.h"

#include <utlist.h>

void settle_queue_add (context_t *ctx, job_t *job)
{
    if (job->settling)
        return;
    job->settling = true;
    DL_APPEND2 (ctx->settling, job, settle_prev, settle_next);
}

void settle_queue_remove (context_t *ctx, job_t *job)
{
    if (job->settling)
        DL_DELETE2 (ctx->settling, job, settle_prev, settle_next);
    job->settling = false;
}

job_t *settle_queue_take (context_t *ctx)
{
    job_t *job = ctx->settling;
    if (job)
        settle_queue_remove (ctx, job);
    return job;
}

size_t settle_queue_count (const context_t *ctx)
{
    size_t count;
    const job_t *job;
    DL_COUNT2 (ctx->settling, job, count, settle_next);
    return count;
}
