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
        units_print_size (self->hub->memory_limit, limit, sizeof limit));
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
    self->hub->refused_bytes++;
    return wire_view_of (tail);
}

//  Memory is full because of this client or job: its kept results are not fetched, or its client
//  does not read.
static bool s_has_no_room (back_t *self, const wire_sink_result_t *result, size_t size_bytes)
{
    const hub_t *hub = self->hub;
    if (size_bytes < VALUE_SMALL || hub_used_bytes (hub) < hub->memory_limit / 16 * 15)
        return false;
    const job_t *job = job_table_find (hub->jobs, result->job);
    if (!job || job->durable)
        return false;
    return job->detached
           || (job->owner && client_backlog (job->owner) > client_backlog_max (hub) / 4);
}

static void s_count (hub_t *hub, bool is_work)
{
    hub->frame_work += is_work;
    hub->frame_waste += !is_work;
}

static bool s_result (back_t *self, agent_t *agent, cursor_t *body)
{
    wire_sink_result_t result;
    view_t tail;
    buffer_t large = {0}, own = {0};
    bool whole = s_read_result (body, &result, &tail);
    breach_blame (&self->breach, result.job, result.index, result.serial);
    if (!whole)
        return false;
    uint64_t number = wire_parts_of (result.value);
    const job_t *job = job_table_find (self->hub->jobs, result.job);
    bool items = !job || job->kind == WIRE_KIND_MAP;
    if (!s_is_sound (self, &result, items, number != 0))
        return false;
    if (number && parts_take_given_up (agent->parts, number))
        tail = s_without_value (self, &result, &own);
    else if (number
             && !parts_take_as (agent->parts, number, items ? &rules_items : &rules_value, &large,
                                &self->breach.why)) {
        return false;
    } else if (s_has_no_room (self, &result, tail.size + large.size)) {
        tail = s_without_value (self, &result, &own);
        buffer_free (&large);
    }
    outputs_drop (self->outputs, result.serial);
    s_count (self->hub, ledger_result (self->hub->ledger, agent, &result, tail, &large));
    buffer_free (&own);
    return true;
}

static bool s_results (back_t *self, agent_t *agent, cursor_t *body)
{
    size_t fields = 0, count = 0;
    if (!cursor_array (body, &fields) || fields < 1 || !cursor_array (body, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!s_result (self, agent, body))
            return false;
    breach_blame (&self->breach, 0, 0, 0);
    for (size_t i = 1; i < fields; i++)
        if (!cursor_skip (body, NULL))
            return false;
    return cursor_done (body);
}

static bool s_returned (back_t *self, agent_t *agent, cursor_t *body)
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
        s_count (self->hub, ledger_leases_return (self->hub->ledger, agent, &lease));
    }
    agent->recall_until_us = 0;
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

static bool s_output (back_t *self, agent_t *agent, cursor_t *body)
{
    wire_sink_output_t output;
    bool whole = wire_read_sink_output (body, &output) && cursor_done (body);
    breach_blame (&self->breach, output.job, output.index, output.serial);
    if (!whole || !rules_message_output (output.stream, output.bytes, &self->breach.why))
        return false;
    job_t *job = job_table_find (self->hub->jobs, output.job);
    const task_t *task = ledger_held (self->hub->ledger, agent, job, output.index, output.serial);
    if (!task)
        return true;
    s_count (self->hub, true);
    wrote_t *wrote = outputs_get (self->outputs, output.serial);
    if (!wrote) { //  Too many leases have written: its output is dropped
        output_grants_send (self, agent, &(wrote_t){.serial = output.serial, .discarded = true});
        return true;
    }
    if (wrote->granted_bytes == 0)
        wrote->granted_bytes = HUB_OUTPUT_BYTES;
    wrote->job = output.job;
    wrote->agent = agent->place;
    bool news = s_is_news (wrote, job, &output);
    wrote->starved = wrote->granted_bytes < wrote->received_bytes + HUB_OUTPUT_BYTES / 2;
    self->starved = self->starved || wrote->starved;
    bool wanted = !news
                  || deliver_output (self->hub, job, (uint32_t) output.index, task->attempt,
                                     output.stream, output.bytes);
    if (!wanted && !wrote->discarded) {
        wrote->discarded = true;
        output_grants_send (self, agent, wrote);
    }
    return true;
}

static agent_t *s_holds_most (const back_t *self)
{
    agent_t *most = NULL;
    for (size_t i = 0; i < roster_places (self->hub->roster); i++) {
        agent_t *agent = roster_at (self->hub->roster, i);
        if (agent && agent->session
            && (!most || parts_held (agent->parts) > parts_held (most->parts)))
            most = agent;
    }
    return most;
}

