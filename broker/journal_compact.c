//  journal_compact.c - copies what is still needed of the oldest job forward

#include "broker/journal_own.h"

#define CHUNK_TASKS 4096u             //  Tasks of one record
#define COPY_BYTES_MAX (512ull << 20) //  A job that is larger is left where it is until it has shrunk

//  Nothing of it waits to become durable, so that what is in memory is all there is.
static bool s_is_still (const job_t *job)
{
    return job->logged_at && job->pending == 0 && job->undelivered == 0 && stock_is_whole (job->stock);
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
        wire_log_tasks_t fields = {.job = job->number, .payloads = wire_list_of (&list, count)};
        journal_begin (self, WIRE_log_tasks);
        wire_pack_log_tasks (&self->bytes, &fields);
        journal_end (self, job, true);
    }
    buffer_free (&list);
}

static void s_copy_states (journal_t *self, job_t *job)
{
    for (uint32_t index = 0; index < job->total; index++) {
        const task_t *task = &job->tasks [index];
        if (task->state == TASK_DONE)
            continue;
        bool leased = task_is_leased (task);
        if (task->attempt > leased)
            journal_again_as (self, job, index, (uint16_t) (task->attempt - leased));
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
    job->logged_at = 0;
    journal_job (self, job, wire_view_of (&job->open));
    s_copy_tasks (self, job);
    if (job->sealed)
        journal_record_seal (self, job);
    s_copy_kept (self, job);
    s_copy_states (self, job);
    if (job->doom)
        journal_doom (self, job);
}

static job_t *s_oldest (const journal_t *self)
{
    job_t *oldest = NULL;
    for (job_t *job = ledger_first (self->hub->ledger); job; job = job->hh_number.next)
        if (job->durable && job->logged_at && (!oldest || job->logged_at < oldest->logged_at))
            oldest = job;
    return oldest;
}

//  The copy is one batch, so that the log never has half of it. What lies before is dropped with the next batch, which cannot become durable earlier.
void journal_compact (journal_t *self)
{
    job_t *job = s_oldest (self);
    if (job && (!s_is_still (job) || job->logged_bytes > COPY_BYTES_MAX))
        return;
    journal_close_run (self);
    journal_send (self, 0);
    self->one_batch = true;
    journal_record_store (self);
    if (job)
        s_copy (self, job);
    self->one_batch = false;
    store_claim (self->store, self->bytes.size);
    self->fills_bytes += self->bytes.size;
    journal_send (self, 0);
    uint64_t needed = self->last_seq; //  Of the record of the store
    const job_t *oldest = s_oldest (self);
    journal_record_store (self);
    journal_send (self, oldest && oldest->logged_at < needed ? oldest->logged_at : needed);
}
