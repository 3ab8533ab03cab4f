//  follow.c - sends kept results and output of jobs to their followers

#include "broker/delivery/follow.h"

#include <assert.h>
#include <utlist.h>

#include "broker/delivery/pager.h"

static void s_send_large (follower_t *self, context_t *ctx, view_t body, view_t large)
{
    cursor_t cursor = cursor_of_view (body);
    wire_result_t result = {.ref = self->ref};
    bool read = cursor_uint (&cursor, &result.index) && cursor_uint (&cursor, &result.attempt)
                && cursor_uint (&cursor, &result.outcome) && cursor_int (&cursor, &result.code)
                && cursor_uint (&cursor, &result.run_us) && cursor_skip (&cursor, &result.value)
                && cursor_skip (&cursor, &result.detail);
    assert (read);
    buffer_t copy = {0};
    buffer_append (&copy, large.data, large.size);
    client_result_large (self->client, ctx, &result, &copy);
}

//  A result that was replaced by a retry is skipped.
static void s_send_result (follower_t *self, context_t *ctx, const result_log_record_t *record,
                           uint64_t position)
{
    const job_t *job = self->job;
    if (job->kept_at [record->index] != position + 1
        || job->tasks [record->index].state != TASK_DONE)
        return;
    view_t large = result_log_large (job->keep, record->index);
    if (large.size)
        s_send_large (self, ctx, record->body, large);
    if (large.size && context_is_tight (ctx))
        result_log_spill_large (job->keep, record->index);
    if (large.size == 0)
        client_result_of (self->client, ctx, self->ref, record->body);
}

//  When memory is scarce, data that the follower has passed is evicted again.
static void s_leave (const follower_t *self, const context_t *ctx, uint32_t segment)
{
    if (context_is_tight (ctx))
        result_log_spill (self->job->keep, segment);
}

//  Is the large value of a result, if any, in memory? If not, it is read back.
static bool s_has_value (const follower_t *self, context_t *ctx, uint32_t index)
{
    if (result_log_large_is_here (self->job->keep, index))
        return true;
    pager_fetch_large (ctx->pager, self->job, index);
    return false;
}

typedef enum progress {
    ALL_SENT,  //  Everything kept so far was sent
    BLOCKED,   //  The client must read first
    PUT_OFF,   //  There is more, in the next turn
    READ_BACK, //  Data must come from the store; the follower is touched when it has
} progress_t;

static progress_t s_send_kept (follower_t *self, context_t *ctx, uint32_t *records)
{
    result_log_record_t record;
    for (; *records; --*records) {
        if (client_backlog (self->client) >= client_backlog_max (ctx))
            return BLOCKED;
        uint64_t position = self->position;
        if (!result_log_is_here (self->job->keep, position)) {
            pager_fetch_kept (ctx->pager, self->job, position);
            return READ_BACK;
        }
        if (!result_log_read (self->job->keep, &self->position, &record))
            return ALL_SENT;
        //  result_log_append returned a position in the segment of the record
        if (result_log_segment (position) != result_log_segment (self->position)) {
            s_leave (self, ctx, result_log_segment (position));
            position = result_log_segment_start (result_log_segment (self->position));
        }
        if (record.kind == RESULT_LOG_RESULT && self->results
            && !s_has_value (self, ctx, record.index)) {
            self->position = position;
            return READ_BACK;
        }
        if (record.kind == RESULT_LOG_RESULT && self->results)
            s_send_result (self, ctx, &record, position);
        else if (record.kind == RESULT_LOG_OUTPUT && self->output)
            client_output (self->client, ctx, self->ref, record.body);
    }
    return PUT_OFF;
}

//  At the end of the job the follower is freed.
static progress_t s_follow_pump (follower_t *self, context_t *ctx, uint32_t *records)
{
    if (self->results || self->output) {
        progress_t progress = s_send_kept (self, ctx, records);
        if (progress != ALL_SENT)
            return progress;
    }
    if (self->wait && !job_is_over (self->job))
        return ALL_SENT;
    if (stream_is_cutting (self->client->out))
        return BLOCKED;
    client_state (self->client, ctx, self->ref, self->job, true);
    follower_destroy (&self);
    return ALL_SENT;
}

//  A blocked follower continues when the client has read something, which touches it.
bool follow_pump_all (client_t *client, context_t *ctx, uint32_t *records)
{
    follower_t *blocked = NULL, *follower;
    bool moved = *records == 0;
    while (*records && (follower = client->due) != NULL) {
        --*records;
        follower_set_due (follower, false);
        progress_t progress = s_follow_pump (follower, ctx, records);
        moved = moved || progress != BLOCKED;
        if (progress == PUT_OFF)
            follower_set_due (follower, true);
        if (progress != BLOCKED)
            continue;
        follower->due = true;
        DL_APPEND2 (blocked, follower, due_prev, due_next);
    }
    bool more = moved && client->due;
    DL_CONCAT2 (client->due, blocked, due_prev, due_next);
    return more;
}

void follow_report (client_t *client, context_t *ctx, uint32_t *states)
{
    for (follower_t *self; *states && (self = client->untold) != NULL;) {
        const job_t *job = self->job;
        uint64_t told =
            (uint64_t) job->total * 4 + job->leased * 2 + ((uint64_t) job->done + job->failed) * 8;
        --*states;
        follower_set_untold (self, false);
        if (told == self->told)
            continue;
        self->told = told;
        client_state (client, ctx, self->ref, job, false);
    }
}
