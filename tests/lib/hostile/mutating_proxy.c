//  mutating_proxy.c - attack: a proxy between the broker and its peers that changes frames on their
//  way

#include "tests/lib/hostile/mutating_proxy.h"

#include "common/sockets.h"
#include "common/wire.h"
#include "tests/lib/hostile/mutation.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 96     //  Connections of clients and workers at a time; the oldest goes first
#define LANES_MAX 24     //  The same for lanes
#define MEMORY_FRAMES 32 //  Frames that may come again
#define LISTEN_MS 50     //  Between two looks whether it shall end
#define READS_MAX 64     //  Frames of one socket before others have their turn

//  One peer's connection, and ours to the broker in its name.
typedef struct pair {
    void *router;          //  Front or back, where the peer is; NULL: free
    sockets_route_t route; //  The peer
    void *dealer;          //  To the broker
} pair_t;

//  One lane: from the broker to the worker.
typedef struct lane {
    void *pull; //  At the broker's lane; NULL: free
    void *push; //  Bound for the worker
} lane_t;

struct mutating_proxy {
    char listen [256];               //  ipc://FOLDER
    char broker [256];               //  Likewise
    void *context;                   //  ZeroMQ's
    void *front;                     //  ROUTER for clients
    void *back;                      //  ROUTER for workers
    void *sink_in;                   //  PULL for workers
    void *sink_out;                  //  PUSH to the broker
    pair_t pairs [PAIRS_MAX];        //  Connections
    size_t next_pair;                //  The oldest
    lane_t lanes [LANES_MAX];        //  Lanes
    size_t next_lane;                //  The oldest
    buffer_t memory [MEMORY_FRAMES]; //  Frames that went through
    unsigned seed;                   //  What is touched, and how
    atomic_uint odd;                 //  Of 1,000 frames
    atomic_bool ends;                //  The thread shall end
    atomic_ullong passed;            //  Frames
    atomic_ullong touched;           //  Of these
    pthread_t thread;                //  Does it all
};

static void *s_socket (mutating_proxy_t *self, int type, const char *base, const char *name,
                       bool bind)
{
    char endpoint [512];
    void *socket = sockets_new (self->context, type, NULL);
    assert (socket);
    snprintf (endpoint, sizeof endpoint, "%s/%s", base, name);
    cadre_error_t error =
        bind ? sockets_bind (socket, endpoint, NULL) : sockets_connect (socket, endpoint, NULL);
    assert (error == CADRE_OK);
    return socket;
}

//  ---- what is done to a frame -----------------------------------------------------

typedef void (*send_t) (void *context, const buffer_t *frame);

static void s_remember (mutating_proxy_t *self, const buffer_t *frame)
{
    buffer_t *slot = &self->memory [mutation_chance (&self->seed, MEMORY_FRAMES)];
    buffer_clear (slot);
    buffer_append (slot, frame->data, frame->size);
}

//  A frame that went through before, as it was or with the session and number that are due.
static void s_replace (mutating_proxy_t *self, buffer_t *frame)
{
    const buffer_t *old = &self->memory [mutation_chance (&self->seed, MEMORY_FRAMES)];
    uint8_t due [16];
    if (old->size <= WIRE_ENVELOPE_BYTES || frame->size < WIRE_ENVELOPE_BYTES)
        return;
    memcpy (due, frame->data + 4, sizeof due);
    buffer_clear (frame);
    buffer_append (frame, old->data, old->size);
    if (mutation_chance (&self->seed, 2))
        memcpy (frame->data + 4, due, sizeof due);
}

static void s_touch (mutating_proxy_t *self, buffer_t *frame, send_t send, void *context)
{
    atomic_fetch_add (&self->touched, 1);
    switch (mutation_chance (&self->seed, 16)) {
    case 0: return; // dropped
    case 1: send (context, frame); break;
    case 2: s_replace (self, frame); break;
    case 3: frame->size = mutation_chance (&self->seed, (unsigned) frame->size + 1); break;
    case 4: {
        buffer_t extra = {0};
        buffer_append (&extra, frame->data, frame->size);
        s_replace (self, &extra);
        send (context, &extra);
        buffer_free (&extra);
        break;
    }
    default: mutation_apply (&self->seed, frame);
    }
    send (context, frame);
}

