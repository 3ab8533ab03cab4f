//  sink.c - handles results, output and returned leases from workers

#include <assert.h>
#include <string.h>

#include "broker/back/back_session.h"
#include "broker/back/breach.h"
#include "broker/back/output_grants.h"
#include "broker/core/budget.h"
#include "broker/core/detail.h"
#include "broker/core/meter.h"
#include "broker/delivery/durable_answers.h"
#include "broker/ledger/deliver.h"
#include "common/log.h"
#include "common/pack.h"
#include "common/rules.h"
#include "common/units.h"

#define VALUE_SMALL 4096u //  Results up to this size are always accepted
#define DETAIL_ROOM 256   //  Bytes that the broker may add to a result

//  Reads a result and sets tail to the fields from outcome to detail; they may be missing on
//  failure.
static bool s_read_result (cursor_t *cursor, wire_sink_result_t *result, view_t *tail)
{
    size_t count = 0;
    *result = (wire_sink_result_t){0};
    *tail = (view_t){0};
    if (!cursor_array (cursor, &count) || count < 8 || !cursor_uint (cursor, &result->job)
        || !cursor_uint (cursor, &result->index) || !cursor_uint (cursor, &result->serial))
        return false;
    tail->data = cursor->at;
    if (!cursor_uint (cursor, &result->outcome) || !cursor_int (cursor, &result->code)
        || !cursor_uint (cursor, &result->run_us) || !cursor_skip (cursor, &result->value)
        || !cursor_skip (cursor, &result->detail))
        return false;
    tail->size = (size_t) (cursor->at - tail->data);
    for (size_t i = 8; i < count; i++)
        if (!cursor_skip (cursor, NULL))
            return false;
    return tail->size <= WIRE_FRAME_MAX - DETAIL_ROOM;
}

//  The same check that the worker makes before it sends a result.
static bool s_is_sound (back_t *self, const wire_sink_result_t *result, bool items, bool parts)
{
    rules_result_t said = {.outcome = result->outcome,
                           .code = result->code,
                           .run_us = result->run_us,
                           .detail = result->detail,
                           .items = items};
    if (!parts)
        said.value = result->value;
    return rules_message_result (&said, &self->breach.why);
}

//  A value without room is dropped, and its task ends with an error that says so.
static view_t s_without_value (const back_t *self, wire_sink_result_t *result, buffer_t *tail)
{
    char message [256], limit [UNITS_TEXT_BYTES];
    snprintf (
        message, sizeof message,
        "the result is too large for what the broker may hold now (%s in all): start it with a larger --memory",
        units_print_size (self->ctx->memory_limit, limit, sizeof limit));
    result->outcome = CADRE_OUTCOME_ERROR;
    pack_uint (tail, CADRE_OUTCOME_ERROR);
    pack_int (tail, 0);
    pack_uint (tail, result->run_us);
    pack_nil (tail);
    size_t detail = tail->size;
    detail_pack (tail, "memory", message, NULL);
    result->code = 0;
    result->value = (view_t){.data = tail->data + detail - 1, .size = 1};
    result->detail = (view_t){.data = tail->data + detail, .size = tail->size - detail};
    self->ctx->refused_bytes++;
    return wire_view_of (tail);
}

//  Memory is full because of this client or job: its kept results are not fetched, or its client
//  does not read.
static bool s_has_no_room (back_t *self, const wire_sink_result_t *result, size_t size_bytes)
{
    const context_t *ctx = self->ctx;
    if (size_bytes < VALUE_SMALL || context_used_bytes (ctx) < ctx->memory_limit / 16 * 15)
        return false;
    const job_t *job = job_table_find (ctx->jobs, result->job);
    if (!job || job->durable)
        return false;
    return job->detached
           || (job->owner && client_backlog (job->owner) > client_backlog_max (ctx) / 4);
}

static void s_sink_count (context_t *ctx, bool is_work)
{
    ctx->frame_work += is_work;
    ctx->frame_waste += !is_work;
}

static bool s_result (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_sink_result_t result;
    view_t tail;
    buffer_t large = {0}, own = {0};
    bool whole = s_read_result (body, &result, &tail);
    breach_blame (&self->breach, result.job, result.index, result.serial);
    if (!whole)
        return false;
    uint64_t number = wire_parts_of (result.value);
    const job_t *job = job_table_find (self->ctx->jobs, result.job);
    bool items = !job || job->kind == WIRE_KIND_MAP;
    if (!s_is_sound (self, &result, items, number != 0))
        return false;
    if (number && parts_take_given_up (worker->parts, number))
        tail = s_without_value (self, &result, &own);
    else if (number
             && !parts_take_as (worker->parts, number, items ? &rules_items : &rules_value, &large,
                                &self->breach.why)) {
        return false;
    } else if (s_has_no_room (self, &result, tail.size + large.size)) {
        tail = s_without_value (self, &result, &own);
        buffer_free (&large);
    }
    outputs_drop (self->outputs, result.serial);
    s_sink_count (self->ctx, ledger_result (self->ctx->ledger, worker, &result, tail, &large));
    buffer_free (&own);
    return true;
}

