//  raw_peer.c - attack: a client or worker whose frames the test writes

#include "tests/lib/hostile/raw_peer.h"

#include "common/entropy.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WAIT_NOTICE_MS 20000

const char *raw_peer_endpoint (const char *address, const char *name, char *endpoint, size_t size)
{
    const char *colon = strrchr (address, ':');
    if (strncmp (address, "tcp", 3) != 0) {
        snprintf (endpoint, size, "%s/%s", address, name);
        return endpoint;
    }
    unsigned long port = strtoul (colon + 1, NULL, 10);
    port += name [0] == 'b' ? 1 : name [0] == 's' ? 2 : 0;
    if (name [0] == 'l')
        port = strtoul (name + strlen ("lane-"), NULL, 10);
    snprintf (endpoint, size, "%.*s:%lu", (int) (colon - address), address, port);
    return endpoint;
}

static void s_use (void *socket, const keys_t *keys)
{
    if (!keys || !*keys->public_key)
        return;
    zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, keys->server_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEYS_TEXT_BYTES - 1);
}

static void *s_connect (raw_peer_t *self, int type, const char *name)
{
    char endpoint [512];
    int linger_ms = 1000, unlimited = 0;
    void *socket = zmq_socket (self->context, type);
    assert (socket);
    zmq_setsockopt (socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    zmq_setsockopt (socket, ZMQ_RCVHWM, &unlimited, sizeof unlimited);
    s_use (socket, &self->keys);
    int rc =
        zmq_connect (socket, raw_peer_endpoint (self->address, name, endpoint, sizeof endpoint));
    assert (rc == 0);
    return socket;
}

raw_peer_t *raw_peer_with (const char *address, const char *name, const keys_t *keys)
{
    raw_peer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = zmq_ctx_new ();
    snprintf (self->address, sizeof self->address, "%s", address);
    if (keys)
        self->keys = *keys;
    self->socket = s_connect (self, name [0] == 's' ? ZMQ_PUSH : ZMQ_DEALER, name);
    return self;
}

raw_peer_t *raw_peer_new (const char *address, const char *name)
{
    return raw_peer_with (address, name, NULL);
}

void raw_peer_destroy (raw_peer_t **self_p)
{
    raw_peer_t *self = *self_p;
    if (!self)
        return;
    if (self->socket)
        zmq_close (self->socket);
    if (self->lane)
        zmq_close (self->lane);
    if (self->sink)
        zmq_close (self->sink);
    if (self->context)
        zmq_ctx_term (self->context);
    buffer_free (&self->frame);
    free (self);
    *self_p = NULL;
}

void raw_peer_send (raw_peer_t *self, const void *bytes, size_t size)
{
    zmq_send (self->socket, bytes, size, 0);
}

void raw_peer_say (void *socket, buffer_t *frame)
{
    zmq_send (socket, frame->data, frame->size, 0);
    buffer_free (frame);
}

static void s_say (raw_peer_t *self, buffer_t *frame)
{
    if (!self->hand) {
        raw_peer_say (self->socket, frame);
        return;
    }
    zmtp_send (self->hand, 0, frame->data, frame->size);
    buffer_free (frame);
}

static int64_t s_receive (raw_peer_t *self, void *socket, int timeout_ms)
{
    buffer_clear (&self->frame);
    uint8_t *room = buffer_reserve (&self->frame, WIRE_FRAME_MAX);
    if (!socket)
        return zmtp_receive (self->hand, room, WIRE_FRAME_MAX);
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms);
    return zmq_recv (socket, room, WIRE_FRAME_MAX, 0);
}

//  The next frame with one of two verbs; 0 after timeout_ms.
static uint8_t s_hear (raw_peer_t *self, void *socket, uint8_t verb, uint8_t other, cursor_t *body,
                       int timeout_ms)
{
    for (;;) {
        wire_envelope_t envelope;
        int64_t size = s_receive (self, socket, timeout_ms);
        if (size < 0)
            return 0;
        self->frame.size = (size_t) size;
        if (wire_open (self->frame.data, (size_t) size, &envelope, body) != CADRE_OK
            || (envelope.verb != verb && envelope.verb != other))
            continue;
        if (envelope.session)
            self->session = envelope.session;
        return envelope.verb;
    }
}

