//  sink_rig.c - rig: a broker's state without a network, whose one worker has the four tasks of one
//  job

#include "tests/lib/rigs/sink_rig.h"

#include "broker/back/back.h"
#include "broker/back/dispatch.h"
#include "broker/front/front.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "common/pack.h"
#include "common/sockets.h"

#include <assert.h>
#include <stdlib.h>

struct sink_rig {
    context_t ctx;        // the broker's state
    void *front_router;   // nobody is connected: what is sent goes nowhere
    void *back_router;    // the same
    front_t *front;       // the client's door
    back_t *back;         // the worker's
    dispatch_t *dispatch; // gives the leases
};

static void s_joined (void *owner)
{
    (void) owner;
}

static void s_build (sink_rig_t *self, void *context)
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

static worker_record_t *s_worker (const sink_rig_t *self)
{
    return roster_places (self->ctx.roster) ? roster_at (self->ctx.roster, 0) : NULL;
}

//  A client with one job of four tasks
static void s_submit (sink_rig_t *self, unsigned kind)
{
    static const uint8_t uuid [WIRE_UUID_BYTES] = "0123456789abcdef";
    buffer_t frame = {0}, payloads = {0};
    wire_client_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {uuid, sizeof uuid},
                                 .window_tasks = 1000,
                                 .window_bytes = 1 << 30};
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &hello);
    front_handle (self->front, 1, frame.data, frame.size);
    buffer_clear (&frame);
    assert (self->ctx.clients);
    wire_envelope_t next = {.session = self->ctx.clients->session, .sequence = 1};
    buffer_t spec = {0};
    pack_map (&spec, 0);
    wire_job_open_t open = {.ref = 1,
                            .uuid = {uuid, sizeof uuid},
                            .kind = kind,
                            .function = wire_view (kind == WIRE_KIND_COMMAND ? "" : "f"),
                            .spec = kind == WIRE_KIND_COMMAND ? wire_view_of (&spec) : (view_t){0}};
    wire_write_job_open (&frame, next, &open);
    front_handle (self->front, 1, frame.data, frame.size);
    buffer_clear (&frame);
    for (int i = 0; i < 4; i++)
        pack_array (&payloads, 0);
    next.sequence = 2;
    wire_job_tasks_t tasks = {.ref = 1, .payloads = wire_list_of (&payloads, 4)};
    wire_write_job_tasks (&frame, next, &tasks);
    front_handle (self->front, 1, frame.data, frame.size);
    buffer_free (&frame);
    buffer_free (&payloads);
    buffer_free (&spec);
}

//  False when there is no room for its sockets: libzmq gives those of the broker before back some
//  time later.
static bool s_register (sink_rig_t *self)
{
    static const uint8_t uuid [WIRE_UUID_BYTES] = "0123456789abcdef";
    buffer_t frame = {0}, functions = {0};
    wire_pack_function (&functions, &(wire_function_t){.name = wire_view ("f")});
    wire_worker_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {uuid, sizeof uuid},
                                 .scheme = wire_view ("inproc"),
                                 .slots = 4,
                                 .commands = true,
                                 .functions = wire_list_of (&functions, 1)};
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &hello);
    back_handle (self->back, 2, frame.data, frame.size);
    buffer_clear (&frame);
    buffer_free (&functions);
    if (!s_worker (self)) {
        buffer_free (&frame);
        return false;
    }
    wire_write_lane_open (&frame, (wire_envelope_t){.session = s_worker (self)->session},
                          &(wire_lane_open_t){100, 1 << 20});
    back_handle (self->back, 2, frame.data, frame.size);
    dispatch_run (self->dispatch);
    buffer_free (&frame);
    assert (s_worker (self)->leased == SINK_RIG_LEASES);
    return true;
}

sink_rig_t *sink_rig_new (void *context, unsigned kind)
{
    sink_rig_t *self = calloc (1, sizeof *self);
    assert (self);
    s_build (self, context);
    s_submit (self, kind);
    if (!s_register (self))
        sink_rig_destroy (&self);
    return self;
}

void sink_rig_destroy (sink_rig_t **self_p)
{
    sink_rig_t *self = *self_p;
    context_t *ctx = &self->ctx;
    if (s_worker (self))
        ledger_leases_lose (ctx->ledger, s_worker (self), NULL, true);
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
    free (self);
    *self_p = NULL;
}

uint64_t sink_rig_session (const sink_rig_t *self)
{
    return s_worker (self) ? s_worker (self)->session : 0;
}

sink_rig_lease_t sink_rig_lease (const sink_rig_t *self, size_t number)
{
    const lease_t *lease = &s_worker (self)->leases [number];
    return (sink_rig_lease_t){.job = lease->job, .serial = lease->serial, .index = lease->index};
}

bool sink_rig_take (sink_rig_t *self, const void *frame, size_t size_bytes)
{
    uint64_t session = sink_rig_session (self), refused = self->ctx.refused_frames;
    sink_handle (self->back, frame, size_bytes);
    assert (key_usage_check (&self->ctx));
    return self->ctx.refused_frames == refused && sink_rig_session (self) == session;
}
