//  deliver.c - delivers results and output of tasks

#include "broker/ledger/deliver.h"

#include <string.h>

#include "broker/jobs/committed.h"
#include "broker/jobs/job_status.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/records.h"
#include "common/log.h"
#include "common/pack.h"

//  One result or output in a wait, followed by its body.
typedef struct kept {
    uint64_t job;                   //  Number of the job
    result_log_kind_t kind;         //  Kind of the record
    uint32_t index;                 //  The task
    size_t size;                    //  Size of the body
    result_log_location_t location; //  Of its record
} kept_t;

static void s_keep_one (context_t *ctx, const kept_t *kept, view_t body, wait_t *wait)
{
    job_t *job = job_table_find (ctx->jobs, kept->job);
    if (!job)
        return;
    result_log_location_t location = {wait->location.seq, kept->location.offset,
                                      kept->location.size};
    result_log_location_t value = {wait->location.seq, wait->location.offset, wait->large.size};
    job->undelivered--;
    committed_keep_large (ctx, job, kept->index, &wait->large, &value);
    committed_keep (ctx, job, &(result_log_record_t){kept->kind, kept->index, body}, &location);
    settle_queue_add (ctx, job);
}

//  place.offset and large of the wait are the value of its only result; bytes contains pairs of
//  kept_t and body.
static void s_keep_all (context_t *ctx, wait_t *wait)
{
    ctx->results_bytes -= wait->bytes.size;
    for (size_t at = 0; at < wait->bytes.size;) {
        kept_t kept;
        memcpy (&kept, wait->bytes.data + at, sizeof kept);
        view_t body = {wait->bytes.data + at + sizeof kept, kept.size};
        at += sizeof kept + kept.size;
        s_keep_one (ctx, &kept, body, wait);
    }
}

//  Results of one batch share a wait, except one with a large value.
static wait_t *s_wait_to_keep (context_t *ctx, job_t *job, const kept_t *kept, view_t body,
                               bool alone)
{
    wait_t *wait = alone ? NULL : journal_open_wait (ctx->journal, s_keep_all);
    if (!wait)
        wait = journal_wait (ctx->journal, s_keep_all);
    buffer_append (&wait->bytes, kept, sizeof *kept);
    buffer_append (&wait->bytes, body.data, body.size);
    ctx->results_bytes += sizeof *kept + body.size;
    job->undelivered++;
    return wait;
}

//  A large value and its result must be in one batch.
static void s_record_result (context_t *ctx, job_t *job, const wire_result_t *result, view_t body,
                             buffer_t *large)
{
    bool whole = false;
    result_log_location_t value = {0};
    wire_log_result_t fields = {.job = job->number,
                                .index = result->index,
                                .outcome = result->outcome,
                                .run_us = result->run_us,
                                .body = body};
    if (large->size) {
        value = records_value (ctx->journal, job, (uint32_t) result->index, wire_view_of (large));
        whole = journal_stay_whole (ctx->journal, true);
    }
    kept_t kept = {.job = job->number,
                   .kind = RESULT_LOG_RESULT,
                   .index = (uint32_t) result->index,
                   .size = body.size,
                   .location = records_result (ctx->journal, job, &fields)};
    if (large->size)
        journal_stay_whole (ctx->journal, whole);
    wait_t *wait = s_wait_to_keep (ctx, job, &kept, body, large->size > 0);
    wait->location.offset = value.offset;
    wait->large = buffer_take (large);
}

static void s_record_output (context_t *ctx, job_t *job, uint32_t index, view_t body)
{
    kept_t kept = {.job = job->number,
                   .kind = RESULT_LOG_OUTPUT,
                   .index = index,
                   .size = body.size,
                   .location = records_output (ctx->journal, job, index, body)};
    s_wait_to_keep (ctx, job, &kept, body, false);
}

//  Results of a durable job are delivered only when they are on the disk.
static void s_deliver_keep (context_t *ctx, job_t *job, const wire_result_t *result, view_t tail,
                            buffer_t *large)
{
    buffer_t body = {0};
    pack_uint (&body, result->index);
    pack_uint (&body, result->attempt);
    pack_raw (&body, tail.data, tail.size);
    if (job->durable && ctx->journal)
        s_record_result (ctx, job, result, wire_view_of (&body), large);
    else {
        result_log_record_t record = {RESULT_LOG_RESULT, (uint32_t) result->index,
                                      wire_view_of (&body)};
        committed_keep_large (ctx, job, record.index, large, NULL);
        committed_keep (ctx, job, &record, NULL);
    }
    buffer_free (&body);
}

