//  handlers_rig.c - rig: a broker's state and the handlers of its frames, without a network

#include "tests/lib/rigs/handlers_rig.h"

#include "broker/back/job_sweep.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "common/sockets.h"

static void s_joined (void *owner)
{
    handlers_rig_t *self = owner;
    job_sweep_begin (&self->ctx);
}

void handlers_rig_begin (handlers_rig_t *self, void *context)
{
    context_t *ctx = &self->ctx;
    *ctx = (context_t){.zmq = context,
                       .now_us = 1000000,
                       .started_us = 1000000,
                       .name = "fuzz",
                       .addresses_count = 1,
                       .beat_ms = 1000,
                       .lost_ms = 10000,
                       .memory_limit = 64u << 20,
                       .epoch = 7};
    address_parse (&ctx->addresses [0], "inproc://fuzz", NULL);
    ctx->timers = timers_new ();
    ctx->roster = roster_new ();
    ctx->ready = ready_new (ctx->roster);
    ctx->ledger = ledger_new (ctx);
    ctx->delay = delay_new (ctx->timers, ledger_settle_wake, ctx->ledger);
    self->front_router = sockets_new (context, ZMQ_ROUTER, NULL);
    self->back_router = sockets_new (context, ZMQ_ROUTER, NULL);
    self->back = back_new (ctx, self->back_router, s_joined, self);
    self->front = front_new (ctx, self->front_router, self->back);
    self->dispatch = dispatch_new (ctx, back_recall, self->back);
}

void handlers_rig_end (handlers_rig_t *self)
{
    context_t *ctx = &self->ctx;
    for (size_t i = 0; i < roster_entries (ctx->roster); i++) {
        worker_record_t *worker = roster_at (ctx->roster, i);
        if (worker)
            ledger_leases_lose (ctx->ledger, worker, NULL, true);
    }
    dispatch_destroy (&self->dispatch);
    front_destroy (&self->front);
    back_destroy (&self->back);
    ledger_destroy (&ctx->ledger);
    delay_destroy (&ctx->delay);
    ready_destroy (&ctx->ready);
    roster_destroy (&ctx->roster);
    timers_destroy (&ctx->timers);
    sockets_destroy (&self->front_router);
    sockets_destroy (&self->back_router);
}

worker_record_t *handlers_rig_worker (const handlers_rig_t *self)
{
    for (size_t i = 0; i < roster_entries (self->ctx.roster); i++)
        if (roster_at (self->ctx.roster, i))
            return roster_at (self->ctx.roster, i);
    return NULL;
}
