//  journal_compact.c - copies what is still needed of the oldest job forward

#include "broker/delay.h"
#include "broker/journal_own.h"

#define CHUNK_TASKS 4096u             //  Tasks of one record
#define COPY_BATCH_BYTES (1u << 20)   //  No further job is copied into a batch that has grown to this
#define COPY_BYTES_MAX (512ull << 20) //  A job that is larger is left where it is until it has shrunk

//  Nothing of it waits to become durable, so that what is in memory is all there is.
static bool s_is_still (const job_t *job)
{
    return job->pending == 0 && job->undelivered == 0 && job->logged_bytes <= COPY_BYTES_MAX
           && stock_is_whole (job->stock);
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

//  Payloads that nobody needs any more are copied as nil.
static void s_copy_tasks (journal_t *self, job_t *job)
{
    buffer_t list = {0};
    for (uint32_t first = 0; first < job->total; first += CHUNK_TASKS) {
        uint32_t count = job->total - first < CHUNK_TASKS ? job->total - first : CHUNK_TASKS;
        buffer_clear (&list);
        for (uint32_t index = first; index < first + count; index++) {
            if (!s_needs_payload (&job->tasks [index])) {
                pack_nil (&list);
                continue;
            }
            view_t payload = stock_get (job->stock, index);
            if (wire_parts_of (payload))
                s_copy_large (self, job, index);
            pack_raw (&list, payload.data, payload.size);
        }
        if (job->expire_ms)
            s_copy_came (self, job, first + count);
        wire_log_tasks_t fields = {.job = job->number, .payloads = wire_list_of (&list, count)};
        journal_begin (self, WIRE_log_tasks);
        wire_pack_log_tasks (&self->bytes, &fields);
        journal_end (self, job, true);
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
    }
    journal_close_run (self);
}

static void s_copy_result (journal_t *self, job_t *job, const keep_record_t *record)
{
    const task_t *task = &job->tasks [record->index];
    wire_log_result_t fields = {.job = job->number,
                                .index = record->index,
                                .outcome = task->outcome,
                                .run_us = task->run_us,
                                .body = record->body,
                                .large = keep_large (job->keep, record->index)};
    journal_begin (self, WIRE_log_result);
    wire_pack_log_result (&self->bytes, &fields);
    journal_end (self, job, true);
}

//  A result that a retry has replaced is not copied.
static void s_copy_kept (journal_t *self, job_t *job)
{
    uint64_t position = 0, at;
    keep_record_t record;
    while (at = position, keep_read (job->keep, &position, &record)) {
        at = position >> 32 == at >> 32 ? at : position >> 32 << 32;
        if (record.kind == KEEP_OUTPUT)
            journal_output (self, job, record.index, record.body);
        else if (job->tasks [record.index].state == TASK_DONE && job->kept_at [record.index] == at + 1)
            s_copy_result (self, job, &record);
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
}

//  Jobs from the oldest on, until there is enough for one batch.
static void s_copy_jobs (journal_t *self)
{
    job_t *job;
    while (self->bytes.size < COPY_BATCH_BYTES && (job = ledger_log_oldest_job (self->hub->ledger))
           && s_is_still (job))
        s_copy (self, job);
}

//  What is known of jobs that were forgotten, and lies before the jobs that are there. It is little, and not counted as live.
static void s_copy_ghosts (journal_t *self)
{
    const job_t *job = ledger_log_oldest_job (self->hub->ledger);
    uint64_t number, before = job ? job->logged_at : self->last_seq + 1;
    const uint8_t *uuid;
    while (self->bytes.size < COPY_BATCH_BYTES
           && ledger_log_next_ghost (self->hub->ledger, before, &uuid, &number))
        journal_record_forget (self, uuid, number);
}

//  The copy is one batch, so that the log never has half of it. What lies before is dropped with the next batch, which cannot become durable earlier.
void journal_compact (journal_t *self)
{
    const job_t *job = ledger_log_oldest_job (self->hub->ledger);
    if (job && !s_is_still (job))
        return;
    journal_close_run (self);
    journal_send (self, 0);
    self->one_batch = true;
    journal_record_store (self);
    s_copy_jobs (self);
    s_copy_ghosts (self);
    self->one_batch = false;
    store_claim (self->store, self->bytes.size);
    self->fills_bytes += self->bytes.size;
    journal_send (self, 0);
    uint64_t needed = self->last_seq; //  Of the record of the store
    uint64_t oldest = ledger_log_oldest (self->hub->ledger);
    journal_record_store (self);
    journal_send (self, oldest < needed ? oldest : needed);
}
