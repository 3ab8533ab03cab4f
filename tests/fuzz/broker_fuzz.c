//  broker_fuzz.c - what a client and a worker in open sessions may send, given to the broker's
//  handlers without a network
//
//  The input is a row of frames (tests/lib/hostile/fuzz_frames.h). Session and sequence number are
//  those that are due, so that the bodies get past the door; channels beyond the known ones send
//  the bytes as a whole frame, or let a second pass. Half of the fuzzer's changes replace one value
//  of one body by an odd one, of up to 1 MiB.

#include "broker/back/back.h"
#include "broker/back/dispatch.h"
#include "broker/back/job_sweep.h"
#include "broker/front/front.h"
#include "broker/front/front_turn.h"
#include "broker/queue/ready.h"
#include "broker/record/delay.h"
#include "common/log.h"
#include "common/sockets.h"
#include "tests/lib/hostile/fuzz_frames.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed);

#define CLIENT_ROUTE 1
#define WORKER_ROUTE 2

typedef struct world {
    context_t ctx;        // the broker's state
    void *front_router;   // nobody is connected: what is sent goes nowhere
    void *back_router;    // the same
    front_t *front;       // module under test
    back_t *back;         // module under test
    dispatch_t *dispatch; // between them
} world_t;

static void s_joined (void *owner)
{
    world_t *self = owner;
    job_sweep_begin (&self->ctx);
}

static void s_build (world_t *self, void *context)
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

static void s_end (world_t *self)
{
    context_t *ctx = &self->ctx;
    for (size_t i = 0; i < roster_places (ctx->roster); i++) {
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

//  One turn of the loop, at a later time
static void s_turn (world_t *self, int64_t after_us)
{
    self->ctx.now_us += after_us;
    if (after_us >= 1000000) {
        front_turn_beat (self->front);
        back_beat (self->back);
        front_turn_judge (self->front);
        back_judge (self->back);
    }
    timers_run (self->ctx.timers, self->ctx.now_us);
    dispatch_run (self->dispatch);
    ledger_settle (self->ctx.ledger);
    back_flush (self->back);
    front_turn_flush (self->front);
    assert (key_usage_check (&self->ctx));
}

static worker_record_t *s_worker (world_t *self)
{
    for (size_t i = 0; i < roster_places (self->ctx.roster); i++)
        if (roster_at (self->ctx.roster, i))
            return roster_at (self->ctx.roster, i);
    return NULL;
}

static bool s_counts (uint8_t verb)
{
    return verb != WIRE_beat && verb != WIRE_window && verb != WIRE_goodbye
           && verb != WIRE_client_hello;
}

//  Channel 0: client, 1: worker on back, 2: worker on the sink, 3: a whole frame to each, 4 and up:
//  time passes
static void s_handle (world_t *self, const fuzz_deed_t *deed)
{
    buffer_t frame = {0};
    client_t *client = self->ctx.clients;
    worker_record_t *worker = s_worker (self);
    unsigned channel = deed->channel % 16;
    if (channel == 0)
        fuzz_frames_write (&frame, deed, client ? client->session : 0,
                           client && s_counts (deed->verb) ? client->in.received + 1 : 0);
    else if (channel == 1)
        fuzz_frames_write (&frame, deed, worker ? worker->session : 0, 0);
    else if (channel == 2)
        fuzz_frames_write (&frame, deed, worker ? worker->session : 0,
                           worker ? worker->in.received + 1 : 0);
    else
        buffer_append (&frame, deed->body.data, deed->body.size);
    if (channel == 0 || channel == 3)
        front_handle (self->front, CLIENT_ROUTE, frame.data, frame.size);
    if (channel == 1 || channel == 3)
        back_handle (self->back, WORKER_ROUTE, frame.data, frame.size);
    if (channel == 2 || channel == 3)
        sink_handle (self->back, frame.data, frame.size);
    buffer_free (&frame);
    s_turn (self, channel > 3 ? 1000000 * (int64_t) channel / 8 : 1000);
}

static void s_say_hello (world_t *self)
{
    static const uint8_t uuid [WIRE_UUID_BYTES] = "0123456789abcdef";
    buffer_t frame = {0}, functions = {0};
    wire_client_hello_t client = {.magic = wire_view (WIRE_MAGIC),
                                  .major = WIRE_MAJOR,
                                  .uuid = {uuid, sizeof uuid},
                                  .window_tasks = 1000,
                                  .window_bytes = 1 << 20};
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &client);
    front_handle (self->front, CLIENT_ROUTE, frame.data, frame.size);
    wire_pack_function (&functions, &(wire_function_t){.name = wire_view ("f")});
    wire_worker_hello_t offer = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {uuid, sizeof uuid},
                                 .scheme = wire_view ("inproc"),
                                 .slots = 2,
                                 .commands = true,
                                 .functions = wire_list_of (&functions, 1)};
    buffer_clear (&frame);
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &offer);
    back_handle (self->back, WORKER_ROUTE, frame.data, frame.size);
    buffer_free (&frame);
    buffer_free (&functions);
    worker_record_t *worker = s_worker (self);
    assert (self->ctx.clients && worker);
    wire_write_lane_open (&frame, (wire_envelope_t){.session = worker->session},
                          &(wire_lane_open_t){100, 1 << 20});
    back_handle (self->back, WORKER_ROUTE, frame.data, frame.size);
    buffer_free (&frame);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    static void *context;
    if (!context) {
        context = sockets_context_new (1, 1000, NULL);
        log_set_level (LOG_NONE);
    }
    world_t world;
    memset (&world, 0, sizeof world);
    s_build (&world, context);
    s_say_hello (&world);
    fuzz_frames_t input = {.at = bytes, .left = size};
    fuzz_deed_t deed;
    while (fuzz_frames_next (&input, &deed))
        s_handle (&world, &deed);
    s_end (&world);
    return 0;
}

size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_frames_mutate (bytes, size, max_size, seed);
}
