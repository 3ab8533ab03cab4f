//  standing.c - updates what depends on a job's counts

#include "broker/jobs/job_status.h"

#include "broker/peers/follower.h"
#include "broker/queue/ready.h"

bool standing_keeps_too_much (const hub_t *hub, const job_t *job)
{
    if (!job->detached || job->durable)
        return false;
    return hub->full || (hub->scarce && purse_is_over (hub, job->purse));
}

bool standing_is_resting (const hub_t *hub, const job_t *job)
{
    return job->owner ? job->owner->stalled : standing_keeps_too_much (hub, job);
}

void standing_count_attached (hub_t *hub, job_t *job)
{
    bool waits = job->owner && (job->sealed || job->done + job->failed < job->total);
    hub->jobs_attached += (uint64_t) waits - job->told_attached;
    job->told_attached = waits;
}

void standing_tally (hub_t *hub, job_t *job)
{
    uint32_t came = job->promised > job->total ? job->promised : job->total;
    uint32_t waiting = job->ready + job->delayed, open = came - job->done - job->failed;
    hub->tasks_waiting += (uint64_t) waiting - job->told_waiting;
    job->share->open += (uint64_t) open - job->told_open;
    job->told_waiting = waiting;
    job->told_open = open;
    standing_count_attached (hub, job);
}

void standing_remove (hub_t *hub, job_t *job)
{
    hub->tasks_waiting -= job->told_waiting;
    job->share->open -= job->told_open;
    ready_leave (hub->ready, job);
}

void standing_update (hub_t *hub, job_t *job)
{
    standing_tally (hub, job);
    ready_update (hub->ready, job, standing_is_resting (hub, job));
    if (job->owner) {
        client_changed (job->owner, job);
        client_touch (job->owner, hub);
    } else
        follower_touch (job, hub);
}
