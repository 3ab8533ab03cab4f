//  journal_compact.c - copies what is still needed of the oldest job forward

#include <assert.h>

#include "broker/delay.h"
#include "broker/journal_own.h"

#define CHUNK_TASKS 4096u             //  Tasks of one record
#define COPY_BATCH_BYTES (1u << 20)   //  No further job is copied into a batch that has grown to this
#define COPY_BYTES_MAX (512ull << 20) //  A job that is larger is left where it is until it has shrunk
#define COPY_SHARE 8                  //  So is one of more than this part of the memory: a copy is made there

//  Nothing of it waits to become durable.
static bool s_is_still (const job_t *job)
{
    return job->pending == 0 && job->undelivered == 0;
}

static bool s_is_small (const journal_t *self, const job_t *job)
{
    return job->logged_bytes <= COPY_BYTES_MAX && job->logged_bytes <= self->hub->memory_limit / COPY_SHARE;
}

//  What was put out of memory is read back, a part at a time. True when all is there.
static bool s_gather (journal_t *self, job_t *job)
{
    uint64_t position;
    uint32_t index;
    if (!stock_is_whole (job->stock)) {
        if (stock_missing (job->stock, &index))
            journal_fetch (self, job, index);
        return false;
    }
    if (keep_missing (job->keep, &position))
        journal_fetch_kept (self, job, position);
    else if (keep_missing_large (job->keep, &index))
        journal_fetch_large (self, job, index);
    return keep_is_whole (job->keep);
}

static bool s_may_be_copied (journal_t *self, job_t *job)
{
    return s_is_still (job) && s_is_small (self, job) && s_gather (self, job);
}

static bool s_needs_payload (const task_t *task)
{
    return task->state != TASK_DONE || task->outcome != CADRE_OUTCOME_OK;
}

static void s_copy_large (journal_t *self, job_t *job, uint32_t index)
{
    wire_log_large_t fields = {
        .job = job->number, .index = index, .payload = stock_large (job->stock, index)};
    journal_begin (self, WIRE_log_large);
    wire_pack_log_large (&self->bytes, &fields);
    journal_end (self, job, true);
}

//  When the last of those before end came; a chunk is as old as its youngest task. What has expired was told of.
static void s_copy_came (journal_t *self, job_t *job, uint32_t end)
{
    const hub_t *hub = self->hub;
    int64_t at_us = hub->now_us - (int64_t) job->expire_ms * 1000;
    for (size_t i = 0; i < job->arrivals_count; i++) {
        at_us = job->arrivals [i].at_us;
        if (job->arrivals [i].end >= end)
            break;
    }
    journal_came (self, job, moment_wall_us () - (hub->now_us - at_us));
}

static void s_add_payload (journal_t *self, job_t *job, uint32_t index, buffer_t *list)
{
    if (!s_needs_payload (&job->tasks [index])) {
        pack_nil (list);
        return;
    }
    view_t payload = stock_get (job->stock, index);
    if (wire_parts_of (payload))
        s_copy_large (self, job, index);
    pack_raw (list, payload.data, payload.size);
}

//  Payloads that nobody needs any more are copied as nil. Returns where the list begins.
static uint64_t s_copy_some (journal_t *self, job_t *job, uint32_t first, uint32_t end, buffer_t *list)
{
    buffer_clear (list);
    for (uint32_t index = first; index < end; index++)
        s_add_payload (self, job, index, list);
    if (job->expire_ms)
        s_copy_came (self, job, end);
    wire_log_tasks_t fields = {.job = job->number, .payloads = wire_list_of (list, end - first)};
    journal_begin (self, WIRE_log_tasks);
    wire_pack_log_tasks (&self->bytes, &fields);
    journal_end (self, job, true);
    return self->bytes.size - list->size;
}

//  What is together in memory stays together in the store; between that are tasks which have ended.
static void s_copy_tasks (journal_t *self, job_t *job)
{
    buffer_t list = {0};
    for (uint32_t index = 0, first, end; index < job->total; index = end) {
        if (stock_next_block (job->stock, index, &first, &end) && first <= index) {
            assert (first == index);
            uint64_t offset = s_copy_some (self, job, first, end, &list);
            stock_note (job->stock, index, offset, list.size);
            continue;
        }
        uint32_t gap = stock_next_block (job->stock, index, &first, &end) ? first : job->total;
        end = gap - index < CHUNK_TASKS ? gap : index + CHUNK_TASKS;
        s_copy_some (self, job, index, end, &list);
    }
    buffer_free (&list);
}

//  Called for each wait there is.
static void s_copy_wait (void *owner, uint64_t number, uint32_t index, int64_t due_us)
{
    journal_t *self = owner;
    job_t *job = self->copied;
    if (job->number != number || index >= job->total || job->tasks [index].state != TASK_DELAYED)
        return;
    int64_t wait_us = due_us - self->hub->now_us;
    journal_again_as (self, job, index, job->tasks [index].attempt, wait_us);
}

static void s_copy_states (journal_t *self, job_t *job)
{
    self->copied = job;
    if (job->delayed)
        delay_each (self->hub->delay, s_copy_wait, self);
    for (uint32_t index = 0; index < job->total; index++) {
        const task_t *task = &job->tasks [index];
        if (task->state == TASK_DONE || task->state == TASK_DELAYED)
            continue;
        bool leased = task_is_leased (task);
        if (task->attempt > leased)
            journal_again_as (self, job, index, (uint16_t) (task->attempt - leased), 0);
        if (leased)
            journal_leases (self, job, roster_at (self->hub->roster, task->agent), task->serial, index);
        if (task->state == TASK_CANCELLING)
            journal_cancel (self, job, index);
    }
    journal_close_run (self);
}

