//  recovery.c - reads the log and restores the ledger

#include "broker/recovery/recovery.h"

#include <string.h>

#include "broker/jobs/committed.h"
#include "broker/jobs/settle_queue.h"
#include "broker/journal/log_index.h"
#include "broker/ledger/ledger.h"
#include "broker/peers/key_usage.h"

//  The state of the replay.
typedef struct replay {
    context_t *ctx;             //  Borrowed
    uint64_t seq;               //  Number of the current batch
    const uint8_t *batch_start; //  Its bytes
    const uint8_t *record;      //  Start of the current record
} replay_t;

//  Applies one record; false when it is invalid.
typedef bool replay_fn (replay_t *self, cursor_t *cursor);

static job_t *s_job (const replay_t *self, uint64_t number)
{
    return job_table_find (self->ctx->jobs, number);
}

//  The task of a record; NULL without a job: then the record belongs to a forgotten job and is
//  skipped.
static bool s_task (const replay_t *self, uint64_t number, uint64_t index, job_t **job)
{
    *job = s_job (self, number);
    return !*job || index < (*job)->total;
}

static bool s_store (replay_t *self, cursor_t *cursor)
{
    wire_log_store_t record;
    if (!wire_read_log_store (cursor, &record))
        return false;
    self->ctx->epoch = record.epoch;
    job_table_skip_numbers (self->ctx->jobs, record.numbers);
    return true;
}

static bool s_recovery_open (replay_t *self, cursor_t *cursor)
{
    wire_log_job_t record;
    wire_job_open_t open;
    if (!wire_read_log_job (cursor, &record) || record.job == 0 || record.digested > WIRE_TASKS_MAX)
        return false;
    cursor_t body = cursor_of_view (record.open);
    if (!wire_read_job_open (&body, &open) || open.uuid.size != WIRE_UUID_BYTES)
        return false;
    job_t *job = s_job (self, record.job);
    if (job)
        ledger_jobs_unmake (self->ctx->ledger, job);
    job = ledger_jobs_restore (self->ctx->ledger, &record, &open);
    job->digest = (digest_t){.sum = record.digest, .tasks = (uint32_t) record.digested};
    job->created_us = record.created_us;
    job->ended_us = record.ended_us;
    log_index_add (self->ctx->log_index, job);
    buffer_append (&job->open, record.open.data, record.open.size);
    key_usage_charge (self->ctx, NULL, job);
    return true;
}

static bool s_large (replay_t *self, cursor_t *cursor)
{
    wire_log_large_t record;
    if (!wire_read_log_large (cursor, &record) || record.index >= WIRE_TASKS_MAX)
        return false;
    job_t *job = s_job (self, record.job);
    if (!job)
        return true;
    buffer_t payload = {0};
    buffer_append (&payload, record.payload.data, record.payload.size);
    payloads_put_large (job->stock, (uint32_t) record.index, &payload);
    return true;
}

//  A compaction copies no payload of a task that has ended, and releases without digests did not
//  record them.
static void s_digest (job_t *job, const wire_list_t *payloads)
{
    cursor_t cursor = cursor_of_view (payloads->values);
    view_t payload;
    for (uint32_t i = 0; i < payloads->count; i++) {
        uint32_t index = job->total + i;
        bool known = cursor_peek (&cursor) != CURSOR_NIL;
        cursor_skip (&cursor, &payload);
        if (index < job->digest.tasks)
            continue;
        bool large = payloads_large_size (job->stock, index) > 0;
        if (known)
            digest_add (&job->digest, large ? payloads_large (job->stock, index) : payload);
        else
            digest_skip (&job->digest);
    }
}

//  The record of the reference follows that of the large payload.
static bool s_has_large (const job_t *job, const wire_list_t *payloads)
{
    cursor_t cursor = cursor_of_view (payloads->values);
    view_t payload;
    for (size_t i = 0; i < payloads->count; i++)
        if (!cursor_skip (&cursor, &payload)
            || (wire_parts_of (payload)
                && !payloads_large_size (job->stock, job->total + (uint32_t) i)))
            return false;
    return true;
}

