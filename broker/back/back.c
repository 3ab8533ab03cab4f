//  back.c - the worker side of the broker: registration, BEATs, orders, and the sink

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/back/back_register.h"
#include "broker/back/back_session.h"
#include "broker/back/output_grants.h"
#include "broker/core/budget.h"
#include "common/log.h"

#define JOINING_MS 5000      //  A lane that is not open by then is dropped
#define CANCELS_A_TURN 4096u //  Limit of spans in one CANCEL
#define OUTPUT_BYTES (sizeof (wrote_t) + BUDGET_BLOCK_BYTES)
#define OUTPUT_PACE_US                                                                             \
    10000 //  Interval of output windows while results are frequent: 100 MB/s per task

static void s_on_grants (void *owner, int64_t now_us)
{
    (void) now_us;
    output_grants_give (owner);
}

back_t *back_new (hub_t *hub, void *router, back_joined_fn *joined, void *owner)
{
    back_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->router = router;
    self->joined = joined;
    self->owner = owner;
    self->outputs = outputs_new ();
    outputs_limit (self->outputs, budget_writers (hub));
    berths_begin (&self->berths, hub);
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
    timers_cancel (self->hub->timers, &self->grants);
    outputs_destroy (&self->outputs);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

//  Two BEATs with outstanding frames and no progress end the session.
static void s_handle_beat (back_t *self, agent_t *agent, const wire_beat_t *beat)
{
    if (beat->received > lane_sent (agent->lane)) {
        back_session_end (self, agent, "it acknowledges what was never sent");
        return;
    }
    lane_received (agent->lane, beat->received);
    if (self->hub->now_us - agent->judged_us < (int64_t) self->hub->beat_ms * 900)
        return;
    agent->judged_us = self->hub->now_us;
    bool lane_stands = beat->received == agent->beat_received && beat->received < agent->lane_sent;
    bool sink_stands =
        agent->in.received == agent->sink_received && agent->in.received < agent->sink_sent;
    agent->stalls = lane_stands || sink_stands ? agent->stalls + 1 : 0;
    agent->beat_received = beat->received;
    agent->lane_sent = lane_sent (agent->lane);
    agent->sink_sent = beat->sent;
    agent->sink_received = agent->in.received;
    if (agent->stalls <= 2)
        return;
    back_session_end (self, agent,
                      lane_stands ? "its lane makes no progress" : "its sink makes no progress");
    //  The worker is alive and should register at once; if it does not, its tasks need not wait as
    //  long as for a silent worker
    int64_t soon_us =
        self->hub->now_us + ((int64_t) self->hub->beat_ms * 2 - self->hub->lost_ms) * 1000;
    agent->heard_us = soon_us < agent->heard_us ? soon_us : agent->heard_us;
}

static void s_open_lane (back_t *self, agent_t *agent, const wire_lane_open_t *open)
{
    lane_grant (agent->lane, open->tasks, open->bytes);
    if (agent->state != AGENT_JOINING)
        return;
    agent_move (agent, agent->draining ? AGENT_DRAINING : AGENT_READY);
    roster_changed (self->hub->roster, agent);
    log_line (LOG_INFO, "B012", "worker %s is ready: %u slots", agent->name, agent->slots);
}

//  False when the body is malformed.
static bool s_handle_open (back_t *self, agent_t *agent, const wire_envelope_t *envelope,
                           cursor_t *body)
{
    wire_beat_t beat;
    wire_window_t window;
    wire_lane_open_t open;
    switch (envelope->verb) {
    case WIRE_beat:
        if (!wire_read_beat (body, &beat) || !cursor_done (body))
            return false;
        s_handle_beat (self, agent, &beat);
        return true;
    case WIRE_window:
        if (!wire_read_window (body, &window) || !cursor_done (body))
            return false;
        lane_grant (agent->lane, window.tasks, window.bytes);
        return true;
    case WIRE_lane_open:
        if (!wire_read_lane_open (body, &open) || !cursor_done (body))
            return false;
        s_open_lane (self, agent, &open);
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
        self->hub->refused_frames++;
        back_session_refuse (self, route, &fault);
        return;
    }
    if (error) {
        self->hub->refused_frames++;
        return;
    }
    if (envelope.verb == WIRE_worker_hello) {
        back_register (self, route, &body);
        return;
    }
    agent_t *agent =
        envelope.session ? roster_by_session (self->hub->roster, envelope.session) : NULL;
    if (!agent || agent->route != route) {
        back_session_who (self, route);
        return;
    }
    agent->heard_us = self->hub->now_us;
    if (s_handle_open (self, agent, &envelope, &body))
        return;
    self->hub->refused_frames++;
    back_session_end (self, agent, "it sent a malformed frame");
}

static void s_send_spans (back_t *self, agent_t *agent, const spans_t *spans, bool recall)
{
    buffer_t list = {0};
    spans_pack (spans, &list);
    wire_envelope_t envelope = {.session = agent->session};
    wire_cancel_t cancel = {.after = lane_sent (agent->lane),
                            .leases = wire_list_of (&list, spans->count)};
    wire_recall_t order = {.after = cancel.after, .leases = cancel.leases};
    if (recall)
        wire_write_recall (&self->frame, envelope, &order);
    else
        wire_write_cancel (&self->frame, envelope, &cancel);
    back_session_send (self, agent->route);
    buffer_free (&list);
}

void back_recall (void *owner, agent_t *agent, const spans_t *leases)
{
    s_send_spans (owner, agent, leases, true);
}

//  Cancels that were sent while their leases waited in the lane are sent again when it is empty.
static void s_flush_cancels (back_t *self, agent_t *agent)
{
    spans_t part = agent->cancels;
    bool empty = !lane_has_unsent (agent->lane);
    size_t from = empty && agent->cancels_early ? 0 : agent->cancels_sent;
    part.spans = agent->cancels.spans + from;
    part.count =
        agent->cancels.count - from < CANCELS_A_TURN ? agent->cancels.count - from : CANCELS_A_TURN;
    if (part.count)
        s_send_spans (self, agent, &part, false);
    agent->cancels_sent = from + part.count;
    agent->cancels_early = !empty;
    if (empty && agent->cancels_sent == agent->cancels.count)
        agent->cancels.count = agent->cancels_sent = 0;
    else if (agent->cancels_sent < agent->cancels.count)
        self->hub->unfinished = true;
}

static void s_flush_agent (back_t *self, agent_t *agent)
{
    if (!lane_flush (agent->lane)) {
        back_session_end (self, agent, "its lane is broken");
        return;
    }
    if (agent->cancels.count && agent->state != AGENT_JOINING)
        s_flush_cancels (self, agent);
    if (agent->beat_due || agent->unacknowledged_bytes > HUB_SINK_BYTES / 8)
        back_session_beat (self, agent);
    ledger_leases_compact (self->hub->ledger, agent);
}

void back_flush (back_t *self)
{
    roster_t *roster = self->hub->roster;
    for (size_t i = 0; i < roster_places (roster); i++) {
        agent_t *agent = roster_at (roster, i);
        if (agent && agent->session)
            s_flush_agent (self, agent);
    }
    output_grants_give (self);
}

void back_beat (back_t *self)
{
    roster_t *roster = self->hub->roster;
    for (size_t i = 0; i < roster_places (roster); i++) {
        agent_t *agent = roster_at (roster, i);
        if (!agent || !agent->session)
            continue;
        sockets_events (lane_socket (agent->lane)); //  Lets libzmq process its commands
        back_session_beat (self, agent);
    }
    self->hub->worker_bytes = roster_bytes (roster) + outputs_count (self->outputs) * OUTPUT_BYTES;
}

//  A worker that is known from the log only and holds nothing may be dropped silently.
static void s_lose (back_t *self, agent_t *agent)
{
    if (agent->described || agent->leased) {
        log_line (LOG_WARNING, "B013",
                  "worker %s%s%s is lost: silent for %u ms; its %u tasks run elsewhere",
                  agent->name, agent->described ? " on " : "", agent->host, self->hub->lost_ms,
                  agent->leased);
        self->hub->lost_workers++;
    }
    back_session_forget (self, agent, agent->breached);
}

//  Is nothing known about it that would be needed when it reconnects?
static bool s_is_nobody (const agent_t *agent)
{
    return agent->state == AGENT_AWAY && agent->described && !agent->sent && !agent->draining
           && !agent->leased;
}

void back_judge (back_t *self)
{
    roster_t *roster = self->hub->roster;
    int64_t lost_us = (int64_t) self->hub->lost_ms * 1000;
    int64_t joining_us = self->hub->lost_ms < JOINING_MS ? lost_us : JOINING_MS * 1000;
    for (size_t i = 0; i < roster_places (roster); i++) {
        agent_t *agent = roster_at (roster, i);
        if (agent && agent->state == AGENT_JOINING
            && self->hub->now_us - agent->joined_us > joining_us)
            back_session_end (self, agent,
                              "it does not open its lane: are the ports of --lanes reachable?");
        else if (agent && agent->session && agent->deaf)
            back_session_end (self, agent, "it does not read what it is told");
        else if (agent && s_is_nobody (agent)) {
            back_session_forget (self, agent, true);
            continue;
        }
        if (!agent || self->hub->now_us - agent->heard_us < lost_us)
            continue;
        s_lose (self, agent);
    }
}

void back_check_keys (back_t *self)
{
    for (size_t i = 0; i < roster_places (self->hub->roster); i++) {
        agent_t *agent = roster_at (self->hub->roster, i);
        if (!agent || authz_is_worker (self->hub->doors, agent->peer))
            continue;
        fault_t fault = {0};
        fault_set (&fault, CADRE_ERROR_REFUSED,
                   "the key %s of worker %s was revoked or replaced: ask for a new access file",
                   agent->key, agent->name);
        back_session_refuse (self, agent->route, &fault);
        back_session_forget (self, agent, true);
    }
}

void back_drain (back_t *self, agent_t *agent, uint64_t timeout_ms)
{
    if (!agent->session)
        return;
    wire_write_drain (&self->frame, (wire_envelope_t){.session = agent->session},
                      &(wire_drain_t){.timeout_ms = timeout_ms});
    back_session_send (self, agent->route);
    agent_move (agent, AGENT_DRAINING);
    agent->draining = true;
    roster_changed (self->hub->roster, agent);
}

void back_stop (back_t *self, agent_t *agent, const char *reason)
{
    if (agent->session) {
        wire_write_stop (&self->frame, (wire_envelope_t){.session = agent->session},
                         &(wire_stop_t){.reason = wire_view (reason)});
        back_session_send (self, agent->route);
    }
    log_line (LOG_INFO, "B014", "worker %s is stopped: %s", agent->name, reason);
    back_session_forget (self, agent, true);
}

size_t back_pending (back_t *self, void **sockets, size_t max)
{
    size_t count = 0;
    roster_t *roster = self->hub->roster;
    for (size_t i = 0; i < roster_places (roster) && count < max; i++) {
        agent_t *agent = roster_at (roster, i);
        if (agent && agent->session && lane_is_pending (agent->lane))
            sockets [count++] = lane_socket (agent->lane);
    }
    return count;
}