bool raw_peer_hear (raw_peer_t *self, void *socket, uint8_t verb, cursor_t *body, int timeout_ms)
{
    return s_hear (self, socket, verb, verb, body, timeout_ms) == verb;
}

//  ==== clients =====================================================================

bool raw_peer_greet (raw_peer_t *self, const uint8_t uuid [WIRE_UUID_BYTES])
{
    wire_client_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {uuid, WIRE_UUID_BYTES},
                                 .name = wire_view ("enemy"),
                                 .window_tasks = 1000000,
                                 .window_bytes = 1 << 30};
    wire_client_welcome_t welcome;
    buffer_t frame = {0};
    cursor_t body;
    memcpy (self->uuid, uuid, WIRE_UUID_BYTES);
    wire_write_client_hello (&frame, (wire_envelope_t){0}, &hello);
    s_say (self, &frame);
    uint8_t verb =
        s_hear (self, self->socket, WIRE_client_welcome, WIRE_refused, &body, WAIT_NOTICE_MS);
    assert (verb);
    if (verb == WIRE_refused)
        return false;
    bool fine = wire_read_client_welcome (&body, &welcome);
    assert (fine);
    self->tasks = welcome.window_tasks;
    self->bytes = welcome.window_bytes;
    return true;
}

raw_peer_t *raw_peer_client (const char *address)
{
    raw_peer_t *self = raw_peer_new (address, "front");
    uint8_t uuid [WIRE_UUID_BYTES];
    entropy_uuid (uuid);
    bool welcome = raw_peer_greet (self, uuid);
    assert (welcome);
    return self;
}

raw_peer_t *raw_peer_by_hand (zmtp_t *connection)
{
    raw_peer_t *self = calloc (1, sizeof *self);
    uint8_t uuid [WIRE_UUID_BYTES];
    assert (self);
    self->hand = connection;
    entropy_uuid (uuid);
    bool welcome = raw_peer_greet (self, uuid);
    assert (welcome);
    return self;
}

uint64_t raw_peer_request (raw_peer_t *self, const char *what)
{
    buffer_t frame = {0};
    cursor_t body;
    wire_reply_t reply;
    wire_write_request (&frame,
                        (wire_envelope_t){.session = self->session, .sequence = ++self->sent},
                        &(wire_request_t){.id = self->sent, .what = wire_view (what)});
    s_say (self, &frame);
    bool heard = raw_peer_hear (self, self->socket, WIRE_reply, &body, WAIT_NOTICE_MS);
    assert (heard && wire_read_reply (&body, &reply));
    return reply.code;
}

uint64_t raw_peer_open_job (raw_peer_t *self, uint64_t ref, unsigned kind, const char *function,
                            bool detached, const uint8_t uuid [WIRE_UUID_BYTES])
{
    wire_job_open_t job = {.ref = ref,
                           .uuid = {uuid, WIRE_UUID_BYTES},
                           .kind = kind,
                           .detached = detached,
                           .function = wire_view (function),
                           .grace_ms = 5000};
    buffer_t frame = {0};
    cursor_t body;
    wire_job_opened_t opened;
    wire_write_job_open (
        &frame, (wire_envelope_t){.session = self->session, .sequence = ++self->sent}, &job);
    s_say (self, &frame);
    bool heard = raw_peer_hear (self, self->socket, WIRE_job_opened, &body, WAIT_NOTICE_MS);
    assert (heard && wire_read_job_opened (&body, &opened));
    return opened.code;
}

//  ==== workers =====================================================================

