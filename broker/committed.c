//  committed.c - carries out what is on stable storage

#include "broker/committed.h"

#include "broker/expiry.h"
#include "broker/follower.h"
#include "broker/settle_queue.h"
#include "broker/standing.h"

static void s_skip_one (job_t *job, uint32_t index)
{
    task_step (&job->tasks [index], TASK_DONE);
    job->tasks [index].outcome = CADRE_OUTCOME_OK;
    job->ready--;
    job->done++;
    stock_release (job->stock, index);
}

//  Results that the client has from a broker before are not made again. Both go up: each span, and
//  each task, is looked at once.
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

void committed_append (hub_t *hub, job_t *job, const wire_list_t *payloads, const stock_place_t *place)
{
    uint32_t first = job->total;
    job_append (job, payloads, place, &hub->job_bytes);
    s_skip_ended (job, first);
    if (place && first > job->next && hub_is_tight (hub))
        stock_spill (job->stock);
    if (job->expire_ms)
        expiry_note (hub, job, job->came_us ? job->came_us : hub->now_us);
    job->came_us = 0;
    standing_update (hub, job);
    if (job->doom)
        settle_queue_add (hub, job);
}

void committed_seal (hub_t *hub, job_t *job)
{
    job->sealed = true;
    standing_count_attached (hub, job);
    settle_queue_add (hub, job);
}

//  A segment that is full is put away when memory is scarce.
void committed_keep (hub_t *hub, job_t *job, const keep_record_t *record, const keep_place_t *place)
{
    uint64_t at = keep_append (job->keep, record->kind, record->index, record->body, place);
    if (record->kind == KEEP_RESULT)
        job->kept_at [record->index] = at + 1;
    uint32_t segment = keep_segment (at);
    if (segment && at == keep_segment_start (segment) && hub_is_tight (hub))
        keep_spill (job->keep, segment - 1);
    follower_touch (job, hub);
}

void committed_keep_large (hub_t *hub, job_t *job, uint32_t index, buffer_t *large, const keep_place_t *place)
{
    if (large->size == 0)
        return;
    keep_put_large (job->keep, index, large, place);
    if (hub_is_tight (hub))
        keep_spill_large (job->keep, index);
}
