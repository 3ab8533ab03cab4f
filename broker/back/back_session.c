//  back_session.c - frames to one worker, and the end of its session

#include "broker/back/back_session.h"

#include "common/log.h"

//  A worker with so many unread frames must not miss an order: its session ends.
static void s_note_deaf (back_t *self, sockets_route_t route)
{
    for (size_t i = 0; i < roster_places (self->hub->roster); i++) {
        agent_t *agent = roster_at (self->hub->roster, i);
        if (agent && agent->session && agent->route == route)
            agent->deaf = true;
    }
}

//  Sends self->frame. That a peer is gone shows later, by its silence.
void back_session_send (back_t *self, sockets_route_t route)
{
    if (sockets_send_bytes_to (self->router, route, self->frame.data, self->frame.size,
                               ZMQ_DONTWAIT)
        == CADRE_ERROR_TIMEOUT)
        s_note_deaf (self, route);
    buffer_clear (&self->frame);
}

void back_session_who (back_t *self, sockets_route_t route)
{
    if (!askers_due (&self->askers, ASKER_WHO, route, self->hub->now_us))
        return;
    wire_write_who (&self->frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    back_session_send (self, route);
}

void back_session_refuse (back_t *self, sockets_route_t route, const fault_t *fault)
{
    if (!askers_due (&self->askers, ASKER_REFUSED, route, self->hub->now_us))
        return;
    wire_refused_t fields = {.code = fault->code,
                             .message = wire_view (fault->text),
                             .major = WIRE_MAJOR,
                             .minor = WIRE_MINOR};
    wire_write_refused (&self->frame, (wire_envelope_t){0}, &fields);
    back_session_send (self, route);
    log_line (LOG_WARNING, "B010", "a worker was refused: %s", fault->text);
}

void back_session_end (back_t *self, agent_t *agent, const char *why)
{
    log_line (LOG_WARNING, "B011", "session of worker %s ends: %s; it may register anew",
              agent->name, why);
    back_session_who (self, agent->route);
    roster_end_session (self->hub->roster, agent);
}

void back_session_forget (back_t *self, agent_t *agent, bool free_of_cost)
{
    ledger_leases_lose (self->hub->ledger, agent, NULL, free_of_cost);
    outputs_drop_agent (self->outputs, agent->place);
    roster_remove (self->hub->roster, &agent);
    self->joined (self->owner);
}

void back_session_beat (back_t *self, agent_t *agent)
{
    wire_beat_t beat = {.received = hold_limit (&agent->hold, agent->in.received),
                        .sent = lane_sent (agent->lane)};
    wire_write_beat (&self->frame, (wire_envelope_t){.session = agent->session}, &beat);
    back_session_send (self, agent->route);
    agent->beat_due = false;
    sink_window_acknowledge (&agent->window, beat.received);
    agent->unacknowledged_bytes = 0;
}