static bool s_recovery_tasks (replay_t *self, cursor_t *cursor)
{
    wire_log_tasks_t record;
    if (!wire_read_log_tasks (cursor, &record))
        return false;
    job_t *job = s_job (self, record.job);
    if (!job)
        return true;
    if (record.payloads.count > WIRE_TASKS_MAX - job->total || !s_has_large (job, &record.payloads))
        return false;
    s_digest (job, &record.payloads);
    payloads_location_t location = {
        .seq = self->seq, .offset = (uint64_t) (record.payloads.values.data - self->batch_start)};
    committed_append (self->ctx, job, &record.payloads, &location);
    return true;
}

//  On this broker's clock the time may be negative.
static bool s_recovery_came (replay_t *self, cursor_t *cursor)
{
    wire_log_came_t record;
    if (!wire_read_log_came (cursor, &record))
        return false;
    job_t *job = s_job (self, record.job);
    int64_t since_us = clock_wall_us () - record.at_us;
    if (job)
        job->came_us = self->ctx->now_us - (since_us > 0 ? since_us : 0);
    if (job && job->came_us == 0)
        job->came_us = -1;
    return true;
}

static bool s_recovery_seal (replay_t *self, cursor_t *cursor)
{
    wire_log_seal_t record;
    if (!wire_read_log_seal (cursor, &record))
        return false;
    job_t *job = s_job (self, record.job);
    if (job)
        committed_seal (self->ctx, job);
    return true;
}

//  The worker that had the task is away and may reconnect.
static worker_record_t *s_worker (replay_t *self, const wire_log_leases_t *record)
{
    worker_record_t *worker = roster_by_uuid (self->ctx->roster, record->worker.data);
    if (worker)
        return worker;
    worker = roster_add (self->ctx->roster, record->worker.data);
    view_copy (record->name, worker->name, sizeof worker->name);
    worker->heard_us = self->ctx->now_us;
    return worker;
}

static bool s_leases (replay_t *self, cursor_t *cursor)
{
    wire_log_leases_t record;
    if (!wire_read_log_leases (cursor, &record) || record.worker.size != WIRE_UUID_BYTES)
        return false;
    job_t *job = s_job (self, record.job);
    if (!job)
        return true;
    worker_record_t *worker = s_worker (self, &record);
    cursor_t indexes = cursor_of_view (record.indexes.values);
    for (size_t i = 0; i < record.indexes.count; i++) {
        uint64_t index;
        if (!cursor_uint (&indexes, &index) || index >= job->total)
            return false;
        ledger_end_delay (self->ctx->ledger, job, (uint32_t) index);
        if (job->tasks [index].state == TASK_READY)
            ledger_lease (self->ctx->ledger, job, (uint32_t) index, worker, record.serial + i);
    }
    ledger_leases_compact (self->ctx->ledger, worker);
    return true;
}

//  A delay continues after the restart. It is stored as wall time, which is valid after a restart;
//  a clock that was set back does not make it longer.
static void s_delay (replay_t *self, job_t *job, uint32_t index, uint64_t due_us)
{
    int64_t wall_us = clock_wall_us (), most_us = retry_policy_wait_max_us (&job->tries);
    if (due_us <= (uint64_t) wall_us)
        return;
    uint64_t wait_us = due_us - (uint64_t) wall_us;
    ledger_delay (self->ctx->ledger, job, index,
                  wait_us < (uint64_t) most_us ? (int64_t) wait_us : most_us);
}

