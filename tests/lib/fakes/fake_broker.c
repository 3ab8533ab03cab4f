//  fake_broker.c - fake: the broker as one client meets it; the test gives the answers

#include "tests/lib/fakes/fake_broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "common/pack.h"
#include "common/sockets.h"

#define WINDOW_BYTES (1024u * 1024u)
#define BEAT_MS 100u
#define LOST_MS 2000u

typedef struct heard {
    wire_envelope_t envelope;  //  Of the frame
    buffer_t frame;            //  The whole frame
    struct heard *prev, *next; //  utlist
} heard_t;

struct fake_broker {
    char folder [64];            //  Of the socket
    char address [80];           //  For clients
    void *context;               //  ZeroMQ's
    void *router;                //  lock: the socket
    sockets_route_t route;       //  lock: who was heard last
    pthread_t thread;            //  Receives
    pthread_mutex_t lock;        //  Protects all
    pthread_cond_t changed;      //  A frame has come
    bool ending;                 //  lock
    fake_broker_manner_t manner; //  lock
    uint64_t window_tasks;       //  Of WELCOME
    uint64_t epoch;              //  lock: of WELCOME
    uint64_t session;            //  lock: 0 before the first
    bool known;                  //  lock: it has not been forgotten
    wire_client_hello_t hello;   //  lock: numbers of the last one
    uint8_t uuid [16];           //  lock: of who is known
    uint64_t sent;               //  lock: last stream frame sent
    uint64_t received;           //  lock: last stream frame received
    unsigned hellos;             //  lock
    heard_t *heard;              //  lock: frames to be read
    heard_t *current;            //  The frame read last
    buffer_t last;               //  Stream frame sent last
};

static void s_send (fake_broker_t *self, const buffer_t *frame)
{
    sockets_send_bytes_to (self->router, self->route, frame->data, frame->size, ZMQ_DONTWAIT);
}

static void s_refuse (fake_broker_t *self, bool foreign)
{
    wire_refused_t refused = {
        .code = foreign ? CADRE_ERROR_VERSION : CADRE_ERROR_REFUSED,
        .message =
            wire_view (foreign ? "protocol 9.0 here, 1.0 there: use one release" : "go away"),
        .major = foreign ? 9 : WIRE_MAJOR};
    buffer_t frame = {0};
    wire_write_refused (&frame, (wire_envelope_t){0}, &refused);
    if (foreign)
        frame.data [0] = 9;
    s_send (self, &frame);
    buffer_free (&frame);
}

static void s_welcome (fake_broker_t *self)
{
    bool resumed = self->known && self->manner == FAKE_BROKER_WELCOME;
    if (!resumed) {
        self->session++;
        self->sent = self->received = 0;
        self->known = true;
    }
    wire_client_welcome_t welcome = {.resumed = resumed,
                                     .received = self->received,
                                     .window_tasks = self->window_tasks,
                                     .window_bytes = WINDOW_BYTES,
                                     .beat_ms = BEAT_MS,
                                     .lost_ms = LOST_MS,
                                     .broker = wire_view ("fake"),
                                     .epoch = self->epoch};
    buffer_t frame = {0};
    wire_write_client_welcome (&frame, (wire_envelope_t){.session = self->session}, &welcome);
    s_send (self, &frame);
    buffer_free (&frame);
}

static void s_on_hello (fake_broker_t *self, cursor_t *body)
{
    self->hellos++;
    if (wire_read_client_hello (body, &self->hello) && self->hello.uuid.size == sizeof self->uuid) {
        self->known =
            self->known && memcmp (self->uuid, self->hello.uuid.data, sizeof self->uuid) == 0;
        memcpy (self->uuid, self->hello.uuid.data, sizeof self->uuid);
    }
    switch (self->manner) {
    case FAKE_BROKER_REFUSE: s_refuse (self, false); return;
    case FAKE_BROKER_FOREIGN: s_refuse (self, true); return;
    case FAKE_BROKER_MUTE: return;
    default: s_welcome (self);
    }
}

static void s_ask_who (fake_broker_t *self)
{
    buffer_t frame = {0};
    wire_write_who (&frame, (wire_envelope_t){0}, &(wire_who_t){.major = WIRE_MAJOR});
    s_send (self, &frame);
    buffer_free (&frame);
}

static void s_on_frame (fake_broker_t *self, const void *bytes, size_t size)
{
    heard_t *heard = calloc (1, sizeof *heard);
    cursor_t body;
    if (wire_open (bytes, size, &heard->envelope, &body) != CADRE_OK
        || heard->envelope.verb == WIRE_client_hello) {
        s_on_hello (self, &body);
        free (heard);
        return;
    }
    if (!self->known || heard->envelope.session != self->session) {
        if (self->manner != FAKE_BROKER_MUTE)
            s_ask_who (self);
        free (heard);
        return;
    }
    if (heard->envelope.sequence && heard->envelope.sequence != self->received + 1) {
        free (heard);
        return;
    }
    if (heard->envelope.sequence)
        self->received++;
    buffer_append (&heard->frame, bytes, size);
    DL_APPEND (self->heard, heard);
}

