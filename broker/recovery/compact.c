//  compact.c - compaction: keeps the log from growing without limit

#include "broker/recovery/compact.h"

#include <assert.h>
#include <stdlib.h>

#include "broker/delivery/pager.h"
#include "broker/journal/log_index.h"
#include "broker/journal/records.h"
#include "broker/peers/roster.h"
#include "broker/record/delay.h"
#include "common/pack.h"

#define CHUNK_TASKS 4096u             //  Tasks of one record
#define COPY_BATCH_BYTES (1u << 20)   //  No further job is copied into a batch of this size
#define COPY_BYTES_MAX (512ull << 20) //  A larger job is not copied until it has shrunk
#define COPY_SHARE                                                                                 \
    8 //  Nor is a job larger than this fraction of the memory, in which the copy is made

struct compact {
    context_t *ctx; //  Borrowed
    uint64_t
        round_to; //  The round continues until all batches up to this one are dropped; 0: no round
    uint64_t rest_recorded; //  Bytes recorded at the end of the last round; 0: none yet
    uint64_t rest_live;     //  Live bytes at that time
};

compact_t *compact_new (context_t *ctx)
{
    compact_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    return self;
}

void compact_destroy (compact_t **self_p)
{
    assert (self_p);
    free (*self_p);
    *self_p = NULL;
}

//  Is nothing of it waiting to become durable?
static bool s_is_still (const job_t *job)
{
    return job->pending == 0 && job->undelivered == 0;
}

static bool s_is_small (const context_t *ctx, const job_t *job)
{
    return job->logged_bytes <= COPY_BYTES_MAX
           && job->logged_bytes <= ctx->memory_limit / COPY_SHARE;
}

//  Reads evicted data back, in parts. True when all of it is in memory.
static bool s_compact_gather (context_t *ctx, job_t *job)
{
    uint64_t position;
    uint32_t index;
    if (!payloads_is_whole (job->stock)) {
        if (payloads_missing (job->stock, &index))
            pager_fetch_payloads (ctx->pager, job, index);
        return false;
    }
    if (result_log_missing (job->keep, &position))
        pager_fetch_kept (ctx->pager, job, position);
    else if (result_log_missing_large (job->keep, &index))
        pager_fetch_large (ctx->pager, job, index);
    return result_log_is_whole (job->keep);
}

static bool s_may_be_copied (context_t *ctx, job_t *job)
{
    return s_is_still (job) && s_is_small (ctx, job) && s_compact_gather (ctx, job);
}

static bool s_needs_payload (const task_t *task)
{
    return task->state != TASK_DONE || task->outcome != CADRE_OUTCOME_OK;
}

//  Records when the last task before end arrived: a chunk is as old as its newest task. Expired
//  tasks have been reported.
static void s_copy_came (context_t *ctx, job_t *job, uint32_t end)
{
    int64_t at_us = ctx->now_us - (int64_t) job->expire_ms * 1000;
    for (size_t i = 0; i < job->arrivals_count; i++) {
        at_us = job->arrivals [i].at_us;
        if (job->arrivals [i].end >= end)
            break;
    }
    records_came (ctx->journal, job, clock_wall_us () - (ctx->now_us - at_us));
}

static void s_add_payload (context_t *ctx, job_t *job, uint32_t index, buffer_t *list)
{
    if (!s_needs_payload (&job->tasks [index])) {
        pack_nil (list);
        return;
    }
    view_t payload = payloads_get (job->stock, index);
    if (wire_parts_of (payload))
        records_large (ctx->journal, job, index);
    pack_raw (list, payload.data, payload.size);
}

//  Payloads that are no longer needed are copied as nil. Returns the start of the list.
static uint64_t s_copy_some (context_t *ctx, job_t *job, uint32_t first, uint32_t end,
                             buffer_t *list)
{
    buffer_clear (list);
    for (uint32_t index = first; index < end; index++)
        s_add_payload (ctx, job, index, list);
    if (job->expire_ms)
        s_copy_came (ctx, job, end);
    wire_list_t payloads = wire_list_of (list, end - first);
    return records_payloads (ctx->journal, job, &payloads).offset;
}

