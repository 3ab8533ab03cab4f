//  breach.c - handles a sink frame that breaks the protocol

#include "broker/back/breach.h"

#include <stdio.h>

#include "broker/back/back_session.h"

void breach_blame (breach_t *self, uint64_t job, uint64_t index, uint64_t serial)
{
    self->lease = (wire_lease_t){.job = job, .index = index, .serial = serial};
}

static void s_breach_tell (back_t *back, const worker_record_t *worker, const breach_t *self,
                           const char *why)
{
    wire_sink_refused_t fields = {
        .frame = self->frame, .serial = self->lease.serial, .message = wire_view (why)};
    wire_write_sink_refused (&back->frame, (wire_envelope_t){.session = worker->session}, &fields);
    back_session_send (back, worker->route);
}

void breach_end (back_t *back, worker_record_t *worker)
{
    const breach_t *self = &back->breach;
    char text [FAULT_TEXT_BYTES + 64];
    const char *why = self->why.code ? self->why.text : "it is malformed";
    worker->in.received =
        self->frame - 1; //  Acknowledges the frames before it, but not the frame itself
    back_session_beat (back, worker);
    s_breach_tell (back, worker, self, why);
    worker->breached = ledger_leases_breach (back->ctx->ledger, worker, &self->lease, why);
    snprintf (text, sizeof text, "frame %llu of its sink is refused: %s",
              (unsigned long long) self->frame, why);
    back_session_end (back, worker, text);
}