static bool s_results (back_t *self, worker_record_t *worker, cursor_t *body)
{
    size_t fields = 0, count = 0;
    if (!cursor_array (body, &fields) || fields < 1 || !cursor_array (body, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!s_result (self, worker, body))
            return false;
    breach_blame (&self->breach, 0, 0, 0);
    for (size_t i = 1; i < fields; i++)
        if (!cursor_skip (body, NULL))
            return false;
    return cursor_done (body);
}

static bool s_returned (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_sink_returned_t returned;
    if (!wire_read_sink_returned (body, &returned) || !cursor_done (body))
        return false;
    cursor_t cursor = cursor_of_view (returned.leases.values);
    for (size_t i = 0; i < returned.leases.count; i++) {
        wire_lease_t lease;
        if (!wire_read_lease (&cursor, &lease))
            return false;
        outputs_drop (self->outputs, lease.serial);
        s_sink_count (self->ctx, ledger_leases_return (self->ctx->ledger, worker, &lease));
    }
    worker->recall_until_us = 0;
    return true;
}

//  After a reconnect, or a restart of the broker, a worker sends unacknowledged output again:
//  removes what was already received. False: nothing remains.
static bool s_is_news (wrote_t *wrote, job_t *job, wire_sink_output_t *output)
{
    uint32_t index = (uint32_t) output->index;
    if (!output->end) {
        wrote->received_bytes += output->bytes.size;
        return true;
    }
    if (job->keep && wrote->received_bytes == 0
        && result_log_mark (job->keep, index).serial == output->serial)
        wrote->received_bytes = result_log_mark (job->keep, index).end_bytes;
    if (output->end <= wrote->received_bytes && output->bytes.size)
        return false;
    uint64_t news = output->end - wrote->received_bytes;
    if (news < output->bytes.size) {
        output->bytes.data += output->bytes.size - news;
        output->bytes.size = news;
    }
    wrote->received_bytes = output->end;
    if (job->keep)
        result_log_set_mark (job->keep, index, (result_log_mark_t){output->serial, output->end});
    return true;
}

static bool s_sink_output (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_sink_output_t output;
    bool whole = wire_read_sink_output (body, &output) && cursor_done (body);
    breach_blame (&self->breach, output.job, output.index, output.serial);
    if (!whole || !rules_message_output (output.stream, output.bytes, &self->breach.why))
        return false;
    job_t *job = job_table_find (self->ctx->jobs, output.job);
    const task_t *task = ledger_held (self->ctx->ledger, worker, job, output.index, output.serial);
    if (!task)
        return true;
    s_sink_count (self->ctx, true);
    wrote_t *wrote = outputs_get (self->outputs, output.serial);
    if (!wrote) { //  Too many leases have written: its output is dropped
        output_grants_send (self, worker, &(wrote_t){.serial = output.serial, .discarded = true});
        deliver_output_dropped (self->ctx, job, (uint32_t) output.index, task->attempt);
        return true;
    }
    if (wrote->granted_bytes == 0)
        wrote->granted_bytes = CONTEXT_OUTPUT_BYTES;
    wrote->job = output.job;
    wrote->worker = worker->index;
    bool news = s_is_news (wrote, job, &output);
    wrote->starved = wrote->granted_bytes < wrote->received_bytes + CONTEXT_OUTPUT_BYTES / 2;
    self->starved = self->starved || wrote->starved;
    bool wanted = !news
                  || deliver_output (self->ctx, job, (uint32_t) output.index, task->attempt,
                                     output.stream, output.bytes);
    if (!wanted && !wrote->discarded) {
        wrote->discarded = true;
        output_grants_send (self, worker, wrote);
    }
    return true;
}

static worker_record_t *s_holds_most (const back_t *self)
{
    worker_record_t *most = NULL;
    for (size_t i = 0; i < roster_entries (self->ctx->roster); i++) {
        worker_record_t *worker = roster_at (self->ctx->roster, i);
        if (worker && worker->session
            && (!most || parts_held (worker->parts) > parts_held (most->parts)))
            most = worker;
    }
    return most;
}

//  What its parts have cost was work only as long as they could become a result.
static void s_charge (context_t *ctx, const worker_record_t *worker, uint64_t cost_ns)
{
    if (ctx->meter)
        meter_charge (ctx->meter, meter_account (ctx->meter, worker->peer), cost_ns, ctx->now_us);
}

static void s_sink_give_up (back_t *self, worker_record_t *worker)
{
    size_t before = parts_held (worker->parts);
    parts_give_up (worker->parts);
    size_t given_up = before - parts_held (worker->parts);
    self->ctx->sink_bytes -= given_up;
    s_charge (self->ctx, worker, METER_LOST_BYTE_NS * (uint64_t) given_up);
}

//  Values in transfer share a part of the memory. When that is full, the largest value of the
//  worker that holds most is given up.
static bool s_sink_part (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_part_t part;
    if (!wire_read_part (body, &part) || !cursor_done (body))
        return false;
    size_t before = parts_held (worker->parts);
    worker->unacknowledged_bytes += part.held <= WIRE_PART_MAX ? part.held : 0;
    cadre_error_t error = parts_add (worker->parts, &part);
    s_sink_count (self->ctx, error == CADRE_OK);
    self->ctx->sink_bytes += parts_held (worker->parts) - before;
    while (self->ctx->sink_bytes > budget_values (self->ctx)) {
        uint64_t held = self->ctx->sink_bytes;
        s_sink_give_up (self, s_holds_most (self));
        if (self->ctx->sink_bytes == held)
            break;
    }
    return error == CADRE_OK;
}

static bool s_sink_drained (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_sink_drained_t drained;
    if (!wire_read_sink_drained (body, &drained) || !cursor_done (body))
        return false;
    worker_record_move (worker, WORKER_DRAINING);
    worker->draining = true;
    worker->drained = drained.leases == 0;
    worker->beat_due = true;
    roster_changed (self->ctx->roster, worker);
    return true;
}

//  Leases that it still holds were sent to it while it left: they return without using up a try.
static bool s_goodbye (back_t *self, worker_record_t *worker, cursor_t *body)
{
    wire_goodbye_t goodbye;
    if (!wire_read_goodbye (body, &goodbye) || !cursor_done (body))
        return false;
    log_line (LOG_INFO, "B016", "worker %s leaves", worker->name);
    back_session_forget (self, worker, true);
    return true;
}

static bool s_handle_results (back_t *self, worker_record_t *worker, cursor_t *body)
{
    size_t before = parts_held (worker->parts);
    bool fine = s_results (self, worker, body);
    self->ctx->sink_bytes -= before - parts_held (worker->parts);
    return fine;
}

static bool s_handle (back_t *self, worker_record_t *worker, unsigned verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_sink_results: return s_handle_results (self, worker, body);
    case WIRE_sink_returned: return s_returned (self, worker, body);
    case WIRE_sink_output: return s_sink_output (self, worker, body);
    case WIRE_part: return s_sink_part (self, worker, body);
    case WIRE_sink_drained: return s_sink_drained (self, worker, body);
    case WIRE_goodbye: return s_goodbye (self, worker, body);
    default: return false;
    }
}