static void *s_serve (void *argument)
{
    fake_broker_t *self = argument;
    zmq_msg_t message;
    zmq_msg_init (&message);
    pthread_mutex_lock (&self->lock);
    while (!self->ending) {
        while (sockets_receive_from (self->router, &self->route, &message) == CADRE_OK)
            s_on_frame (self, zmq_msg_data (&message), zmq_msg_size (&message));
        pthread_cond_broadcast (&self->changed);
        struct pollfd item = {.fd = sockets_descriptor (self->router), .events = POLLIN};
        pthread_mutex_unlock (&self->lock);
        poll (&item, 1, 2);
        pthread_mutex_lock (&self->lock);
    }
    pthread_mutex_unlock (&self->lock);
    zmq_msg_close (&message);
    return NULL;
}

static void s_bind (fake_broker_t *self)
{
    char endpoint [128];
    fault_t fault = {0};
    snprintf (endpoint, sizeof endpoint, "%s/front", self->address);
    self->context = sockets_context_new (1, 8, &fault);
    self->router = sockets_new (self->context, ZMQ_ROUTER, &fault);
    assert_int_equal (sockets_bind (self->router, endpoint, &fault), CADRE_OK);
}

//  The context goes, too: only then nobody listens any more.
static void s_unbind (fake_broker_t *self)
{
    sockets_set_linger (self->router, 0);
    sockets_destroy (&self->router);
    sockets_context_destroy (&self->context);
}

fake_broker_t *fake_broker_new (fake_broker_manner_t manner, uint64_t window_tasks)
{
    fake_broker_t *self = calloc (1, sizeof *self);
    snprintf (self->folder, sizeof self->folder, "/tmp/cadre-fake-XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->address, sizeof self->address, "ipc://%s", self->folder);
    self->manner = manner;
    self->window_tasks = window_tasks;
    self->epoch = 1;
    s_bind (self);
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->changed, NULL);
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
    return self;
}

static void s_heard_free (heard_t *heard)
{
    if (heard)
        buffer_free (&heard->frame);
    free (heard);
}

void fake_broker_destroy (fake_broker_t **self_p)
{
    fake_broker_t *self = *self_p;
    if (!self)
        return;
    char path [128];
    heard_t *heard, *next;
    pthread_mutex_lock (&self->lock);
    self->ending = true;
    pthread_mutex_unlock (&self->lock);
    pthread_join (self->thread, NULL);
    s_unbind (self);
    DL_FOREACH_SAFE (self->heard, heard, next)
        s_heard_free (heard);
    s_heard_free (self->current);
    buffer_free (&self->last);
    snprintf (path, sizeof path, "%s/front", self->folder);
    unlink (path);
    snprintf (path, sizeof path, "%s/lock", self->folder);
    unlink (path);
    rmdir (self->folder);
    pthread_mutex_destroy (&self->lock);
    pthread_cond_destroy (&self->changed);
    free (self);
    *self_p = NULL;
}

const char *fake_broker_address (const fake_broker_t *self)
{
    return self->address;
}

void fake_broker_set_manner (fake_broker_t *self, fake_broker_manner_t manner)
{
    pthread_mutex_lock (&self->lock);
    self->manner = manner;
    pthread_mutex_unlock (&self->lock);
}

void fake_broker_restart (fake_broker_t *self, uint64_t epoch)
{
    heard_t *heard, *next;
    pthread_mutex_lock (&self->lock);
    s_unbind (self);
    DL_FOREACH_SAFE (self->heard, heard, next)
        s_heard_free (heard);
    self->heard = NULL;
    self->known = false;
    self->epoch = epoch;
    s_bind (self);
    pthread_mutex_unlock (&self->lock);
}

static bool s_take (fake_broker_t *self, wire_verb_t verb)
{
    while (self->heard) {
        s_heard_free (self->current);
        self->current = self->heard;
        DL_DELETE (self->heard, self->current);
        if (self->current->envelope.verb == verb)
            return true;
    }
    return false;
}

