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
    hub_t hub;            // the broker's state
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
    hub_t *hub = &self->hub;
    *hub = (hub_t){.context = context,
                   .now_us = 1000000,
                   .started_us = 1000000,
                   .name = "fuzz",
                   .addresses_count = 1,
                   .beat_ms = 1000,
                   .lost_ms = 10000,
                   .memory_limit = 64u << 20,
                   .epoch = 7};
    address_parse (&hub->addresses [0], "inproc://fuzz", NULL);
    hub->timers = timers_new ();
    hub->roster = roster_new ();
    hub->ready = ready_new (hub->roster);
    hub->ledger = ledger_new (hub);
    hub->delay = delay_new (hub->timers, ledger_settle_wake, hub->ledger);
    self->front_router = sockets_new (context, ZMQ_ROUTER, NULL);
    self->back_router = sockets_new (context, ZMQ_ROUTER, NULL);
    self->back = back_new (hub, self->back_router, s_joined, self);
    self->front = front_new (hub, self->front_router, self->back);
    self->dispatch = dispatch_new (hub, back_recall, self->back);
}

static agent_t *s_agent (const sink_rig_t *self)
{
    return roster_places (self->hub.roster) ? roster_at (self->hub.roster, 0) : NULL;
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
    assert (self->hub.clients);
    wire_envelope_t next = {.session = self->hub.clients->session, .sequence = 1};
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
    if (!s_agent (self)) {
        buffer_free (&frame);
        return false;
    }
    wire_write_lane_open (&frame, (wire_envelope_t){.session = s_agent (self)->session},
                          &(wire_lane_open_t){100, 1 << 20});
    back_handle (self->back, 2, frame.data, frame.size);
    dispatch_run (self->dispatch);
    buffer_free (&frame);
    assert (s_agent (self)->leased == SINK_RIG_LEASES);
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
    hub_t *hub = &self->hub;
    if (s_agent (self))
        ledger_leases_lose (hub->ledger, s_agent (self), NULL, true);
    dispatch_destroy (&self->dispatch);
    front_destroy (&self->front);
    back_destroy (&self->back);
    ledger_destroy (&hub->ledger);
    delay_destroy (&hub->delay);
    ready_destroy (&hub->ready);
    roster_destroy (&hub->roster);
    timers_destroy (&hub->timers);
    sockets_destroy (&self->front_router);
    sockets_destroy (&self->back_router);
    free (self);
    *self_p = NULL;
}

uint64_t sink_rig_session (const sink_rig_t *self)
{
    return s_agent (self) ? s_agent (self)->session : 0;
}

sink_rig_lease_t sink_rig_lease (const sink_rig_t *self, size_t number)
{
    const lease_t *lease = &s_agent (self)->leases [number];
    return (sink_rig_lease_t){.job = lease->job, .serial = lease->serial, .index = lease->index};
}

bool sink_rig_take (sink_rig_t *self, const void *frame, size_t size_bytes)
{
    uint64_t session = sink_rig_session (self), refused = self->hub.refused_frames;
    sink_handle (self->back, frame, size_bytes);
    assert (purse_check (&self->hub));
    return self->hub.refused_frames == refused && sink_rig_session (self) == session;
}
