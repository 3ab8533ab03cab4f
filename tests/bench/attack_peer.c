//  attack_peer.c - a peer with a key, whose session begins anew when the broker ends it

#include "tests/bench/attack.h"

#include "common/clock.h"
#include "common/entropy.h"
#include "tests/lib/hostile/raw_peer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define BEAT_US 300000
#define HELLO_US 300000
#define UNTOLD_MAX 100 //  Frames that are acknowledged together
#define WAIT_NOTICE_US 3000000
#define SEND_MS 20

void attack_pause (long ms)
{
    nanosleep (&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

//  ==== sockets =====================================================================

void *attack_socket (attack_t *self, int type, const char *door)
{
    char endpoint [512];
    int none = 0, send_ms = SEND_MS;
    const keys_t *keys = &self->access.keys;
    void *socket = zmq_socket (self->context, type);
    assert (socket);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt (socket, ZMQ_SNDTIMEO, &send_ms, sizeof send_ms);
    zmq_setsockopt (socket, ZMQ_SNDHWM, &self->waiting_max, sizeof self->waiting_max);
    zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, keys->server_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, keys->secret_key, KEYS_TEXT_BYTES - 1);
    zmq_connect (socket, raw_peer_endpoint (self->address, door, endpoint, sizeof endpoint));
    return socket;
}

static void s_close (void **socket_p)
{
    if (*socket_p)
        zmq_close (*socket_p);
    *socket_p = NULL;
}

void attack_connect (attack_t *self, const char *door)
{
    s_close (&self->socket);
    s_close (&self->lane);
    s_close (&self->sink);
    self->socket = attack_socket (self, ZMQ_DEALER, door);
    self->session = 0;
    self->over = true;
}

//  ==== what comes ==================================================================

static void s_begin (attack_t *self, uint64_t session)
{
    self->sessions++;
    self->session = session;
    self->sent = self->received = self->told = 0;
    self->tasks = self->bytes = self->ref = self->job = 0;
}

static void s_take_welcome (attack_t *self, uint64_t session, cursor_t *body)
{
    wire_client_welcome_t welcome;
    if (!wire_read_client_welcome (body, &welcome))
        return;
    if (!welcome.resumed || session != self->session)
        s_begin (self, session);
    self->sent = welcome.received;
    self->tasks_window = welcome.window_tasks;
    self->bytes_window = welcome.window_bytes;
    self->over = false;
}

static void s_take_window (attack_t *self, cursor_t *body)
{
    wire_window_t window;
    if (!wire_read_window (body, &window))
        return;
    self->tasks_window = window.tasks;
    self->bytes_window = window.bytes;
}

static void s_take_opened (attack_t *self, cursor_t *body)
{
    wire_job_opened_t opened;
    if (wire_read_job_opened (body, &opened) && opened.code == 0)
        self->job = opened.number;
}

//  True when it was a REFUSED, with which the connection ends.
static bool s_take (attack_t *self, size_t size)
{
    wire_envelope_t envelope;
    cursor_t body;
    if (wire_open (self->frame.data, size, &envelope, &body) != CADRE_OK)
        return false;
    if (envelope.sequence)
        self->received = envelope.sequence;
    switch (envelope.verb) {
    case WIRE_client_welcome: s_take_welcome (self, envelope.session, &body); break;
    case WIRE_window: s_take_window (self, &body); break;
    case WIRE_job_opened: s_take_opened (self, &body); break;
    case WIRE_who:
    case WIRE_goodbye: self->over = true; break;
    case WIRE_refused: self->over = true; return true;
    default: break;
    }
    return false;
}

//  False when nothing is there.
static bool s_receive (attack_t *self, void *socket, bool *refused)
{
    buffer_clear (&self->frame);
    uint8_t *room = buffer_reserve (&self->frame, WIRE_FRAME_MAX);
    int size = zmq_recv (socket, room, WIRE_FRAME_MAX, ZMQ_DONTWAIT);
    if (size < 0)
        return false;
    *refused |= s_take (self, (size_t) size);
    return true;
}

static void s_beat (attack_t *self)
{
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = self->session},
                     &(wire_beat_t){.received = self->received, .sent = self->sent});
    zmq_send (self->socket, frame.data, frame.size, ZMQ_DONTWAIT);
    buffer_free (&frame);
    self->told = self->received;
    self->beat_us = clock_now (NULL) + BEAT_US;
}

//  ==== sessions ====================================================================

static void s_say (attack_t *self, buffer_t *frame)
{
    zmq_send (self->socket, frame->data, frame->size, 0);
    buffer_free (frame);
}

void attack_hello_client (attack_t *self, bool fresh)
{
    if (fresh)
        entropy_uuid (self->uuid);
    buffer_t frame = {0};
    wire_client_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {self->uuid, WIRE_UUID_BYTES},
                                 .name = wire_view ("attack"),
                                 .received = fresh ? 0 : self->received,
                                 .window_tasks = UINT64_MAX >> 1,
                                 .window_bytes = UINT64_MAX >> 1};
    wire_write_client_hello (&frame, (wire_envelope_t){.session = fresh ? 0 : self->session},
                             &hello);
    s_say (self, &frame);
}