static void s_pass (mutating_proxy_t *self, const void *bytes, size_t size, send_t send,
                    void *context)
{
    buffer_t frame = {0};
    buffer_append (&frame, bytes, size);
    atomic_fetch_add (&self->passed, 1);
    if (mutation_chance (&self->seed, 4) == 0)
        s_remember (self, &frame);
    if (mutation_chance (&self->seed, 1000) < atomic_load (&self->odd))
        s_touch (self, &frame, send, context);
    else
        send (context, &frame);
    buffer_free (&frame);
}

//  ---- ways ------------------------------------------------------------------------

static void s_send_out (void *context, const buffer_t *frame)
{
    sockets_send_bytes (context, frame->data, frame->size, ZMQ_DONTWAIT);
}

static void s_send_back (void *context, const buffer_t *frame)
{
    const pair_t *pair = context;
    sockets_send_bytes_to (pair->router, pair->route, frame->data, frame->size, ZMQ_DONTWAIT);
}

static pair_t *s_pair (mutating_proxy_t *self, void *router, sockets_route_t route)
{
    for (size_t i = 0; i < PAIRS_MAX; i++)
        if (self->pairs [i].router == router && self->pairs [i].route == route)
            return &self->pairs [i];
    pair_t *pair = &self->pairs [self->next_pair++ % PAIRS_MAX];
    if (pair->router)
        sockets_destroy (&pair->dealer);
    const char *name = router == self->front ? "front" : "back";
    *pair = (pair_t){.router = router,
                     .route = route,
                     .dealer = s_socket (self, ZMQ_DEALER, self->broker, name, false)};
    return pair;
}

static void s_from_peers (mutating_proxy_t *self, void *router)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    sockets_route_t route;
    for (int i = 0; i < READS_MAX; i++) {
        cadre_error_t error = sockets_receive_from (router, &route, &message);
        if (error == CADRE_ERROR_PROTOCOL)
            continue;
        if (error != CADRE_OK)
            break;
        pair_t *pair = s_pair (self, router, route);
        s_pass (self, zmq_msg_data (&message), zmq_msg_size (&message), s_send_out, pair->dealer);
    }
    zmq_msg_close (&message);
}

static void s_add_lane (mutating_proxy_t *self, uint64_t number)
{
    char name [32];
    lane_t *lane = &self->lanes [self->next_lane++ % LANES_MAX];
    if (lane->pull) {
        sockets_destroy (&lane->pull);
        sockets_destroy (&lane->push);
    }
    snprintf (name, sizeof name, "lane-%llu", (unsigned long long) number);
    lane->pull = s_socket (self, ZMQ_PULL, self->broker, name, false);
    lane->push = s_socket (self, ZMQ_PUSH, self->listen, name, true);
}

//  A worker that is welcome will look for its lane here.
static void s_look_for_lane (mutating_proxy_t *self, const void *bytes, size_t size)
{
    wire_envelope_t envelope;
    wire_worker_welcome_t welcome;
    cursor_t body;
    if (wire_open (bytes, size, &envelope, &body) == CADRE_OK
        && envelope.verb == WIRE_worker_welcome && wire_read_worker_welcome (&body, &welcome))
        s_add_lane (self, welcome.lane);
}

static void s_from_broker (mutating_proxy_t *self, pair_t *pair)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    for (int i = 0; i < READS_MAX && sockets_receive (pair->dealer, &message) == CADRE_OK; i++) {
        if (pair->router == self->back)
            s_look_for_lane (self, zmq_msg_data (&message), zmq_msg_size (&message));
        s_pass (self, zmq_msg_data (&message), zmq_msg_size (&message), s_send_back, pair);
    }
    zmq_msg_close (&message);
}

static void s_through (mutating_proxy_t *self, void *in, void *out)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    for (int i = 0; i < READS_MAX && (sockets_events (out) & ZMQ_POLLOUT); i++) {
        if (sockets_receive (in, &message) != CADRE_OK)
            break;
        s_pass (self, zmq_msg_data (&message), zmq_msg_size (&message), s_send_out, out);
    }
    zmq_msg_close (&message);
}