void deliver_result (context_t *ctx, job_t *job, const wire_result_t *result, view_t tail,
                     buffer_t *large)
{
    if (job->detached)
        s_deliver_keep (ctx, job, result, tail, large);
    else if (!job->owner)
        buffer_free (large);
    else if (large->size) {
        wire_result_t own = *result;
        own.ref = job->ref;
        client_result_large (job->owner, ctx, &own, large);
    } else
        client_result (job->owner, ctx, job->ref, (uint32_t) result->index,
                       (uint32_t) result->attempt, tail);
}

static void s_pack_output (buffer_t *body, uint32_t index, uint32_t attempt, uint64_t stream,
                           bool cut, view_t bytes)
{
    pack_uint (body, index);
    pack_uint (body, attempt);
    pack_uint (body, stream);
    pack_bool (body, cut);
    pack_blob (body, bytes.data, bytes.size);
}

//  Output must not use the room that is reserved for the ends of accepted tasks.
static bool s_deliver_has_room (const context_t *ctx, const job_t *job, size_t bytes)
{
    return !job->durable || !ctx->journal || journal_has_room (ctx->journal, bytes);
}

//  Logged once for each job: all its tasks may write too much.
static void s_note_cut (context_t *ctx, const job_t *job, uint32_t index, const char *why)
{
    ctx->cut_outputs++;
    if (job->keep && result_log_cuts (job->keep) == 1)
        log_line (LOG_WARNING, "B052", "job %llu: output of task %u is cut: %s",
                  (unsigned long long) job->number, index, why);
}

//  lacks: why there is no room for it, or NULL.
static bool s_deliver_output (context_t *ctx, job_t *job, const wire_output_t *output,
                              const char *lacks)
{
    bool cut = lacks && !job->detached, first = false;
    const uint32_t index = (uint32_t) output->index;
    view_t bytes = output->bytes;
    if (!job->detached && !job->owner)
        return false;
    if (job->detached
        && !result_log_admits (job->keep, index, lacks ? SIZE_MAX : bytes.size, &first)) {
        if (!first)
            return false;
        cut = true;
        bytes.size = 0;
    }
    if (cut)
        s_note_cut (ctx, job, index,
                    lacks ? lacks : "it is more than the 16 MiB that are kept of a task");
    buffer_t body = {0};
    s_pack_output (&body, index, (uint32_t) output->attempt, output->stream, cut, bytes);
    if (job->durable && ctx->journal)
        s_record_output (ctx, job, index, wire_view_of (&body));
    else if (job->detached)
        committed_keep (
            ctx, job, &(result_log_record_t){RESULT_LOG_OUTPUT, index, wire_view_of (&body)}, NULL);
    else
        client_output (job->owner, ctx, job->ref, wire_view_of (&body));
    buffer_free (&body);
    return !cut;
}

bool deliver_output (context_t *ctx, job_t *job, uint32_t index, uint32_t attempt, uint64_t stream,
                     view_t bytes)
{
    const wire_output_t output = {
        .index = index, .attempt = attempt, .stream = stream, .bytes = bytes};
    return s_deliver_output (ctx, job, &output,
                             s_deliver_has_room (ctx, job, bytes.size)
                                 ? NULL
                                 : "the store has no room: free some space or raise --quota");
}

void deliver_output_dropped (context_t *ctx, job_t *job, uint32_t index, uint32_t attempt)
{
    const wire_output_t output = {.index = index, .attempt = attempt, .stream = WIRE_STREAM_STDOUT};
    s_deliver_output (ctx, job, &output,
                      "too many tasks write at once: start the broker with a larger --memory");
}

bool deliver_is_open (const context_t *ctx, const job_t *job)
{
    if (job->durable && ctx->journal)
        return ctx->journal_bytes <= CONTEXT_JOURNAL_BYTES;
    if (job->detached)
        return !job_status_keeps_too_much (ctx, job);
    return !job->owner || client_backlog (job->owner) < client_backlog_max (ctx);
}