static bool s_again (replay_t *self, cursor_t *cursor)
{
    wire_log_again_t record;
    job_t *job;
    if (!wire_read_log_again (cursor, &record) || !s_task (self, record.job, record.index, &job))
        return false;
    if (!job || job->tasks [record.index].state == TASK_DONE)
        return true;
    ledger_release (self->ctx->ledger, job, (uint32_t) record.index);
    ledger_end_delay (self->ctx->ledger, job, (uint32_t) record.index);
    task_t *task = &job->tasks [record.index];
    task->attempt = (uint16_t) record.attempt;
    task->failed = (uint16_t) record.failed;
    task->lost = (uint16_t) record.lost;
    s_delay (self, job, (uint32_t) record.index, record.due_us);
    return record.attempt <= WIRE_ATTEMPTS_MAX && record.failed <= WIRE_ATTEMPTS_MAX
           && record.lost <= WIRE_ATTEMPTS_MAX;
}

//  The place in the batch of a record that ends here, or of these bytes.
static result_log_location_t s_record_location (const replay_t *self, const cursor_t *cursor)
{
    return (result_log_location_t){self->seq, (uint64_t) (self->record - self->batch_start),
                                   (uint64_t) (cursor->at - self->record)};
}

static void s_keep_large (const replay_t *self, job_t *job, uint64_t index, view_t value)
{
    buffer_t large = {0};
    result_log_location_t location = {self->seq, (uint64_t) (value.data - self->batch_start),
                                      value.size};
    buffer_append (&large, value.data, value.size);
    committed_keep_large (self->ctx, job, (uint32_t) index, &large, &location);
    buffer_free (&large);
}

static bool s_value (replay_t *self, cursor_t *cursor)
{
    wire_log_value_t record;
    job_t *job;
    if (!wire_read_log_value (cursor, &record) || !s_task (self, record.job, record.index, &job))
        return false;
    if (job && job->tasks [record.index].state != TASK_DONE)
        s_keep_large (self, job, record.index, record.value);
    return true;
}

//  Reads attempt and exit code from the result's body, which must be complete and match the task
//  and outcome.
static bool s_body (const wire_log_result_t *record, uint64_t *attempt, int64_t *code)
{
    cursor_t cursor = cursor_of_view (record->body);
    uint64_t index, outcome, run_us;
    return cursor_uint (&cursor, &index) && cursor_uint (&cursor, attempt)
           && cursor_uint (&cursor, &outcome) && cursor_int (&cursor, code)
           && cursor_uint (&cursor, &run_us) && cursor_skip (&cursor, NULL)
           && cursor_skip (&cursor, NULL) && cursor_done (&cursor) && index == record->index
           && outcome == record->outcome && *attempt <= WIRE_ATTEMPTS_MAX;
}

static bool s_result (replay_t *self, cursor_t *cursor)
{
    wire_log_result_t record;
    job_t *job;
    uint64_t attempt;
    int64_t code;
    if (!wire_read_log_result (cursor, &record) || record.outcome < CADRE_OUTCOME_OK
        || record.outcome >= CADRE_OUTCOMES_COUNT || !s_body (&record, &attempt, &code)
        || !s_task (self, record.job, record.index, &job))
        return false;
    if (!job || job->tasks [record.index].state == TASK_DONE)
        return true;
    uint32_t index = (uint32_t) record.index;
    result_log_location_t location = s_record_location (self, cursor);
    s_keep_large (self, job, index, record.large);
    ledger_release (self->ctx->ledger, job, index);
    ledger_end_delay (self->ctx->ledger, job, index);
    job->tasks [index].run_us = record.run_us > UINT32_MAX ? UINT32_MAX : (uint32_t) record.run_us;
    if (record.outcome == CADRE_OUTCOME_OK)
        log_index_release_payload (job, index);
    ledger_close (self->ctx->ledger, job, index, (unsigned) record.outcome);
    job->tasks [index].attempt = (uint16_t) attempt;
    job->tasks [index].code = code;
    committed_keep (self->ctx, job, &(result_log_record_t){RESULT_LOG_RESULT, index, record.body},
                    &location);
    return true;
}

