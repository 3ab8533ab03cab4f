//  accept_fuzz.c - what a worker accepts from a slot, the broker accepts from the worker
//
//  The input is a row of things that a slot says of its tasks: results, output, details. They go
//  through the worker's handling into its outbox, and the frames that leave it to the broker's
//  handler: not one of them may be refused, nor end the session. Every lease is answered.

#include "common/log.h"
#include "common/pack.h"
#include "common/sockets.h"
#include "tests/lib/fakes/fake_clock.h"
#include "tests/lib/rigs/sink_rig.h"
#include "worker/link/outbox.h"
#include "worker/slots/slots.h"

#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define SAID_MAX 16
#define LARGE_BYTES 300000u

typedef struct world {
    sink_rig_t *broker;          // under test
    void *push;                  // the worker's end of the sink
    void *pull;                  // the broker's
    fake_clock_t time;           // of the worker
    clock_source_t clock;        // of time
    timers_t *timers;            // of slots
    slots_t *slots;              // under test
    outbox_t *outbox;            // what goes to the broker
    slot_backend_fake_t backend; // the slot
    slot_memory_t *memory;       // with it
    ring_writer_t ring;          // what it says
    int fd;                      // its end of the socketpair
    uint32_t ticket;             // claimed last
    bool readied;                // it has said that it is ready
} world_t;

static world_t s_world;

//  ---- the worker ----------------------------------------------------------------

static slot_backend_t s_start (void *context, size_t place, int fd, slot_memory_t *memory)
{
    world_t *self = context;
    (void) place;
    if (self->fd >= 0)
        close (self->fd);
    self->fd = fd;
    self->memory = memory;
    self->ring = (ring_writer_t){.ring = &memory->ring};
    self->backend = (slot_backend_fake_t){0};
    self->ticket = 0;
    self->readied = false;
    return (slot_backend_t){.kind = SLOT_BACKEND_FAKE, .pidfd = -1, .fake = &self->backend};
}

static void s_on_result (void *context, const lease_t *lease, const slots_result_t *result)
{
    outbox_result (((world_t *) context)->outbox, lease, result);
}

static void s_on_returned (void *context, const lease_t *lease)
{
    outbox_returned (((world_t *) context)->outbox, lease->job->number, lease->index, lease->serial,
                     false);
}

static void s_on_output (void *context, const lease_t *lease, unsigned stream, view_t bytes)
{
    outbox_output (((world_t *) context)->outbox, lease, stream, bytes);
}

static void s_build_worker (world_t *self, void *context, unsigned kind)
{
    static const uint8_t two_items [] = {0x94, 0, 0, 0x90, 0x90};
    static unsigned number;
    char endpoint [40];
    self->time = (fake_clock_t){.now_us = 1000000};
    self->clock = fake_clock_of (&self->time);
    self->timers = timers_new ();
    self->outbox = outbox_new ();
    self->fd = -1;
    slots_options_t options = {.worker = "alpha",
                               .count = 1,
                               .commands = true,
                               .clock = &self->clock,
                               .timers = self->timers,
                               .start = {.fake = s_start, .context = self},
                               .events = {.context = self,
                                          .result = s_on_result,
                                          .returned = s_on_returned,
                                          .output = s_on_output}};
    self->slots = slots_new (&options, NULL);
    self->pull = sockets_new (context, ZMQ_PULL, NULL);
    self->push = sockets_new (context, ZMQ_PUSH, NULL);
    snprintf (endpoint, sizeof endpoint, "inproc://accept-%u",
              ++number); //  A name is free some time after its socket is closed
    cadre_error_t error = sockets_bind (self->pull, endpoint, NULL);
    if (error == CADRE_OK)
        error = sockets_connect (self->push, endpoint, NULL);
    assert (error == CADRE_OK);
    outbox_restart (self->outbox, sink_rig_session (self->broker), false);
    for (size_t i = 0; i < SINK_RIG_LEASES; i++) {
        sink_rig_lease_t given = sink_rig_lease (self->broker, i);
        if (i == 0)
            slots_open_job (
                self->slots,
                &(wire_lane_job_t){.job = given.job, .kind = kind, .function = wire_view ("f")});
        wire_lane_task_t task = {
            .index = given.index, .attempt = 1, .payload = {two_items, sizeof two_items}};
        lease_t *lease = lease_new (slots_job (self->slots, given.job), given.serial, &task);
        lease->output_window = 1 << 20;
        slots_push (self->slots, &lease);
    }
}

static void s_end_worker (world_t *self)
{
    self->backend.ended = true;
    slots_destroy (&self->slots);
    outbox_destroy (&self->outbox);
    timers_destroy (&self->timers);
    sockets_destroy (&self->push);
    sockets_destroy (&self->pull);
    if (self->fd >= 0)
        close (self->fd);
}