//  A block in memory becomes a record in the store; tasks between blocks have ended.
static void s_copy_tasks (context_t *ctx, job_t *job)
{
    buffer_t list = {0};
    for (uint32_t index = 0, first, end; index < job->total; index = end) {
        if (payloads_next_block (job->stock, index, &first, &end) && first <= index) {
            assert (first == index);
            uint64_t offset = s_copy_some (ctx, job, first, end, &list);
            payloads_note (job->stock, index, offset, list.size);
            continue;
        }
        uint32_t gap = payloads_next_block (job->stock, index, &first, &end) ? first : job->total;
        end = gap - index < CHUNK_TASKS ? gap : index + CHUNK_TASKS;
        s_copy_some (ctx, job, index, end, &list);
    }
    buffer_free (&list);
}

static void s_copy_waits (context_t *ctx, job_t *job)
{
    for (size_t i = 0; i < job->delays.count; i++) {
        const delay_entry_t *entry = &job->delays.heap [i];
        if (entry->index < job->total && job->tasks [entry->index].state == TASK_DELAYED)
            records_again (ctx->journal, job, entry->index, job->tasks [entry->index].attempt,
                           entry->due_us - ctx->now_us);
    }
}

static void s_copy_states (context_t *ctx, job_t *job)
{
    s_copy_waits (ctx, job);
    for (uint32_t index = 0; index < job->total; index++) {
        const task_t *task = &job->tasks [index];
        if (task->state == TASK_DONE || task->state == TASK_DELAYED)
            continue;
        bool leased = task_is_leased (task);
        if (task->attempt > leased)
            records_again (ctx->journal, job, index, (uint16_t) (task->attempt - leased), 0);
        if (leased)
            journal_lease (ctx->journal, job, roster_at (ctx->roster, task->worker), task->serial,
                           index);
        if (task->state == TASK_CANCELLING)
            records_cancel (ctx->journal, job, index);
    }
    journal_end_leases (ctx->journal);
}

//  A replaced result is copied together with its retry, so that the kept data stays the same.
static void s_copy_result (context_t *ctx, job_t *job, const result_log_record_t *record,
                           uint64_t position)
{
    const task_t *task = &job->tasks [record->index];
    bool stands = task->state == TASK_DONE && job->kept_at [record->index] == position + 1;
    view_t large = stands ? result_log_large (job->keep, record->index) : (view_t){0};
    cursor_t cursor = cursor_of_view (record->body);
    uint64_t outcome = 0;
    bool read = cursor_skip (&cursor, NULL) && cursor_skip (&cursor, NULL)
                && cursor_uint (&cursor, &outcome);
    assert (read);
    wire_log_result_t fields = {.job = job->number,
                                .index = record->index,
                                .outcome = outcome,
                                .run_us = task->run_us,
                                .body = record->body};
    if (large.size) {
        result_log_location_t value = records_value (ctx->journal, job, record->index, large);
        result_log_note_large (job->keep, record->index, &value);
    }
    result_log_location_t location = records_result (ctx->journal, job, &fields);
    result_log_note (job->keep, position, &location);
    if (!stands)
        records_retry (ctx->journal, job, record->index, record->index + 1);
}

static void s_copy_kept (context_t *ctx, job_t *job)
{
    uint64_t position = 0, at;
    result_log_record_t record;
    result_log_move (job->keep);
    while (at = position, result_log_read (job->keep, &position, &record)) {
        if (result_log_segment (position) != result_log_segment (at))
            at = result_log_segment_start (result_log_segment (position));
        if (record.kind == RESULT_LOG_RESULT) {
            s_copy_result (ctx, job, &record, at);
            continue;
        }
        result_log_location_t location =
            records_output (ctx->journal, job, record.index, record.body);
        result_log_note (job->keep, at, &location);
    }
}

//  The copy is durable: the kept data of the job is there now.
static void s_settle (context_t *ctx, wait_t *wait)
{
    job_t *job = job_table_find (ctx->jobs, wait->job);
    if (!job)
        return;
    job->pending--;
    result_log_settle (job->keep, wait->location.seq);
    payloads_settle (job->stock, wait->location.seq);
    if (!context_is_tight (ctx))
        return;
    result_log_spill_all (job->keep);
    payloads_spill_from (job->stock, job->next);
}