//  Keeps stored output again, with the same size: written bytes, not packed ones. The mark of
//  truncated output comes last.
static bool s_keep_output (const replay_t *self, job_t *job, const wire_log_output_t *record,
                           const result_log_location_t *location)
{
    cursor_t cursor = cursor_of_view (record->body);
    uint64_t index, attempt, stream;
    bool cut, first = false;
    view_t bytes;
    if (!cursor_uint (&cursor, &index) || !cursor_uint (&cursor, &attempt)
        || !cursor_uint (&cursor, &stream) || !cursor_bool (&cursor, &cut)
        || !cursor_blob (&cursor, &bytes) || index != record->index)
        return false;
    bool admitted =
        result_log_admits (job->keep, (uint32_t) index, cut ? SIZE_MAX : bytes.size, &first);
    if (admitted || (cut && first))
        committed_keep (self->ctx, job,
                        &(result_log_record_t){RESULT_LOG_OUTPUT, (uint32_t) index, record->body},
                        location);
    return true;
}

static bool s_recovery_output (replay_t *self, cursor_t *cursor)
{
    wire_log_output_t record;
    job_t *job;
    if (!wire_read_log_output (cursor, &record) || !s_task (self, record.job, record.index, &job))
        return false;
    if (!job)
        return true;
    result_log_location_t location = s_record_location (self, cursor);
    if (!s_keep_output (self, job, &record, &location))
        return false;
    result_log_set_mark (job->keep, (uint32_t) record.index,
                         (result_log_mark_t){record.serial, record.end});
    return true;
}

//  Its worker is told when it reconnects, because it is unknown whether it was told before.
static void s_order_cancel (replay_t *self, job_t *job, uint32_t index)
{
    if (job->tasks [index].state == TASK_LEASED)
        ledger_jobs_cancel (self->ctx->ledger, job, index);
}

static bool s_recovery_cancel (replay_t *self, cursor_t *cursor)
{
    wire_log_cancel_t record;
    job_t *job;
    if (!wire_read_log_cancel (cursor, &record) || !s_task (self, record.job, record.index, &job))
        return false;
    if (job)
        s_order_cancel (self, job, (uint32_t) record.index);
    return true;
}

static bool s_doom (replay_t *self, cursor_t *cursor)
{
    wire_log_doom_t record;
    if (!wire_read_log_doom (cursor, &record) || record.outcome >= CADRE_OUTCOMES_COUNT)
        return false;
    job_t *job = s_job (self, record.job);
    if (!job)
        return true;
    buffer_clear (&job->doom_detail);
    buffer_append (&job->doom_detail, record.detail.data, record.detail.size);
    job->doom = (uint8_t) record.outcome;
    job->cancelled = record.cancelled;
    job->reaped = 0;
    for (uint32_t i = 0; record.cancelled && i < job->total; i++)
        s_order_cancel (self, job, i);
    settle_queue_add (self->ctx, job);
    return true;
}

static bool s_recovery_retry (replay_t *self, cursor_t *cursor)
{
    wire_log_retry_t record;
    if (!wire_read_log_retry (cursor, &record))
        return false;
    job_t *job = s_job (self, record.job);
    if (!job)
        return true;
    if ((record.index != UINT32_MAX && record.index >= job->total) || record.end > job->total)
        return false;
    if (record.end)
        ledger_jobs_retry_some (self->ctx->ledger, job, (uint32_t) record.index,
                                (uint32_t) record.end);
    else
        ledger_jobs_retry (self->ctx->ledger, job, (uint32_t) record.index);
    return true;
}

static bool s_recovery_ended (replay_t *self, cursor_t *cursor)
{
    wire_log_ended_t record;
    if (!wire_read_log_ended (cursor, &record))
        return false;
    job_t *job = s_job (self, record.job);
    if (job)
        job->ended_us = record.at_us;
    return true;
}