//  ---- the thread ------------------------------------------------------------------

static void s_wait (mutating_proxy_t *self)
{
    zmq_pollitem_t items [3 + PAIRS_MAX + LANES_MAX];
    int count = 0;
    items [count++] = (zmq_pollitem_t){.socket = self->front, .events = ZMQ_POLLIN};
    items [count++] = (zmq_pollitem_t){.socket = self->back, .events = ZMQ_POLLIN};
    items [count++] = (zmq_pollitem_t){.socket = self->sink_in, .events = ZMQ_POLLIN};
    for (size_t i = 0; i < PAIRS_MAX; i++)
        if (self->pairs [i].router)
            items [count++] =
                (zmq_pollitem_t){.socket = self->pairs [i].dealer, .events = ZMQ_POLLIN};
    for (size_t i = 0; i < LANES_MAX; i++)
        if (self->lanes [i].pull && (sockets_events (self->lanes [i].push) & ZMQ_POLLOUT))
            items [count++] =
                (zmq_pollitem_t){.socket = self->lanes [i].pull, .events = ZMQ_POLLIN};
    zmq_poll (items, count, LISTEN_MS);
}

static void *s_run (void *argument)
{
    mutating_proxy_t *self = argument;
    while (!atomic_load (&self->ends)) {
        s_wait (self);
        s_from_peers (self, self->front);
        s_from_peers (self, self->back);
        s_through (self, self->sink_in, self->sink_out);
        for (size_t i = 0; i < PAIRS_MAX; i++)
            if (self->pairs [i].router)
                s_from_broker (self, &self->pairs [i]);
        for (size_t i = 0; i < LANES_MAX; i++)
            if (self->lanes [i].pull)
                s_through (self, self->lanes [i].pull, self->lanes [i].push);
    }
    return NULL;
}

mutating_proxy_t *mutating_proxy_new (const char *listen, const char *broker, unsigned seed,
                                      unsigned odd)
{
    mutating_proxy_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->listen, sizeof self->listen, "%s", listen);
    snprintf (self->broker, sizeof self->broker, "%s", broker);
    self->seed = seed;
    atomic_init (&self->odd, odd);
    self->context = sockets_context_new (1, 1000, NULL);
    assert (self->context);
    self->front = s_socket (self, ZMQ_ROUTER, listen, "front", true);
    self->back = s_socket (self, ZMQ_ROUTER, listen, "back", true);
    self->sink_in = s_socket (self, ZMQ_PULL, listen, "sink", true);
    self->sink_out = s_socket (self, ZMQ_PUSH, broker, "sink", false);
    int rc = pthread_create (&self->thread, NULL, s_run, self);
    assert (rc == 0);
    return self;
}

void mutating_proxy_destroy (mutating_proxy_t **self_p)
{
    mutating_proxy_t *self = *self_p;
    if (!self)
        return;
    atomic_store (&self->ends, true);
    pthread_join (self->thread, NULL);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        sockets_destroy (&self->pairs [i].dealer);
    for (size_t i = 0; i < LANES_MAX; i++) {
        sockets_destroy (&self->lanes [i].pull);
        sockets_destroy (&self->lanes [i].push);
    }
    sockets_destroy (&self->front);
    sockets_destroy (&self->back);
    sockets_destroy (&self->sink_in);
    sockets_destroy (&self->sink_out);
    sockets_context_destroy (&self->context);
    for (size_t i = 0; i < MEMORY_FRAMES; i++)
        buffer_free (&self->memory [i]);
    free (self);
    *self_p = NULL;
}

void mutating_proxy_set_odd (mutating_proxy_t *self, unsigned odd)
{
    atomic_store (&self->odd, odd);
}

uint64_t mutating_proxy_passed (const mutating_proxy_t *self)
{
    return atomic_load (&self->passed);
}

uint64_t mutating_proxy_touched (const mutating_proxy_t *self)
{
    return atomic_load (&self->touched);
}
