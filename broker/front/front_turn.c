//  front_turn.c - what clients are sent at the end of a turn and once per beat interval

#include "broker/front/front_turn.h"

#include <stdio.h>
#include <utlist.h>

#include "broker/back/job_sweep.h"
#include "broker/delivery/follow.h"
#include "broker/delivery/pager.h"
#include "broker/front/admission.h"
#include "broker/front/deferred_frames.h"
#include "broker/front/front_frames.h"
#include "broker/front/front_session.h"
#include "broker/front/request.h"
#include "broker/front/requests.h"
#include "broker/ledger/ledger.h"
#include "common/log.h"

#define REPORT_US 100000     //  Minimum interval of JOB_STATEs of a job
#define REPORTS_A_TURN 32u   //  Clients that are sent states in one turn
#define REPORTS_STATES 64u   //  States per client
#define FOLLOW_RECORDS 4096u //  Records and followers that are sent, or checked, in one turn

static void s_tell_states (front_t *self, client_t *client, uint32_t states)
{
    for (job_t *job; states && (job = client->changed) != NULL; states--) {
        client_unchanged (client, job);
        client_state (client, self->ctx, job->ref, job, false);
    }
    follow_report (client, self->ctx, &states);
}

//  Serves one client after the other, as far as the turn's limit allows.
void front_turn_report (void *owner, int64_t now_us)
{
    front_t *self = owner;
    context_t *ctx = self->ctx;
    client_t *client;
    for (unsigned i = 0; i < REPORTS_A_TURN && (client = ctx->telling) && client->tell_us <= now_us;
         i++) {
        bool full = client_is_full (client, ctx); //  Changes are sent when it has read
        if (!full)
            s_tell_states (self, client, REPORTS_STATES);
        if (full || (!client->changed && !client->untold))
            client_tell (client, ctx, false);
    }
    if (ctx->telling)
        timers_set (ctx->timers, &self->report, ctx->telling->tell_us);
}

static void s_want_report (front_t *self, client_t *client)
{
    if (client->telling || (!client->changed && !client->untold))
        return;
    client->tell_us = self->ctx->now_us + REPORT_US;
    client_tell (client, self->ctx, true);
    if (!timers_is_set (&self->report))
        timers_set (self->ctx->timers, &self->report, self->ctx->telling->tell_us);
}

//  ---- windows ------------------------------------------------------------

//  Tells a client that waits for room, once for each job to which it may have more to send, why
//  nothing proceeds.
static void s_tell_full (front_t *self, client_t *client)
{
    fault_t fault;
    const context_t *ctx = self->ctx;
    uint64_t open = client->granted_bytes - client->received_bytes;
    //  It may send less than a frame, and no significant increase is possible
    bool full = open <= WIRE_FRAME_MAX
                && windows_memory_left (&self->windows, client) <= open + WIRE_FRAME_MAX;
    if (full == client->told_full)
        return;
    client->told_full = full;
    admission_fault_full (ctx, client, &fault);
    for (ref_t *ref = full ? client->refs : NULL; ref; ref = ref->hh.next) {
        job_t *job = ref->kind == REF_JOB ? job_table_find (ctx->jobs, ref->job) : NULL;
        if (job && !job->sealed)
            client_notice (client, self->ctx, ref->ref, CADRE_ERROR_MEMORY, fault.text);
    }
}

static void s_send_window (front_t *self, client_t *client)
{
    if (!windows_raise (&self->windows, client))
        return;
    wire_window_t window = {.tasks = client->granted_tasks, .bytes = client->granted_bytes};
    wire_write_window (&self->frame, (wire_envelope_t){.session = client->session}, &window);
    front_session_send (self, client->route);
}

static void s_send_beat (front_t *self, client_t *client)
{
    wire_beat_t beat = {.received = client_acknowledgeable (client),
                        .sent = stream_sent (client->out)};
    wire_write_beat (&self->frame, (wire_envelope_t){.session = client->session}, &beat);
    front_session_send (self, client->route);
    client->acknowledged = beat.received;
    client->unacknowledged_bytes = 0;
    client->beat_due = false;
}

//  ---- the end of a turn --------------------------------------------------

//  Sends as much as may be in flight. A peer that is gone will send HELLO; one that does not read
//  is served again when it acknowledges.
static void s_front_turn_pump (front_t *self, client_t *client)
{
    const buffer_t *frame;
    uint64_t most = client_flight_max (self->ctx);
    while (client->route && stream_flying_bytes (client->out) < most
           && peer_backlog_has_room (&client->backlog, most)
           && (frame = stream_next (client->out)) != NULL) {
        cadre_error_t error = sockets_send_bytes_to (self->router, client->route, frame->data,
                                                     frame->size, ZMQ_DONTWAIT);
        if (error) {
            stream_unsend (client->out);
            if (error != CADRE_ERROR_TIMEOUT)
                front_session_move (self, client, 0);
            return;
        }
        peer_backlog_add (&client->backlog, frame->size);
    }
}