static bool s_recovery_forget (replay_t *self, cursor_t *cursor)
{
    wire_log_forget_t record;
    if (!wire_read_log_forget (cursor, &record) || record.uuid.size != WIRE_UUID_BYTES)
        return false;
    job_t *job = s_job (self, record.job);
    identity_t identity = identity_of (record.uuid.data, record.holder);
    if (!record.refused)
        ledger_jobs_bury (self->ctx->ledger, &identity, record.job);
    else if (job)
        ledger_jobs_unmake (self->ctx->ledger, job);
    return true;
}

static replay_fn *s_recovery_find (uint64_t verb)
{
    switch (verb) {
    case WIRE_log_store: return s_store;
    case WIRE_log_job: return s_recovery_open;
    case WIRE_log_large: return s_large;
    case WIRE_log_tasks: return s_recovery_tasks;
    case WIRE_log_seal: return s_recovery_seal;
    case WIRE_log_leases: return s_leases;
    case WIRE_log_again: return s_again;
    case WIRE_log_result: return s_result;
    case WIRE_log_output: return s_recovery_output;
    case WIRE_log_doom: return s_doom;
    case WIRE_log_retry: return s_recovery_retry;
    case WIRE_log_forget: return s_recovery_forget;
    case WIRE_log_came: return s_recovery_came;
    case WIRE_log_value: return s_value;
    case WIRE_log_ended: return s_recovery_ended;
    case WIRE_log_cancel: return s_recovery_cancel;
    default: return NULL;
    }
}

//  Adds the record to the job's live bytes.
static void s_recovery_count (replay_t *self, uint64_t verb, view_t body, size_t size)
{
    bool live = verb == WIRE_log_job || verb == WIRE_log_large || verb == WIRE_log_tasks
                || verb == WIRE_log_value || verb == WIRE_log_result || verb == WIRE_log_output;
    cursor_t cursor = cursor_of_view (body);
    size_t count;
    uint64_t number;
    if (!live || !cursor_array (&cursor, &count) || !cursor_uint (&cursor, &number))
        return;
    job_t *job = s_job (self, number);
    if (job)
        job->logged_bytes += size;
}

static cadre_error_t s_read_record (replay_t *self, cursor_t *cursor, fault_t *fault)
{
    uint64_t verb = 0;
    self->record = cursor->at;
    replay_fn *replay = cursor_uint (cursor, &verb) ? s_recovery_find (verb) : NULL;
    view_t body = {cursor->at, (size_t) (cursor->end - cursor->at)};
    if (!replay)
        return fault_set (
            fault, CADRE_ERROR_VERSION,
            "the store's batch %llu has a record (%llu) that this cadre does not know: use the version "
            "that wrote it",
            (unsigned long long) self->seq, (unsigned long long) verb);
    if (!replay (self, cursor))
        return fault_set (
            fault, CADRE_ERROR_IO,
            "the store is damaged: a record (%s) of batch %llu is invalid: restore a copy",
            wire_verb_name ((unsigned) verb), (unsigned long long) self->seq);
    s_recovery_count (self, verb, body, (size_t) (cursor->at - self->record));
    return CADRE_OK;
}

//  A store_visit_t.
static cadre_error_t s_read_batch (void *context, uint64_t seq, view_t bytes, fault_t *fault)
{
    context_t *ctx = context;
    replay_t self = {.ctx = ctx, .seq = seq, .batch_start = bytes.data};
    cursor_t cursor = cursor_of_view (bytes);
    while (!cursor_done (&cursor))
        if (s_read_record (&self, &cursor, fault))
            return fault->code;
    log_index_place (ctx->log_index, seq);
    return CADRE_OK;
}

//  Tasks that had ended before are not counted again.
cadre_error_t recovery_read (context_t *ctx, store_t *store, fault_t *fault)
{
    uint64_t done = ctx->tasks_done, failed = ctx->tasks_failed;
    cadre_error_t error = store_scan (store, s_read_batch, ctx, fault);
    ctx->tasks_done = done;
    ctx->tasks_failed = failed;
    return error;
}
