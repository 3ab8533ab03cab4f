//  back.c - the worker side of the broker: registration, BEATs, orders, and the sink

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/back/back_register.h"
#include "broker/back/back_session.h"
#include "broker/back/output_grants.h"
#include "broker/core/budget.h"
#include "common/log.h"

#define JOINING_MS 5000    //  A lane that is not open by then is dropped
#define SPANS_A_TURN 4096u //  Limit of spans in one CANCEL or RECALL
#define OUTPUT_BYTES (sizeof (wrote_t) + BUDGET_BLOCK_BYTES)
#define OUTPUT_PACE_US                                                                             \
    10000 //  Interval of output windows while results are frequent: 100 MB/s per task

static void s_on_grants (void *owner, int64_t now_us)
{
    (void) now_us;
    output_grants_give (owner);
}

back_t *back_new (context_t *ctx, void *router, back_joined_fn *joined, void *owner)
{
    back_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->router = router;
    self->joined = joined;
    self->owner = owner;
    self->outputs = outputs_new ();
    outputs_limit (self->outputs, budget_writers (ctx));
    lane_limits_begin (&self->lane_limits, ctx);
    self->pace.every_us = OUTPUT_PACE_US;
    self->grants = (alarm_t){.ring = s_on_grants, .owner = self};
    return self;
}