//  What the worker lets pass, the broker takes: the point of all this
static void s_deliver (world_t *self)
{
    zmq_msg_t message;
    outbox_close (self->outbox);
    outbox_send (self->outbox, self->push, UINT64_C (1) << 40);
    zmq_msg_init (&message);
    while (sockets_receive (self->pull, &message) == CADRE_OK) {
        bool taken = sink_rig_take (self->broker, zmq_msg_data (&message), zmq_msg_size (&message));
        assert (taken);
    }
    zmq_msg_close (&message);
}

static void s_turn (world_t *self, int64_t ms)
{
    fake_clock_pass_ms (&self->time, ms);
    slots_read (self->slots);
    timers_run (self->timers, self->time.now_us);
    slots_turn (self->slots);
    s_deliver (self);
}

//  ---- the slot ------------------------------------------------------------------

static void s_put (world_t *self, const void *bytes, size_t size)
{
    for (size_t put = 0; put < size;) {
        put += ring_put (&self->ring, (const uint8_t *) bytes + put, size - put);
        send (self->fd, &(uint8_t){RING_BELL}, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < size)
            slots_read (self->slots);
    }
}

static void s_say (world_t *self, uint8_t verb, const buffer_t *body)
{
    uint32_t length = htobe32 ((uint32_t) body->size + 1);
    s_put (self, &length, 4);
    s_put (self, &verb, 1);
    s_put (self, body->data, body->size);
}

//  The slot runs a task: the next one, when it has answered the last
static void s_begin (world_t *self)
{
    buffer_t body = {0};
    if (!self->readied) {
        wire_pack_slot_ready (&body, &(wire_slot_ready_t){0});
        s_say (self, WIRE_slot_ready, &body);
        self->readied = true;
        s_turn (self, 1);
    }
    if (self->memory
        && ticket_claim (&self->memory->page, self->ticket + 1, self->time.now_us) == TICKET_RUN)
        atomic_store (&self->memory->begun, ++self->ticket);
    buffer_free (&body);
}

static void s_say_result (world_t *self, const uint8_t *bytes, size_t size, bool large)
{
    buffer_t body = {0}, value = {0};
    static uint8_t zeros [LARGE_BYTES];
    wire_slot_result_t result = {.ticket = self->ticket, .outcome = 1};
    if (size > 3) {
        size_t split = 4 + bytes [3] * (size - 4) / 256;
        result.outcome = bytes [0] % 14;
        result.code = (int64_t) (int8_t) bytes [1] * (bytes [2] & 32 ? INT64_C (1) << 32 : 1);
        result.run_us = bytes [2] & 64 ? UINT64_MAX : bytes [2];
        if (large) {
            pack_array (&value, 2);
            pack_blob (&value, zeros, sizeof zeros);
        }
        buffer_append (&value, bytes + 4, split - 4);
        result.value = wire_view_of (&value);
        result.detail = (view_t){bytes + split, size - split};
    }
    wire_pack_slot_result (&body, &result);
    s_say (self, WIRE_slot_result, &body);
    buffer_free (&body);
    buffer_free (&value);
}

static void s_say_output (world_t *self, const uint8_t *bytes, size_t size)
{
    buffer_t body = {0};
    wire_slot_output_t output = {.ticket = self->ticket, .stream = size ? bytes [0] % 8 : 1};
    if (size > 1)
        output.bytes = (view_t){bytes + 1, size - 1};
    wire_pack_slot_output (&body, &output);
    s_say (self, WIRE_slot_output, &body);
    buffer_free (&body);
}

//  Dead slots are buried; those that come after them get their tasks
static void s_bury (world_t *self)
{
    for (int i = 0; i < 4 && self->backend.last_signal; i++) {
        self->backend.ended = true;
        s_turn (self, 1000);
    }
}

static void s_say_next (world_t *self, uint8_t kind, const uint8_t *bytes, size_t size)
{
    struct pollfd polled = {.fd = self->fd, .events = POLLRDHUP};
    if (self->fd < 0 || poll (&polled, 1, 0) < 0 || polled.revents & (POLLRDHUP | POLLHUP))
        return; // the worker has let go of the slot, and of what they share
    s_begin (self);
    if (self->ticket == 0)
        return;
    if (kind % 4 == 0)
        s_say_output (self, bytes, size);
    else
        s_say_result (self, bytes, size, kind % 4 == 3);
    s_turn (self, 1);
    s_bury (self);
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    static void *context;
    world_t *self = &s_world;
    size_t at = 1;
    if (size == 0)
        return 0;
    if (!context) {
        context = sockets_context_new (1, 1000, NULL);
        log_set_level (LOG_NONE);
    }
    unsigned kind = 1 + bytes [0] % 3;
    memset (self, 0, sizeof *self);
    self->broker = sink_rig_new (context, kind);
    if (!self->broker)
        return 0;
    s_build_worker (self, context, kind);
    s_turn (self, 1);
    for (int said = 0; said < SAID_MAX && size - at >= 3; said++) {
        size_t length = (size_t) bytes [at + 1] << 8 | bytes [at + 2], left = size - at - 3;
        length = length < left ? length : left;
        s_say_next (self, bytes [at], bytes + at + 3, length);
        at += 3 + length;
    }
    s_end_worker (self);
    sink_rig_destroy (&self->broker);
    return 0;
}
