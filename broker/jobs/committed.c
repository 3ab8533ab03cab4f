//  committed.c - applies changes of jobs that are on stable storage

#include "broker/jobs/committed.h"

#include "broker/jobs/expiry.h"
#include "broker/jobs/job_status.h"
#include "broker/jobs/settle_queue.h"
#include "broker/peers/follower.h"

static void s_skip_one (job_t *job, uint32_t index)
{
    task_step (&job->tasks [index], TASK_DONE);
    job->tasks [index].outcome = CADRE_OUTCOME_OK;
    job->ready--;
    job->done++;
    payloads_release (job->stock, index);
}

//  Skips tasks whose results the client has from an earlier broker. Both lists are ascending, so
//  each span and each task is checked once.
static void s_skip_ended (job_t *job, uint32_t first)
{
    for (uint64_t at = first; job->has_at < job->has.count; job->has_at++) {
        const wire_span_t *span = &job->has.spans [job->has_at];
        uint64_t end = span->first + span->count;
        for (at = span->first > at ? span->first : at; at < end && at < job->total; at++)
            s_skip_one (job, (uint32_t) at);
        if (end > job->total)
            return;
    }
}

void committed_append (context_t *ctx, job_t *job, const wire_list_t *payloads,
                       const payloads_location_t *location)
{
    uint32_t first = job->total;
    job_append (job, payloads, location);
    s_skip_ended (job, first);
    if (location && first > job->next && context_is_tight (ctx))
        payloads_spill (job->stock);
    if (job->expire_ms)
        expiry_note (ctx, job, job->came_us ? job->came_us : ctx->now_us);
    job->came_us = 0;
    job_status_update (ctx, job);
    if (job->doom)
        settle_queue_add (ctx, job);
}

void committed_seal (context_t *ctx, job_t *job)
{
    job->sealed = true;
    job_status_count_awaited (ctx, job);
    settle_queue_add (ctx, job);
}

//  A full segment is evicted when memory is scarce.
void committed_keep (context_t *ctx, job_t *job, const result_log_record_t *record,
                     const result_log_location_t *location)
{
    uint64_t at =
        result_log_append (job->keep, record->kind, record->index, record->body, location);
    if (record->kind == RESULT_LOG_RESULT)
        job->kept_at [record->index] = at + 1;
    uint32_t segment = result_log_segment (at);
    if (segment && at == result_log_segment_start (segment) && context_is_tight (ctx))
        result_log_spill (job->keep, segment - 1);
    follower_touch (job, ctx);
}

void committed_keep_large (context_t *ctx, job_t *job, uint32_t index, buffer_t *large,
                           const result_log_location_t *location)
{
    if (large->size == 0)
        return;
    result_log_put_large (job->keep, index, large, location);
    if (context_is_tight (ctx))
        result_log_spill_large (job->keep, index);
}
