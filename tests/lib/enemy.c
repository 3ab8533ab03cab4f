//  enemy.c - a peer that says what it likes

#include "tests/lib/enemy.h"

#include "common/entropy.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#define PATIENCE_MS 20000

static void *s_connect (enemy_t *self, int type, const char *address, const char *name)
{
    char endpoint [256];
    int linger_ms = 1000, unlimited = 0;
    void *socket = zmq_socket (self->context, type);
    assert (socket);
    snprintf (endpoint, sizeof endpoint, "%s/%s", address, name);
    zmq_setsockopt (socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    int rc = zmq_connect (socket, endpoint);
    assert (rc == 0);
    return socket;
}

enemy_t *enemy_new (const char *address, const char *name)
{
    enemy_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = zmq_ctx_new ();
    self->socket = s_connect (self, name [0] == 's' ? ZMQ_PUSH : ZMQ_DEALER, address, name);
    return self;
}

void enemy_destroy (enemy_t **self_p)
{
    enemy_t *self = *self_p;
    if (!self)
        return;
    zmq_close (self->socket);
    if (self->lane)
        zmq_close (self->lane);
    if (self->sink)
        zmq_close (self->sink);
    zmq_ctx_term (self->context);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

void enemy_send (enemy_t *self, const void *bytes, size_t size)
{
    zmq_send (self->socket, bytes, size, 0);
}

void enemy_say (void *socket, buffer_t *frame)
{
    zmq_send (socket, frame->data, frame->size, 0);
    buffer_free (frame);
}

bool enemy_hear (enemy_t *self, void *socket, uint8_t verb, cursor_t *body, int timeout_ms)
{
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    for (;;) {
        wire_envelope_t envelope;
        buffer_clear (&self->frame);
        uint8_t *room = buffer_reserve (&self->frame, WIRE_FRAME_MAX);
        int size = zmq_recv (socket, room, WIRE_FRAME_MAX, 0);
        if (size < 0)
            return false;
        self->frame.size = (size_t) size;
        if (wire_open (room, (size_t) size, &envelope, body) != CADRE_OK || envelope.verb != verb)
            continue;
        if (envelope.session)
            self->session = envelope.session;
        return true;
    }
}

static view_t s_uuid (uint8_t uuid [WIRE_UUID_BYTES])
{
    entropy_uuid (uuid);
    return (view_t){uuid, WIRE_UUID_BYTES};
}

enemy_t *enemy_client (const char *address)
{
    enemy_t *self = enemy_new (address, "front");
    uint8_t uuid [WIRE_UUID_BYTES];
    wire_client_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = s_uuid (uuid),
                                 .window_tasks = 1000000,
                                 .window_bytes = 1 << 30};
    wire_client_welcome_t welcome;
    buffer_t frame = {0};
    cursor_t body;
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &hello);
    enemy_say (self->socket, &frame);
    bool heard = enemy_hear (self, self->socket, WIRE_client_welcome, &body, PATIENCE_MS);
    assert (heard && wire_read_client_welcome (&body, &welcome));
    self->tasks = welcome.window_tasks;
    return self;
}

static void s_say_hello (enemy_t *self, const char *function)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    buffer_t functions = {0}, frame = {0};
    wire_pack_function (&functions, &(wire_function_t){.name = wire_view (function)});
    wire_worker_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = s_uuid (uuid),
                                 .name = wire_view ("enemy"),
                                 .scheme = wire_view ("ipc"),
                                 .slots = 1,
                                 .functions = wire_list_of (&functions, 1)};
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &hello);
    enemy_say (self->socket, &frame);
    buffer_free (&functions);
}

enemy_t *enemy_worker (const char *address, const char *function, uint64_t tasks)
{
    enemy_t *self = enemy_new (address, "back");
    wire_worker_welcome_t welcome;
    buffer_t frame = {0};
    cursor_t body;
    char lane [32];
    s_say_hello (self, function);
    bool heard = enemy_hear (self, self->socket, WIRE_worker_welcome, &body, PATIENCE_MS);
    assert (heard && wire_read_worker_welcome (&body, &welcome));
    self->epoch = welcome.epoch;
    snprintf (lane, sizeof lane, "lane-%u", (unsigned) welcome.lane);
    self->lane = s_connect (self, ZMQ_PULL, address, lane);
    self->sink = s_connect (self, ZMQ_PUSH, address, "sink");
    heard = enemy_hear (self, self->lane, WIRE_lane_hello, &body, PATIENCE_MS);
    assert (heard);
    wire_write_lane_open (&frame, (wire_envelope_t){.session = self->session},
                          &(wire_lane_open_t){.tasks = tasks, .bytes = 1 << 20});
    enemy_say (self->socket, &frame);
    return self;
}