void attack_hello_worker (attack_t *self, bool fresh, const wire_list_t *labels)
{
    if (fresh)
        entropy_uuid (self->uuid);
    buffer_t frame = {0};
    wire_worker_hello_t hello = {.magic = wire_view (WIRE_MAGIC),
                                 .major = WIRE_MAJOR,
                                 .uuid = {self->uuid, WIRE_UUID_BYTES},
                                 .name = wire_view ("attack"),
                                 .scheme = wire_view ("tcp"),
                                 .slots = 1};
    if (labels)
        hello.labels = *labels;
    wire_write_worker_hello (&frame, (wire_envelope_t){0}, &hello);
    s_say (self, &frame);
}

//  Waits for WELCOME; says HELLO anew meanwhile. False when it is refused, or patience ends.
static bool s_is_welcome (attack_t *self)
{
    int64_t end_us = clock_now (NULL) + WAIT_NOTICE_US, hello_us = 0;
    bool refused = false;
    while (self->over && !refused && clock_now (NULL) < end_us) {
        if (clock_now (NULL) >= hello_us) {
            attack_hello_client (self, !self->session);
            hello_us = clock_now (NULL) + HELLO_US;
        }
        while (s_receive (self, self->socket, &refused))
            ;
        if (self->over)
            attack_pause (1);
    }
    return !self->over;
}

void attack_enter_client (attack_t *self)
{
    do
        attack_connect (self, "front");
    while (!s_is_welcome (self));
}

//  The next frame with that verb, within a time.
static bool s_hear (attack_t *self, void *socket, uint8_t verb, wire_envelope_t *envelope,
                    cursor_t *body)
{
    int wait_ms = WAIT_NOTICE_US / 1000;
    zmq_setsockopt (socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    for (;;) {
        buffer_clear (&self->frame);
        int size =
            zmq_recv (socket, buffer_reserve (&self->frame, WIRE_FRAME_MAX), WIRE_FRAME_MAX, 0);
        if (size < 0 || wire_open (self->frame.data, (size_t) size, envelope, body) != CADRE_OK
            || envelope->verb == WIRE_refused)
            return false;
        if (envelope->verb == verb)
            return true;
    }
}

static bool s_register (attack_t *self)
{
    wire_envelope_t envelope, other;
    wire_worker_welcome_t welcome;
    char lane [32];
    cursor_t body;
    attack_connect (self, "back");
    attack_hello_worker (self, true, NULL);
    if (!s_hear (self, self->socket, WIRE_worker_welcome, &envelope, &body)
        || !wire_read_worker_welcome (&body, &welcome))
        return false;
    snprintf (lane, sizeof lane, "lane-%u", (unsigned) welcome.lane);
    self->lane = attack_socket (self, ZMQ_PULL, lane);
    self->sink = attack_socket (self, ZMQ_PUSH, "sink");
    if (!s_hear (self, self->lane, WIRE_lane_hello, &other, &body))
        return false;
    s_begin (self, envelope.session);
    self->over = false;
    buffer_t frame = {0};
    wire_write_lane_open (&frame, (wire_envelope_t){.session = self->session},
                          &(wire_lane_open_t){0});
    s_say (self, &frame);
    return true;
}

void attack_enter_worker (attack_t *self)
{
    while (!s_register (self))
        attack_pause (50);
}

//  A client resumes its session if the broker has it.
static void s_enter_again (attack_t *self, bool refused)
{
    if (self->sink)
        attack_enter_worker (self);
    else if (refused || !s_is_welcome (self))
        attack_enter_client (self);
}

void attack_read (attack_t *self)
{
    bool refused = false;
    while (!self->deaf && s_receive (self, self->socket, &refused))
        ;
    if (self->over)
        s_enter_again (self, refused);
    if (self->received - self->told >= UNTOLD_MAX || clock_now (NULL) >= self->beat_us)
        s_beat (self);
}

//  ==== what goes ===================================================================

static void s_put (attack_t *self, void **socket_p, buffer_t *frame, bool numbered)
{
    uint64_t sessions = self->sessions;
    attack_read (self);
    while (sessions == self->sessions) {
        wire_stamp (frame, self->session, numbered ? self->sent + 1 : 0);
        if (zmq_send (*socket_p, frame->data, frame->size, 0) >= 0) {
            self->sent += numbered;
            break;
        }
        attack_read (self);
    }
    buffer_free (frame);
}

void attack_put (attack_t *self, buffer_t *frame, bool numbered)
{
    s_put (self, &self->socket, frame, numbered);
}

void attack_put_sink (attack_t *self, buffer_t *frame)
{
    s_put (self, &self->sink, frame, true);
}

void attack_await_window (attack_t *self, uint64_t tasks, uint64_t bytes)
{
    attack_read (self);
    while (self->tasks + tasks > self->tasks_window || self->bytes + bytes > self->bytes_window) {
        attack_pause (1);
        attack_read (self);
    }
    self->tasks += tasks;
    self->bytes += bytes;
}