static void s_compact_copy (context_t *ctx, job_t *job)
{
    journal_bury (ctx->journal, job->logged_bytes);
    job->logged_bytes = 0;
    records_job (ctx->journal, job, wire_view_of (&job->open));
    s_copy_tasks (ctx, job);
    if (job->sealed)
        records_seal (ctx->journal, job);
    s_copy_kept (ctx, job);
    s_copy_states (ctx, job);
    if (job->doom)
        records_doom (ctx->journal, job);
    if (job->ended)
        records_ended (ctx->journal, job);
    journal_wait (ctx->journal, s_settle)->job = job->number;
    job->pending++;
}

//  Copies jobs from the oldest on, until one batch is full.
static void s_copy_jobs (context_t *ctx)
{
    job_t *job;
    while (journal_batch_bytes (ctx->journal) < COPY_BATCH_BYTES
           && (job = log_index_oldest_job (ctx->log_index)) && s_may_be_copied (ctx, job))
        s_compact_copy (ctx, job);
}

//  Copies the identities of forgotten jobs that are before the oldest job. They are small and not
//  counted as live.
static void s_copy_ghosts (context_t *ctx)
{
    const job_t *job = log_index_oldest_job (ctx->log_index);
    uint64_t number, before = job ? job->logged_at : journal_last_seq (ctx->journal) + 1;
    const identity_t *identity;
    while (journal_batch_bytes (ctx->journal) < COPY_BATCH_BYTES
           && log_index_next_ghost (ctx->log_index, before, &identity, &number))
        records_ghost (ctx->journal, identity, number);
}

static bool s_is_worth_it (compact_t *self)
{
    const journal_t *journal = self->ctx->journal;
    store_usage_t usage;
    journal_usage (journal, &usage);
    uint64_t live = journal_live_bytes (journal);
    uint64_t news = journal_recorded_bytes (journal) - self->rest_recorded;
    uint64_t died = self->rest_live > live ? self->rest_live - live : 0;
    if (!self->round_to && self->rest_recorded && news + died < usage.used_bytes / 8)
        return false;
    if (!self->round_to)
        self->round_to = journal_last_seq (journal);
    return true;
}

void compact_if_due (compact_t *self)
{
    if (journal_wants_compaction (self->ctx->journal) && s_is_worth_it (self))
        compact_run (self);
}

static void s_end_round (compact_t *self)
{
    self->round_to = 0;
    self->rest_recorded = journal_recorded_bytes (self->ctx->journal);
    self->rest_live = journal_live_bytes (self->ctx->journal);
}

//  The oldest job cannot be copied now, and no tombstone is before it.
static bool s_is_barred (context_t *ctx)
{
    job_t *job = log_index_oldest_job (ctx->log_index);
    return job && !s_may_be_copied (ctx, job)
           && log_index_oldest (ctx->log_index) >= job->logged_at;
}

//  Uses one batch, so the log never has half of it. Tombstones go first: one that stayed would keep
//  everything after it, however often the jobs there are copied. Returns the number of the batch.
static uint64_t s_copy_batch (context_t *ctx)
{
    journal_t *journal = ctx->journal;
    journal_end_leases (journal);
    journal_send (journal, 0);
    journal_stay_whole (journal, true);
    journal_record_store (journal);
    s_copy_ghosts (ctx);
    s_copy_jobs (ctx);
    journal_stay_whole (journal, false);
    journal_claim_batch (journal);
    journal_send (journal, 0);
    return journal_last_seq (journal);
}

//  Everything before is dropped with the next batch, which cannot become durable earlier.
void compact_run (compact_t *self)
{
    context_t *ctx = self->ctx;
    if (s_is_barred (ctx))
        return;
    uint64_t needed = s_copy_batch (ctx); //  For its record of the store
    uint64_t oldest = log_index_oldest (ctx->log_index);
    journal_record_store (ctx->journal);
    journal_send (ctx->journal, oldest < needed ? oldest : needed);
    if (oldest > self->round_to)
        s_end_round (self);
}