//  What its parts have cost was work only as long as they could become a result.
static void s_charge (hub_t *hub, const agent_t *agent, uint64_t cost_ns)
{
    if (hub->meter)
        meter_charge (hub->meter, meter_account (hub->meter, agent->peer), cost_ns, hub->now_us);
}

static void s_give_up (back_t *self, agent_t *agent)
{
    size_t before = parts_held (agent->parts);
    parts_give_up (agent->parts);
    size_t given_up = before - parts_held (agent->parts);
    self->hub->sink_bytes -= given_up;
    s_charge (self->hub, agent, METER_LOST_BYTE_NS * (uint64_t) given_up);
}

//  Values in transfer share a part of the memory. When that is full, the largest value of the
//  worker that holds most is given up.
static bool s_part (back_t *self, agent_t *agent, cursor_t *body)
{
    wire_part_t part;
    if (!wire_read_part (body, &part) || !cursor_done (body))
        return false;
    size_t before = parts_held (agent->parts);
    cadre_error_t error = parts_add (agent->parts, &part);
    s_count (self->hub, error == CADRE_OK);
    self->hub->sink_bytes += parts_held (agent->parts) - before;
    while (self->hub->sink_bytes > budget_values (self->hub)) {
        uint64_t held = self->hub->sink_bytes;
        s_give_up (self, s_holds_most (self));
        if (self->hub->sink_bytes == held)
            break;
    }
    return error == CADRE_OK;
}

static bool s_drained (back_t *self, agent_t *agent, cursor_t *body)
{
    wire_sink_drained_t drained;
    if (!wire_read_sink_drained (body, &drained) || !cursor_done (body))
        return false;
    agent_move (agent, AGENT_DRAINING);
    agent->draining = true;
    agent->beat_due = true;
    roster_changed (self->hub->roster, agent);
    return true;
}

//  Leases that it still holds were sent to it while it left: they return without using up a try.
static bool s_goodbye (back_t *self, agent_t *agent, cursor_t *body)
{
    wire_goodbye_t goodbye;
    if (!wire_read_goodbye (body, &goodbye) || !cursor_done (body))
        return false;
    log_line (LOG_INFO, "B016", "worker %s leaves", agent->name);
    back_session_forget (self, agent, true);
    return true;
}

static bool s_handle_results (back_t *self, agent_t *agent, cursor_t *body)
{
    size_t before = parts_held (agent->parts);
    bool fine = s_results (self, agent, body);
    self->hub->sink_bytes -= before - parts_held (agent->parts);
    return fine;
}

static bool s_handle (back_t *self, agent_t *agent, unsigned verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_sink_results: return s_handle_results (self, agent, body);
    case WIRE_sink_returned: return s_returned (self, agent, body);
    case WIRE_sink_output: return s_output (self, agent, body);
    case WIRE_part: return s_part (self, agent, body);
    case WIRE_sink_drained: return s_drained (self, agent, body);
    case WIRE_goodbye: return s_goodbye (self, agent, body);
    default: return false;
    }
}

void sink_handle (back_t *self, const void *frame, size_t size_bytes)
{
    wire_envelope_t envelope;
    cursor_t body;
    if (wire_open (frame, size_bytes, &envelope, &body)) {
        self->hub->refused_frames++;
        return;
    }
    agent_t *agent =
        envelope.session ? roster_by_session (self->hub->roster, envelope.session) : NULL;
    if (!agent) {
        self->hub->stale_results += envelope.verb == WIRE_sink_results;
        return;
    }
    if (self->hub->peer ? strcmp (self->hub->peer, agent->peer) != 0 : self->hub->doors != NULL) {
        self->hub->refused_frames++; //  It names another worker's lease
        return;
    }
    agent->heard_us = self->hub->now_us;
    switch (stream_in_accept (&agent->in, envelope.sequence)) {
    case STREAM_SEEN: return;
    case STREAM_GAP: back_session_end (self, agent, "frames of its sink are missing"); return;
    case STREAM_NEW: break;
    }
    if (!sink_window_came (&agent->window, envelope.sequence, size_bytes)) {
        self->hub->refused_frames++;
        back_session_end (self, agent, "it sends more on its sink than may be unacknowledged");
        return;
    }
    agent->unacknowledged_bytes += size_bytes;
    self->breach = (breach_t){.frame = envelope.sequence};
    journal_t *journal = self->hub->journal;
    if (s_handle (self, agent, envelope.verb, &body)) {
        //  Also for a stale result: the reason why it is stale may not be on the disk yet
        if (journal && !journal_is_idle (journal) && envelope.verb != WIRE_goodbye)
            answers_acknowledge_agent (journal, agent, envelope.sequence);
        return;
    }
    self->hub->refused_frames++;
    breach_end (self, agent);
}