void sink_handle (back_t *self, const void *frame, size_t size_bytes)
{
    wire_envelope_t envelope;
    cursor_t body;
    if (wire_open (frame, size_bytes, &envelope, &body)) {
        self->ctx->refused_frames++;
        return;
    }
    worker_record_t *worker =
        envelope.session ? roster_by_session (self->ctx->roster, envelope.session) : NULL;
    if (!worker) {
        self->ctx->stale_results += envelope.verb == WIRE_sink_results;
        return;
    }
    if (self->ctx->peer ? strcmp (self->ctx->peer, worker->peer) != 0 : self->ctx->authz != NULL) {
        self->ctx->refused_frames++; //  It names another worker's lease
        return;
    }
    worker->heard_us = self->ctx->now_us;
    switch (stream_in_accept (&worker->in, envelope.sequence)) {
    case STREAM_SEEN: return;
    case STREAM_GAP: back_session_end (self, worker, "frames of its sink are missing"); return;
    case STREAM_NEW: break;
    }
    if (!sink_window_came (&worker->window, envelope.sequence, size_bytes)) {
        self->ctx->refused_frames++;
        back_session_end (self, worker, "it sends more on its sink than may be unacknowledged");
        return;
    }
    worker->unacknowledged_bytes += size_bytes;
    self->breach = (breach_t){.frame = envelope.sequence};
    journal_t *journal = self->ctx->journal;
    if (s_handle (self, worker, envelope.verb, &body)) {
        //  Also for a stale result: the reason why it is stale may not be on the disk yet
        if (journal && !journal_is_idle (journal) && envelope.verb != WIRE_goodbye)
            durable_answers_acknowledge_worker (journal, worker, envelope.sequence);
        return;
    }
    self->ctx->refused_frames++;
    breach_end (self, worker);
}
