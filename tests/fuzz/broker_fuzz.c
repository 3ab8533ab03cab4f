//  broker_fuzz.c - what a client and a worker in open sessions may send, given to the broker's
//  handlers without a network
//
//  The input is a row of frames (tests/lib/hostile/fuzz_frames.h). Session and sequence number are
//  those that are due, so that the bodies get past the door; channels beyond the known ones send
//  the bytes as a whole frame, or let a second pass. Half of the fuzzer's changes replace one value
//  of one body by an odd one, of up to 1 MiB.

#include "broker/front/front_turn.h"
#include "common/log.h"
#include "common/sockets.h"
#include "tests/lib/hostile/fuzz_frames.h"
#include "tests/lib/rigs/handlers_rig.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed);

#define CLIENT_ROUTE 1
#define WORKER_ROUTE 2

//  One turn of the loop, at a later time
static void s_turn (handlers_rig_t *self, int64_t after_us)
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

static bool s_counts (uint8_t verb)
{
    return verb != WIRE_beat && verb != WIRE_window && verb != WIRE_goodbye
           && verb != WIRE_client_hello;
}

//  Channel 0: client, 1: worker on back, 2: worker on the sink, 3: a whole frame to each, 4 and up:
//  time passes
static void s_handle (handlers_rig_t *self, const fuzz_deed_t *deed)
{
    buffer_t frame = {0};
    client_t *client = self->ctx.clients;
    worker_record_t *worker = handlers_rig_worker (self);
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

static void s_say_hello (handlers_rig_t *self)
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
    worker_record_t *worker = handlers_rig_worker (self);
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
    handlers_rig_t world;
    memset (&world, 0, sizeof world);
    handlers_rig_begin (&world, context);
    s_say_hello (&world);
    fuzz_frames_t input = {.at = bytes, .left = size};
    fuzz_deed_t deed;
    while (fuzz_frames_next (&input, &deed))
        s_handle (&world, &deed);
    handlers_rig_end (&world);
    return 0;
}

size_t LLVMFuzzerCustomMutator (uint8_t *bytes, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_frames_mutate (bytes, size, max_size, seed);
}
