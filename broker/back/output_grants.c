//  output_grants.c - grants workers how much output of a lease they may send

#include "broker/back/output_grants.h"

#include "broker/back/back_session.h"
#include "broker/ledger/deliver.h"

void output_grants_send (back_t *self, const worker_record_t *worker, const wrote_t *wrote)
{
    wire_output_window_t window = {
        .serial = wrote->serial, .bytes = wrote->granted_bytes, .discard = wrote->discarded};
    wire_write_output_window (&self->frame, (wire_envelope_t){.session = worker->session}, &window);
    back_session_send (self, worker->route);
}

void output_grants_give (back_t *self)
{
    context_t *ctx = self->ctx;
    if (!self->starved)
        return;
    if (!pace_allows (&self->pace, ctx->now_us, ctx->tasks_done + ctx->tasks_failed)) {
        timers_set (ctx->timers, &self->grants, pace_next_us (&self->pace));
        return;
    }
    self->starved = false;
    for (wrote_t *wrote = outputs_first (self->outputs); wrote; wrote = wrote->hh.next) {
        if (!wrote->starved)
            continue;
        job_t *job = job_table_find (ctx->jobs, wrote->job);
        const worker_record_t *worker = roster_at (ctx->roster, wrote->worker);
        if (!job || !worker || !worker->session || !deliver_is_open (ctx, job)) {
            self->starved = true;
            continue;
        }
        wrote->starved = false;
        wrote->granted_bytes = wrote->received_bytes + CONTEXT_OUTPUT_BYTES;
        output_grants_send (self, worker, wrote);
    }
}

void output_grants_repeat (back_t *self, const worker_record_t *worker)
{
    for (wrote_t *wrote = outputs_first (self->outputs); wrote; wrote = wrote->hh.next)
        if (wrote->worker == worker->index)
            output_grants_send (self, worker, wrote);
}