//  A result that a retry has replaced is copied with the retry, so that what is kept stays as it is.
static void s_copy_result (journal_t *self, job_t *job, const keep_record_t *record, uint64_t position)
{
    const task_t *task = &job->tasks [record->index];
    bool stands = task->state == TASK_DONE && job->kept_at [record->index] == position + 1;
    view_t large = stands ? keep_large (job->keep, record->index) : (view_t){0};
    cursor_t cursor = cursor_of_view (record->body);
    uint64_t outcome = 0;
    bool read = cursor_skip (&cursor, NULL) && cursor_skip (&cursor, NULL) && cursor_uint (&cursor, &outcome);
    assert (read);
    wire_log_result_t fields = {.job = job->number,
                                .index = record->index,
                                .outcome = outcome,
                                .run_us = task->run_us,
                                .body = record->body};
    if (large.size) {
        keep_place_t value = journal_record_large (self, job, record->index, large);
        keep_note_large (job->keep, record->index, &value);
    }
    keep_place_t place = journal_record_result (self, job, &fields);
    keep_note (job->keep, position, &place);
    if (!stands)
        journal_retry (self, job, record->index, record->index + 1);
}

static void s_copy_kept (journal_t *self, job_t *job)
{
    uint64_t position = 0, at;
    keep_record_t record;
    keep_move (job->keep);
    while (at = position, keep_read (job->keep, &position, &record)) {
        if (keep_segment (position) != keep_segment (at))
            at = keep_segment_start (keep_segment (position));
        if (record.kind == KEEP_RESULT) {
            s_copy_result (self, job, &record, at);
            continue;
        }
        keep_place_t place = journal_record_output (self, job, record.index, record.body);
        keep_note (job->keep, at, &place);
    }
}

static void s_copy (journal_t *self, job_t *job)
{
    self->live_bytes -= job->logged_bytes;
    job->logged_bytes = 0;
    journal_job (self, job, wire_view_of (&job->open));
    s_copy_tasks (self, job);
    if (job->sealed)
        journal_record_seal (self, job);
    s_copy_kept (self, job);
    s_copy_states (self, job);
    if (job->doom)
        journal_doom (self, job);
    if (job->ended)
        journal_ended (self, job);
    journal_wait (self, WAIT_COPY)->job = job->number;
    job->pending++;
}

//  Jobs from the oldest on, until there is enough for one batch.
static void s_copy_jobs (journal_t *self)
{
    job_t *job;
    while (self->bytes.size < COPY_BATCH_BYTES && (job = log_index_oldest_job (self->hub->log_index))
           && s_may_be_copied (self, job))
        s_copy (self, job);
}

//  What is known of jobs that were forgotten, and lies before the jobs that are there. It is little, and not counted as live.
static void s_copy_ghosts (journal_t *self)
{
    const job_t *job = log_index_oldest_job (self->hub->log_index);
    uint64_t number, before = job ? job->logged_at : self->last_seq + 1;
    const identity_t *identity;
    while (self->bytes.size < COPY_BATCH_BYTES
           && log_index_next_ghost (self->hub->log_index, before, &identity, &number))
        journal_record_forget (self, identity, number);
}

//  A round is over when all that lay there as it began was copied or dropped. What is left then, live or not, would only be copied once more: the next round
//  waits until an eighth of what is used is new, or has died.
bool journal_is_worth_compaction (journal_t *self)
{
    store_usage_t usage;
    store_usage (self->store, &usage);
    uint64_t news = self->recorded_bytes - self->rest_recorded;
    uint64_t died = self->rest_live > self->live_bytes ? self->rest_live - self->live_bytes : 0;
    if (!self->round_to && self->rest_recorded && news + died < usage.used_bytes / 8)
        return false;
    if (!self->round_to)
        self->round_to = self->last_seq;
    return true;
}

static void s_end_round (journal_t *self)
{
    self->round_to = 0;
    self->rest_recorded = self->recorded_bytes;
    self->rest_live = self->live_bytes;
}

//  It stays where it is, and no ghost lies before it.
static bool s_is_barred (journal_t *self)
{
    job_t *job = log_index_oldest_job (self->hub->log_index);
    return job && !s_may_be_copied (self, job) && log_index_oldest (self->hub->log_index) >= job->logged_at;
}

//  The copy is one batch, so that the log never has half of it. What lies before is dropped with the next batch, which cannot become durable earlier.
//  Ghosts go first: one that was left would keep all that lies behind it, however often the jobs there are copied.
void journal_compact (journal_t *self)
{
    if (s_is_barred (self))
        return;
    journal_close_run (self);
    journal_send (self, 0);
    self->one_batch = true;
    journal_record_store (self);
    s_copy_ghosts (self);
    s_copy_jobs (self);
    self->one_batch = false;
    store_claim (self->store, self->bytes.size);
    self->fills_bytes += self->bytes.size;
    journal_send (self, 0);
    uint64_t needed = self->last_seq; //  Of the record of the store
    uint64_t oldest = log_index_oldest (self->hub->log_index);
    journal_record_store (self);
    journal_send (self, oldest < needed ? oldest : needed);
    if (oldest > self->round_to)
        s_end_round (self);
}