cursor_t fake_broker_expect (fake_broker_t *self, wire_verb_t verb)
{
    struct timespec until;
    clock_gettime (CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock (&self->lock);
    bool found = false;
    int rc = 0;
    while (!(found = s_take (self, verb)) && rc == 0)
        rc = pthread_cond_timedwait (&self->changed, &self->lock, &until);
    pthread_mutex_unlock (&self->lock);
    if (!found)
        fail_msg ("no %s came", wire_verb_name (verb));
    wire_envelope_t envelope;
    cursor_t body = {0};
    wire_open (self->current->frame.data, self->current->frame.size, &envelope, &body);
    return body;
}

void fake_broker_expect_tasks (fake_broker_t *self, uint64_t count)
{
    for (uint64_t come = 0; come < count;) {
        wire_job_tasks_t tasks;
        cursor_t body = fake_broker_expect (self, WIRE_job_tasks);
        assert_true (wire_read_job_tasks (&body, &tasks));
        come += tasks.payloads.count;
    }
}

unsigned fake_broker_hellos (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    unsigned hellos = self->hellos;
    pthread_mutex_unlock (&self->lock);
    return hellos;
}

wire_client_hello_t fake_broker_hello (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    wire_client_hello_t hello = self->hello;
    pthread_mutex_unlock (&self->lock);
    return hello;
}

unsigned fake_broker_waiting (fake_broker_t *self, wire_verb_t verb)
{
    heard_t *heard;
    unsigned count = 0;
    pthread_mutex_lock (&self->lock);
    DL_FOREACH (self->heard, heard)
        count += heard->envelope.verb == verb;
    pthread_mutex_unlock (&self->lock);
    return count;
}

static bool s_is_stream (uint8_t verb)
{
    return verb == WIRE_part || (verb >= WIRE_job_opened && verb <= WIRE_reply);
}

void fake_broker_send (fake_broker_t *self, buffer_t *frame)
{
    pthread_mutex_lock (&self->lock);
    bool stream = s_is_stream (frame->data [1]);
    wire_stamp (frame, self->session, stream ? ++self->sent : 0);
    s_send (self, frame);
    if (stream) {
        buffer_free (&self->last);
        self->last = buffer_take (frame);
    }
    pthread_mutex_unlock (&self->lock);
    buffer_free (frame);
}

void fake_broker_send_again (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    s_send (self, &self->last);
    pthread_mutex_unlock (&self->lock);
}

void fake_broker_skip (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    self->sent++;
    pthread_mutex_unlock (&self->lock);
}

void fake_broker_raw (fake_broker_t *self, const void *bytes, size_t size_bytes)
{
    pthread_mutex_lock (&self->lock);
    sockets_send_bytes_to (self->router, self->route, bytes, size_bytes, ZMQ_DONTWAIT);
    pthread_mutex_unlock (&self->lock);
}

#define SEND(name, ...)                                                                            \
    do {                                                                                           \
        buffer_t frame_ = {0};                                                                     \
        wire_##name##_t fields_ = {__VA_ARGS__};                                                   \
        wire_write_##name (&frame_, (wire_envelope_t){0}, &fields_);                               \
        fake_broker_send (self, &frame_);                                                          \
    } while (0)

void fake_broker_opened (fake_broker_t *self, uint64_t ref, uint64_t number)
{
    SEND (job_opened, .ref = ref, .number = number);
}

static void s_send_result (fake_broker_t *self, const wire_result_t *result)
{
    buffer_t list = {0};
    wire_pack_result (&list, result);
    SEND (results, .results = wire_list_of (&list, 1));
    buffer_free (&list);
}

void fake_broker_result (fake_broker_t *self, uint64_t ref, uint64_t index, int64_t value)
{
    buffer_t packed = {0};
    pack_int (&packed, value);
    wire_result_t result = {.ref = ref,
                            .index = index,
                            .attempt = 1,
                            .outcome = CADRE_OUTCOME_OK,
                            .run_us = 5,
                            .value = wire_view_of (&packed)};
    s_send_result (self, &result);
    buffer_free (&packed);
}

void fake_broker_failed (fake_broker_t *self, uint64_t ref, uint64_t index, unsigned outcome,
                         const char *kind, const char *message)
{
    buffer_t detail = {0};
    pack_map (&detail, 4);
    pack_text (&detail, "kind");
    pack_text (&detail, kind);
    pack_text (&detail, "message");
    pack_text (&detail, message);
    pack_text (&detail, "trace");
    pack_text (&detail, "in f");
    pack_text (&detail, "worker");
    pack_text (&detail, "w1");
    wire_result_t result = {.ref = ref,
                            .index = index,
                            .attempt = 2,
                            .outcome = outcome,
                            .code = 9,
                            .detail = wire_view_of (&detail)};
    s_send_result (self, &result);
    buffer_free (&detail);
}

void fake_broker_output (fake_broker_t *self, uint64_t ref, uint64_t index, unsigned stream,
                         const char *text)
{
    SEND (output, .ref = ref, .index = index, .attempt = 1, .stream = stream,
          .bytes = wire_view (text));
}

void fake_broker_state (fake_broker_t *self, uint64_t ref, uint64_t total, bool final)
{
    SEND (job_state, .ref = ref, .number = 42, .total = total, .running = 1, .final = final);
}

void fake_broker_window (fake_broker_t *self, uint64_t tasks)
{
    SEND (window, .tasks = tasks, .bytes = WINDOW_BYTES);
}

void fake_broker_acknowledge (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    uint64_t received = self->received;
    pthread_mutex_unlock (&self->lock);
    SEND (beat, .received = received);
}

void fake_broker_goodbye (fake_broker_t *self)
{
    SEND (goodbye, .reason = wire_view ("bye"));
}

void fake_broker_who (fake_broker_t *self)
{
    SEND (who, .major = WIRE_MAJOR);
}

sockets_route_t fake_broker_route (fake_broker_t *self)
{
    pthread_mutex_lock (&self->lock);
    sockets_route_t route = self->route;
    pthread_mutex_unlock (&self->lock);
    return route;
}
