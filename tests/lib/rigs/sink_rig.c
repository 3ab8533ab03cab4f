//  sink_rig.c - rig: a broker's state without a network, whose one worker has the four tasks of one
//  job

#include "tests/lib/rigs/sink_rig.h"

#include "common/pack.h"
#include "tests/lib/rigs/handlers_rig.h"

#include <assert.h>
#include <stdlib.h>

struct sink_rig {
    handlers_rig_t broker; //  Its state and handlers
};

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
    front_handle (self->broker.front, 1, frame.data, frame.size);
    buffer_clear (&frame);
    assert (self->broker.ctx.clients);
    wire_envelope_t next = {.session = self->broker.ctx.clients->session, .sequence = 1};
    buffer_t spec = {0};
    pack_map (&spec, 0);
    wire_job_open_t open = {.ref = 1,
                            .uuid = {uuid, sizeof uuid},
                            .kind = kind,
                            .function = wire_view (kind == WIRE_KIND_COMMAND ? "" : "f"),
                            .spec = kind == WIRE_KIND_COMMAND ? wire_view_of (&spec) : (view_t){0}};
    wire_write_job_open (&frame, next, &open);
    front_handle (self->broker.front, 1, frame.data, frame.size);
    buffer_clear (&frame);
    for (int i = 0; i < 4; i++)
        pack_array (&payloads, 0);
    next.sequence = 2;
    wire_job_tasks_t tasks = {.ref = 1, .payloads = wire_list_of (&payloads, 4)};
    wire_write_job_tasks (&frame, next, &tasks);
    front_handle (self->broker.front, 1, frame.data, frame.size);
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
    back_handle (self->broker.back, 2, frame.data, frame.size);
    buffer_clear (&frame);
    buffer_free (&functions);
    if (!handlers_rig_worker (&self->broker)) {
        buffer_free (&frame);
        return false;
    }
    wire_write_lane_open (
        &frame, (wire_envelope_t){.session = handlers_rig_worker (&self->broker)->session},
        &(wire_lane_open_t){100, 1 << 20});
    back_handle (self->broker.back, 2, frame.data, frame.size);
    dispatch_run (self->broker.dispatch);
    buffer_free (&frame);
    assert (handlers_rig_worker (&self->broker)->leased == SINK_RIG_LEASES);
    return true;
}

sink_rig_t *sink_rig_new (void *context, unsigned kind)
{
    sink_rig_t *self = calloc (1, sizeof *self);
    assert (self);
    handlers_rig_begin (&self->broker, context);
    s_submit (self, kind);
    if (!s_register (self))
        sink_rig_destroy (&self);
    return self;
}

void sink_rig_destroy (sink_rig_t **self_p)
{
    sink_rig_t *self = *self_p;
    handlers_rig_end (&self->broker);
    free (self);
    *self_p = NULL;
}

uint64_t sink_rig_session (const sink_rig_t *self)
{
    return handlers_rig_worker (&self->broker) ? handlers_rig_worker (&self->broker)->session : 0;
}

sink_rig_lease_t sink_rig_lease (const sink_rig_t *self, size_t number)
{
    const lease_t *lease = &handlers_rig_worker (&self->broker)->leases [number];
    return (sink_rig_lease_t){.job = lease->job, .serial = lease->serial, .index = lease->index};
}

bool sink_rig_take (sink_rig_t *self, const void *frame, size_t size_bytes)
{
    uint64_t session = sink_rig_session (self), refused = self->broker.ctx.refused_frames;
    sink_handle (self->broker.back, frame, size_bytes);
    assert (key_usage_check (&self->broker.ctx));
    return self->broker.ctx.refused_frames == refused && sink_rig_session (self) == session;
}