void back_destroy (back_t **self_p)
{
    assert (self_p);
    back_t *self = *self_p;
    if (!self)
        return;
    timers_cancel (self->ctx->timers, &self->grants);
    outputs_destroy (&self->outputs);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

//  Two BEATs with outstanding frames and no progress end the session.
static void s_handle_beat (back_t *self, worker_record_t *worker, const wire_beat_t *beat)
{
    if (beat->received > lane_sent (worker->lane)) {
        back_session_end (self, worker, "it acknowledged a frame that was never sent");
        return;
    }
    lane_received (worker->lane, beat->received);
    if (beat->shares && worker->shares)
        lane_share (worker->lane);
    if (self->ctx->now_us - worker->judged_us < (int64_t) self->ctx->beat_ms * 900)
        return;
    worker->judged_us = self->ctx->now_us;
    bool lane_stands =
        beat->received == worker->beat_received && beat->received < worker->lane_sent;
    bool sink_stands =
        worker->in.received == worker->sink_received && worker->in.received < worker->sink_sent;
    worker->stalls = lane_stands || sink_stands ? worker->stalls + 1 : 0;
    worker->beat_received = beat->received;
    worker->lane_sent = lane_sent (worker->lane);
    worker->sink_sent = beat->sent;
    worker->sink_received = worker->in.received;
    if (worker->stalls <= 2)
        return;
    back_session_end (self, worker,
                      lane_stands ? "its lane makes no progress" : "its sink makes no progress");
    //  The worker is alive and should register at once; if it does not, its tasks need not wait as
    //  long as for a silent worker
    int64_t soon_us =
        self->ctx->now_us + ((int64_t) self->ctx->beat_ms * 2 - self->ctx->lost_ms) * 1000;
    worker->heard_us = soon_us < worker->heard_us ? soon_us : worker->heard_us;
}

static void s_open_lane (back_t *self, worker_record_t *worker, const wire_lane_open_t *open)
{
    lane_grant (worker->lane, open->tasks, open->bytes);
    if (worker->state != WORKER_JOINING)
        return;
    worker_record_move (worker, worker->draining ? WORKER_DRAINING : WORKER_READY);
    roster_changed (self->ctx->roster, worker);
    log_line (LOG_INFO, "B012", "worker %s is ready: %u slots", worker->name, worker->slots);
}

//  False when the body is malformed.
static bool s_handle_open (back_t *self, worker_record_t *worker, const wire_envelope_t *envelope,
                           cursor_t *body)
{
    wire_beat_t beat;
    wire_window_t window;
    wire_lane_open_t open;
    switch (envelope->verb) {
    case WIRE_beat:
        if (!wire_read_beat (body, &beat) || !cursor_done (body))
            return false;
        s_handle_beat (self, worker, &beat);
        return true;
    case WIRE_window:
        if (!wire_read_window (body, &window) || !cursor_done (body))
            return false;
        lane_grant (worker->lane, window.tasks, window.bytes);
        return true;
    case WIRE_lane_open:
        if (!wire_read_lane_open (body, &open) || !cursor_done (body))
            return false;
        s_open_lane (self, worker, &open);
        return true;
    default: return false;
    }
}

void back_handle (back_t *self, sockets_route_t route, const void *frame, size_t size_bytes)
{
    wire_envelope_t envelope;
    cursor_t body;
    cadre_error_t error = wire_open (frame, size_bytes, &envelope, &body);
    if (error == CADRE_ERROR_VERSION) {
        fault_t fault = {0};
        fault_set (
            &fault, error,
            "worker speaks cadre protocol %u, this broker %u.%u: upgrade the older of the two",
            envelope.version, WIRE_MAJOR, WIRE_MINOR);
        self->ctx->refused_frames++;
        back_session_refuse (self, route, &fault);
        return;
    }
    if (error) {
        self->ctx->refused_frames++;
        return;
    }
    if (envelope.verb == WIRE_worker_hello) {
        back_register (self, route, &body);
        return;
    }
    worker_record_t *worker =
        envelope.session ? roster_by_session (self->ctx->roster, envelope.session) : NULL;
    if (!worker || worker->route != route) {
        back_session_who (self, route);
        return;
    }
    worker->heard_us = self->ctx->now_us;
    if (s_handle_open (self, worker, &envelope, &body))
        return;
    self->ctx->refused_frames++;
    back_session_end (self, worker, "it sent a malformed frame");
}

static void s_send_spans (back_t *self, worker_record_t *worker, const spans_t *spans, bool recall)
{
    buffer_t list = {0};
    spans_pack (spans, &list);
    wire_envelope_t envelope = {.session = worker->session};
    wire_cancel_t cancel = {.after = lane_sent (worker->lane),
                            .leases = wire_list_of (&list, spans->count)};
    wire_recall_t order = {.after = cancel.after, .leases = cancel.leases};
    if (recall)
        wire_write_recall (&self->frame, envelope, &order);
    else
        wire_write_cancel (&self->frame, envelope, &cancel);
    back_session_send (self, worker->route);
    buffer_free (&list);
}

void back_recall (void *owner, worker_record_t *worker, const spans_t *leases)
{
    s_send_spans (owner, worker, leases, true);
}

//  Orders that were sent while their leases waited in the lane are sent again when it is empty.
static void s_flush_order (back_t *self, worker_record_t *worker, worker_order_t *order,
                           bool recall)
{
    spans_t part = order->leases;
    bool empty = !lane_has_unsent (worker->lane);
    size_t from = empty && order->early ? 0 : order->sent;
    part.spans = order->leases.spans + from;
    part.count =
        order->leases.count - from < SPANS_A_TURN ? order->leases.count - from : SPANS_A_TURN;
    if (part.count)
        s_send_spans (self, worker, &part, recall);
    order->sent = from + part.count;
    order->early = !empty;
    if (empty && order->sent == order->leases.count)
        order->leases.count = order->sent = 0;
    else if (order->sent < order->leases.count)
        self->ctx->unfinished = true;
}

static void s_flush_orders (back_t *self, worker_record_t *worker)
{
    if (worker->recalls.leases.count)
        s_flush_order (self, worker, &worker->recalls, true);
    if (worker->cancels.leases.count)
        s_flush_order (self, worker, &worker->cancels, false);
}

static void s_flush_worker (back_t *self, worker_record_t *worker)
{
    if (!lane_flush (worker->lane)) {
        back_session_end (self, worker, "its lane is broken");
        return;
    }
    if (worker->state != WORKER_JOINING)
        s_flush_orders (self, worker);
    if (worker->beat_due || worker->unacknowledged_bytes > CONTEXT_SINK_BYTES / 8)
        back_session_beat (self, worker);
    ledger_leases_compact (self->ctx->ledger, worker);
}

void back_flush (back_t *self)
{
    roster_t *roster = self->ctx->roster;
    for (size_t i = 0; i < roster_entries (roster); i++) {
        worker_record_t *worker = roster_at (roster, i);
        if (worker && worker->session)
            s_flush_worker (self, worker);
    }
    output_grants_give (self);
}

void back_beat (back_t *self)
{
    roster_t *roster = self->ctx->roster;
    for (size_t i = 0; i < roster_entries (roster); i++) {
        worker_record_t *worker = roster_at (roster, i);
        if (!worker || !worker->session)
            continue;
        sockets_events (lane_socket (worker->lane)); //  Lets libzmq process its commands
        back_session_beat (self, worker);
    }
    self->ctx->worker_bytes = roster_bytes (roster) + outputs_count (self->outputs) * OUTPUT_BYTES;
}

//  A worker that is known from the log only and holds nothing may be dropped silently.
static void s_lose (back_t *self, worker_record_t *worker)
{
    bool known = worker->described || worker->leased;
    char who [2 * CONTEXT_NAME_BYTES + 8];
    snprintf (who, sizeof who, "%s%s%s", worker->name, worker->described ? " on " : "",
              worker->host);
    size_t held = worker->leased, again = back_session_forget (self, worker, worker->breached);
    if (!known)
        return;
    self->ctx->lost_workers++;
    log_line (LOG_WARNING, "B013",
              "worker %s is lost: silent for %u ms; of its %zu tasks %zu run again, %zu have ended",
              who, self->ctx->lost_ms, held, again, held - again);
}

//  Is nothing known about it that would be needed when it reconnects?
static bool s_is_nobody (const worker_record_t *worker)
{
    return worker->state == WORKER_AWAY && worker->described && !worker->sent && !worker->draining
           && !worker->leased;
}

void back_judge (back_t *self)
{
    roster_t *roster = self->ctx->roster;
    int64_t lost_us = (int64_t) self->ctx->lost_ms * 1000;
    int64_t joining_us = self->ctx->lost_ms < JOINING_MS ? lost_us : JOINING_MS * 1000;
    for (size_t i = 0; i < roster_entries (roster); i++) {
        worker_record_t *worker = roster_at (roster, i);
        if (worker && worker->state == WORKER_JOINING
            && self->ctx->now_us - worker->joined_us > joining_us)
            back_session_end (self, worker,
                              "it does not open its lane: are the ports of --lanes reachable?");
        else if (worker && worker->session && worker->deaf)
            back_session_end (self, worker, "it does not read its orders");
        else if (worker && s_is_nobody (worker)) {
            back_session_forget (self, worker, true);
            continue;
        }
        if (!worker || self->ctx->now_us - worker->heard_us < lost_us)
            continue;
        s_lose (self, worker);
    }
}

void back_check_keys (back_t *self)
{
    for (size_t i = 0; i < roster_entries (self->ctx->roster); i++) {
        worker_record_t *worker = roster_at (self->ctx->roster, i);
        if (!worker || authz_is_worker (self->ctx->authz, worker->peer))
            continue;
        fault_t fault = {0};
        fault_set (&fault, CADRE_ERROR_REFUSED,
                   "the key %s of worker %s was revoked or replaced: ask for a new access file",
                   worker->key, worker->name);
        back_session_refuse (self, worker->route, &fault);
        back_session_forget (self, worker, true);
    }
}

void back_drain (back_t *self, worker_record_t *worker, uint64_t timeout_ms)
{
    if (!worker->session)
        return;
    wire_write_drain (&self->frame, (wire_envelope_t){.session = worker->session},
                      &(wire_drain_t){.timeout_ms = timeout_ms});
    back_session_send (self, worker->route);
    worker_record_move (worker, WORKER_DRAINING);
    worker->draining = true;
    roster_changed (self->ctx->roster, worker);
}

void back_stop (back_t *self, worker_record_t *worker, const char *reason)
{
    if (worker->session) {
        wire_write_stop (&self->frame, (wire_envelope_t){.session = worker->session},
                         &(wire_stop_t){.reason = wire_view (reason)});
        back_session_send (self, worker->route);
    }
    log_line (LOG_INFO, "B014", "worker %s is stopped: %s", worker->name, reason);
    back_session_forget (self, worker, true);
}

size_t back_pending (back_t *self, void **sockets, size_t max)
{
    size_t count = 0;
    roster_t *roster = self->ctx->roster;
    for (size_t i = 0; i < roster_entries (roster) && count < max; i++) {
        worker_record_t *worker = roster_at (roster, i);
        if (worker && worker->session && lane_is_pending (worker->lane))
            sockets [count++] = lane_socket (worker->lane);
    }
    return count;
}
