//  expiry.c - when the tasks of a job arrived, and which of them are too old to be started

#include "broker/jobs/expiry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/record/delay.h"

#define TOGETHER_US INT64_C (1000)

static int64_t s_wait_us (const job_t *job)
{
    return (int64_t) job->expire_ms * 1000;
}

static void s_expiry_watch (context_t *ctx, job_t *job)
{
    if (job->arrivals_count)
        delay_add (ctx->delay, job, job->arrivals [0].at_us + s_wait_us (job), EXPIRY_INDEX);
}

//  Frames that arrive within a millisecond, or within a thousandth of the maximum wait, count as
//  one arrival. So a job has at most about a thousand arrivals.
static bool s_joins (const job_t *job, int64_t at_us)
{
    int64_t together_us = s_wait_us (job) / 1000;
    if (together_us < TOGETHER_US)
        together_us = TOGETHER_US;
    return job->arrivals_count
           && at_us - job->arrivals [job->arrivals_count - 1].at_us < together_us;
}

void expiry_note (context_t *ctx, job_t *job, int64_t at_us)
{
    if (s_joins (job, at_us)) {
        job->arrivals [job->arrivals_count - 1].end = job->total;
        return;
    }
    if (job->arrivals_count == job->arrivals_capacity) {
        job->arrivals_capacity = job->arrivals_capacity ? job->arrivals_capacity * 2 : 4;
        job->arrivals = realloc (job->arrivals, job->arrivals_capacity * sizeof (arrival_t));
        assert (job->arrivals);
        job_weigh (job);
    }
    job->arrivals [job->arrivals_count++] = (arrival_t){.end = job->total, .at_us = at_us};
    if (job->arrivals_count == 1)
        s_expiry_watch (ctx, job);
}

bool expiry_look (context_t *ctx, job_t *job)
{
    size_t due = 0;
    while (due < job->arrivals_count && ctx->now_us - job->arrivals [due].at_us >= s_wait_us (job))
        due++;
    if (due) {
        job->expires = job->arrivals [due - 1].end;
        job->arrivals_count -= due;
        memmove (job->arrivals, job->arrivals + due, job->arrivals_count * sizeof (arrival_t));
        s_expiry_watch (ctx, job);
    }
    return job->expired < job->expires;
}

uint64_t expiry_left_us (const context_t *ctx, const job_t *job, uint32_t index)
{
    size_t low = 0, high = job->arrivals_count;
    if (!job->expire_ms || index < job->expires || job->tasks [index].attempt > 0)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (job->arrivals [middle].end > index)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == job->arrivals_count)
        return 0;
    int64_t left_us = job->arrivals [low].at_us + s_wait_us (job) - ctx->now_us;
    return left_us > 1 ? (uint64_t) left_us : 1;
}