bool raw_peer_register (raw_peer_t *self, const uint8_t uuid [WIRE_UUID_BYTES], const char *scheme,
                        const char *function)
{
    buffer_t functions = {0}, frame = {0};
    wire_worker_welcome_t welcome;
    cursor_t body;
    wire_pack_function (&functions, &(wire_function_t){.name = wire_view (function)});
    wire_worker_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {uuid, WIRE_UUID_BYTES},
                                 .name = wire_view ("enemy"),
                                 .scheme = wire_view (scheme),
                                 .slots = 1,
                                 .functions = wire_list_of (&functions, 1)};
    memcpy (self->uuid, uuid, WIRE_UUID_BYTES);
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &hello);
    s_say (self, &frame);
    buffer_free (&functions);
    uint8_t verb =
        s_hear (self, self->socket, WIRE_worker_welcome, WIRE_refused, &body, WAIT_NOTICE_MS);
    assert (verb);
    if (verb == WIRE_refused)
        return false;
    bool fine = wire_read_worker_welcome (&body, &welcome);
    assert (fine);
    self->epoch = welcome.epoch;
    self->port = (uint32_t) welcome.lane;
    return true;
}

raw_peer_t *raw_peer_worker (const char *address, const char *function, uint64_t tasks)
{
    return raw_peer_worker_with (address, NULL, function, tasks);
}

raw_peer_t *raw_peer_worker_with (const char *address, const keys_t *keys, const char *function,
                                  uint64_t tasks)
{
    raw_peer_t *self = raw_peer_with (address, "back", keys);
    uint8_t uuid [WIRE_UUID_BYTES];
    entropy_uuid (uuid);
    bool heard =
        raw_peer_register (self, uuid, strncmp (address, "tcp", 3) == 0 ? "tcp" : "ipc", function);
    assert (heard);
    raw_peer_open_lane (self, tasks);
    return self;
}

void raw_peer_open_lane (raw_peer_t *self, uint64_t tasks)
{
    buffer_t frame = {0};
    cursor_t body;
    char lane [32];
    snprintf (lane, sizeof lane, "lane-%u", (unsigned) self->port);
    self->lane = s_connect (self, ZMQ_PULL, lane);
    self->sink = s_connect (self, ZMQ_PUSH, "sink");
    bool heard = raw_peer_hear (self, self->lane, WIRE_lane_hello, &body, WAIT_NOTICE_MS);
    assert (heard);
    wire_write_lane_open (&frame, (wire_envelope_t){.session = self->session},
                          &(wire_lane_open_t){.tasks = tasks, .bytes = 1 << 20});
    s_say (self, &frame);
}

//  ==== doors =======================================================================

#define HANDSHAKES                                                                                 \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL                          \
     | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

//  The first frame of an event is its number.
static unsigned s_event (void *monitor)
{
    uint8_t bytes [256] = {0};
    int more = 1;
    size_t size = sizeof more;
    uint16_t event = 0;
    for (bool first = true; more; first = false) {
        int got = zmq_recv (monitor, bytes, sizeof bytes, 0);
        assert (got >= 0);
        if (first)
            memcpy (&event, bytes, sizeof event);
        zmq_getsockopt (monitor, ZMQ_RCVMORE, &more, &size);
    }
    return event;
}

bool raw_peer_is_let_in (const char *address, const char *name, const keys_t *keys)
{
    raw_peer_t self = {.context = zmq_ctx_new ()};
    char endpoint [512];
    int wait_notice_ms = WAIT_NOTICE_MS, none = 0;
    int type = name [0] == 's' ? ZMQ_PUSH : name [0] == 'l' ? ZMQ_PULL : ZMQ_DEALER;
    void *socket = zmq_socket (self.context, type), *monitor = zmq_socket (self.context, ZMQ_PAIR);
    s_use (socket, keys);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    zmq_socket_monitor (socket, "inproc://monitor", HANDSHAKES);
    zmq_setsockopt (monitor, ZMQ_RCVTIMEO, &wait_notice_ms, sizeof wait_notice_ms);
    zmq_connect (monitor, "inproc://monitor");
    zmq_connect (socket, raw_peer_endpoint (address, name, endpoint, sizeof endpoint));
    unsigned event = s_event (monitor);
    zmq_socket_monitor (socket, NULL, 0);
    zmq_close (monitor);
    zmq_close (socket);
    zmq_ctx_term (self.context);
    return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}