//  Jobs of a client that does not read are not dispatched until its backlog is half the limit.
static void s_judge_backlog (front_t *self, client_t *client)
{
    size_t backlog = client_backlog (client), most = client_backlog_max (self->ctx);
    bool stalled = client->stalled ? backlog > most / 2 : backlog > most;
    if (stalled == client->stalled)
        return;
    client->stalled = stalled;
    ledger_jobs_stall (self->ctx->ledger, client);
}

//  True when there is more to send in the next turn.
static bool s_flush_client (front_t *self, client_t *client, uint32_t *records)
{
    follow_pump_all (client, self->ctx, records);
    client_flush (client);
    s_front_turn_pump (self, client);
    //  Followers that waited for payloads which were sent now
    bool more = follow_pump_all (client, self->ctx, records);
    s_front_turn_pump (self, client);
    request_queue (self, client);
    client_count (client, self->ctx, true);
    s_judge_backlog (self, client);
    s_send_window (self, client);
    if (client->beat_due)
        s_send_beat (self, client);
    s_want_report (self, client);
    return more;
}

//  Clients that do not fit into this turn are served in the next one, those not served at all
//  first.
static void s_flush_dirty (front_t *self)
{
    client_t *served = NULL, *waiting = NULL, *client;
    uint32_t records = FOLLOW_RECORDS;
    while ((client = self->ctx->dirty) != NULL) {
        bool late = records == 0;
        DL_DELETE2 (self->ctx->dirty, client, dirty_prev, dirty_next);
        client->dirty = s_flush_client (self, client, &records);
        if (client->dirty && late)
            DL_APPEND2 (waiting, client, dirty_prev, dirty_next);
        else if (client->dirty)
            DL_APPEND2 (served, client, dirty_prev, dirty_next);
    }
    DL_CONCAT2 (waiting, served, dirty_prev, dirty_next);
    self->ctx->dirty = waiting;
    self->ctx->unfinished = self->ctx->unfinished || waiting;
}

//  Data has been read back from the store.
static void s_ask_again (front_t *self)
{
    if (!self->waits_store)
        return;
    self->waits_store = false;
    for (client_t *client = self->ctx->clients; client; client = client->hh.next) {
        client->inbox.waits_store = false;
        request_queue (self, client);
    }
}

void front_turn_flush (front_t *self)
{
    if (self->ctx->pager && pager_arrivals (self->ctx->pager) != self->arrivals) {
        self->arrivals = pager_arrivals (self->ctx->pager);
        s_ask_again (self);
    }
    requests_answer (self);
    windows_judge (&self->windows);
    s_flush_dirty (self);
    self->ctx->unfinished = self->ctx->unfinished || self->asking;
}

void front_turn_beat (front_t *self)
{
    uint64_t ended = self->ctx->tasks_done + self->ctx->tasks_failed;
    for (client_t *client = self->ctx->clients, *next; client; client = next) {
        next = client->hh.next;
        s_send_beat (self, client);
        s_send_window (self, client);
        s_tell_full (self, client);
        if (stream_unacknowledged (client->out))
            client_touch (client, self->ctx); //  It may be possible to send now
        request_queue (self, client);
        front_frames_unpark (self, client);
    }
    int64_t passed_us = self->ctx->now_us - self->rate_us;
    if (passed_us > 0)
        self->rate = (double) (ended - self->rate_done) * 1e6 / (double) passed_us;
    self->rate_done = ended;
    self->rate_us = self->ctx->now_us;
    job_sweep_begin (self->ctx);
    ledger_jobs_sweep (self->ctx->ledger);
}

void front_turn_judge (front_t *self)
{
    client_t *client, *next;
    int64_t lost_us = (int64_t) self->ctx->lost_ms * 1000;
    for (client = self->ctx->clients; client; client = next) {
        next = client->hh.next;
        if (deferred_frames_is_stuck (client, self->ctx)) {
            front_session_end_stuck (self, client);
            continue;
        }
        if (self->ctx->now_us - client->heard_us < lost_us)
            continue;
        log_line (LOG_WARNING, "B023",
                  "client %s is lost: silent for %u ms; its attached jobs are cancelled",
                  client->name, self->ctx->lost_ms);
        front_session_forget (self, client);
    }
}

bool front_turn_is_delivered (const front_t *self)
{
    for (const client_t *client = self->ctx->clients; client; client = client->hh.next)
        if (client->batch_count || stream_unacknowledged (client->out))
            return false;
    return true;
}
