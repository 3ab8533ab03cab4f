//  back_session.c - frames to one worker, and the end of its session

#include "broker/back/back_session.h"

#include "common/log.h"

//  A worker with so many unread frames must not miss an order: its session ends.
static void s_note_deaf (back_t *self, sockets_route_t route)
{
    for (size_t i = 0; i < roster_entries (self->ctx->roster); i++) {
        worker_record_t *worker = roster_at (self->ctx->roster, i);
        if (worker && worker->session && worker->route == route)
            worker->deaf = true;
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
    if (!answer_rate_due (&self->answer_rate, ANSWER_WHO, route, self->ctx->now_us))
        return;
    wire_write_who (&self->frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    back_session_send (self, route);
}

void back_session_refuse (back_t *self, sockets_route_t route, const fault_t *fault)
{
    if (!answer_rate_due (&self->answer_rate, ANSWER_REFUSED, route, self->ctx->now_us))
        return;
    wire_refused_t fields = {.code = fault->code,
                             .message = wire_view (fault->text),
                             .major = WIRE_MAJOR,
                             .minor = WIRE_MINOR};
    wire_write_refused (&self->frame, (wire_envelope_t){0}, &fields);
    back_session_send (self, route);
    log_line (LOG_WARNING, "B010", "a worker was refused: %s", fault->text);
}

void back_session_end (back_t *self, worker_record_t *worker, const char *why)
{
    log_line (LOG_WARNING, "B011", "session of worker %s ends: %s; it may register again",
              worker->name, why);
    back_session_who (self, worker->route);
    roster_end_session (self->ctx->roster, worker);
}

size_t back_session_forget (back_t *self, worker_record_t *worker, bool free_of_cost)
{
    size_t again = ledger_leases_lose (self->ctx->ledger, worker, NULL, free_of_cost);
    outputs_drop_worker (self->outputs, worker->index);
    roster_remove (self->ctx->roster, &worker);
    self->joined (self->owner);
    return again;
}

void back_session_beat (back_t *self, worker_record_t *worker)
{
    wire_beat_t beat = {.received = ack_hold_limit (&worker->hold, worker->in.received),
                        .sent = lane_sent (worker->lane)};
    wire_write_beat (&self->frame, (wire_envelope_t){.session = worker->session}, &beat);
    back_session_send (self, worker->route);
    worker->beat_due = false;
    sink_window_acknowledge (&worker->window, beat.received);
    worker->unacknowledged_bytes = 0;
}
