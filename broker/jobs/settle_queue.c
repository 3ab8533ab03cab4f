//  settle_queue.c - jobs that the ledger checks at the end of the turn

#include "broker/jobs/settle_queue.h"

#include <utlist.h>

void settle_queue_add (hub_t *hub, job_t *job)
{
    if (job->settling)
        return;
    job->settling = true;
    DL_APPEND2 (hub->settling, job, settle_prev, settle_next);
}

void settle_queue_remove (hub_t *hub, job_t *job)
{
    if (job->settling)
        DL_DELETE2 (hub->settling, job, settle_prev, settle_next);
    job->settling = false;
}

job_t *settle_queue_take (hub_t *hub)
{
    job_t *job = hub->settling;
    if (job)
        settle_queue_remove (hub, job);
    return job;
}

size_t settle_queue_count (const hub_t *hub)
{
    size_t count;
    const job_t *job;
    DL_COUNT2 (hub->settling, job, count, settle_next);
    return count;
}
