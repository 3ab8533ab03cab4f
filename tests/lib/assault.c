//  assault.c - strangers by the thousand at a port

#include "tests/lib/assault.h"

#include "common/moment.h"
#include "tests/lib/zmtp.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define RING 256 //  Attempts that are kept open at a time

struct assault {
    assault_kind_t kind;         //  What is done
    unsigned number;             //  Connections, or attempts a second
    char endpoint [64];          //  Whom it is done to
    keys_t keys;                 //  The broker's, and some that nobody knows
    pthread_t thread;            //  Does it
    atomic_bool ending;          //  It shall end
    atomic_uint_least64_t count; //  Connections opened
    atomic_uint_least64_t held;  //  Connections open
    void *context;               //  For strangers
    void *sockets [RING];        //  Of strangers
    zmtp_t connections [RING];   //  Of the other two
    struct pollfd *items;        //  Of those that are held
};

static void s_pause (long ms)
{
    nanosleep (&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

//  ==== connections that are held ===================================================

static int s_open_half (assault_t *self)
{
    uint8_t greeting [ZMTP_GREETING_BYTES];
    zmtp_t peer;
    if (!zmtp_connect (&peer, self->endpoint))
        return -1;
    atomic_fetch_add (&self->count, 1);
    zmtp_greeting (greeting, "CURVE");
    if (self->kind == ASSAULT_HALF)
        zmtp_put (&peer, greeting, sizeof greeting / 2);
    return peer.fd;
}

//  False once the broker has cut it.
static bool s_lives (struct pollfd *item)
{
    char bytes [256];
    if (!item->revents)
        return true;
    ssize_t got = recv (item->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    return got > 0;
}

static void s_hold (assault_t *self)
{
    uint64_t held = 0;
    poll (self->items, self->number, 0);
    for (unsigned i = 0; i < self->number && !atomic_load (&self->ending); i++) {
        struct pollfd *item = &self->items [i];
        if (item->fd >= 0 && !s_lives (item)) {
            close (item->fd);
            item->fd = -1;
        }
        if (item->fd < 0)
            item->fd = s_open_half (self);
        held += item->fd >= 0;
    }
    atomic_store (&self->held, held);
    s_pause (20);
}

//  ==== attempts ====================================================================

static void s_come_as_stranger (assault_t *self, unsigned place)
{
    int none = 0;
    if (self->sockets [place])
        zmq_close (self->sockets [place]);
    void *socket = self->sockets [place] = zmq_socket (self->context, ZMQ_DEALER);
    assert (socket);
    zmq_setsockopt (socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt (socket, ZMQ_CURVE_SERVERKEY, self->keys.server_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_PUBLICKEY, self->keys.public_key, KEYS_TEXT_BYTES - 1);
    zmq_setsockopt (socket, ZMQ_CURVE_SECRETKEY, self->keys.secret_key, KEYS_TEXT_BYTES - 1);
    zmq_connect (socket, self->endpoint);
}

static void s_come_by_hand (assault_t *self, unsigned place)
{
    uint8_t greeting [ZMTP_GREETING_BYTES], rubbish [1024];
    zmtp_t *peer = &self->connections [place];
    zmtp_close (peer);
    if (!zmtp_connect (peer, self->endpoint))
        return;
    zmtp_greeting (greeting, self->kind == ASSAULT_PLAIN ? "NULL" : "CURVE");
    memset (rubbish, (int) place, sizeof rubbish);
    if (self->kind == ASSAULT_PLAIN)
        memcpy (rubbish, "\4\51\5READY\13Socket-Type\0\0\0\6DEALER\10Identity\0\0\0\0\0\2\1\20", 48);
    else
        rubbish [0] = ZMTP_COMMAND;
    if (zmtp_put (peer, greeting, sizeof greeting))
        zmtp_put (peer, rubbish, sizeof rubbish);
}

//  As many as are due by now.
static void s_come (assault_t *self, int64_t start_us)
{
    uint64_t due = (uint64_t) (moment_now (NULL) - start_us) * self->number / 1000000;
    for (uint64_t count = atomic_load (&self->count); count < due && !atomic_load (&self->ending); count++) {
        if (self->kind == ASSAULT_STRANGERS)
            s_come_as_stranger (self, count % RING);
        else
            s_come_by_hand (self, count % RING);
        atomic_store (&self->count, count + 1);
    }
    s_pause (2);
}

static void *s_run (void *argument)
{
    assault_t *self = argument;
    int64_t start_us = moment_now (NULL);
    while (!atomic_load (&self->ending))
        if (self->items)
            s_hold (self);
        else
            s_come (self, start_us);
    return NULL;
}

//  ==== life ========================================================================

assault_t *assault_new (assault_kind_t kind, unsigned port, unsigned number, const char *server_key)
{
    assault_t *self = calloc (1, sizeof *self);
    assert (self);
    self->kind = kind;
    self->number = number;
    snprintf (self->endpoint, sizeof self->endpoint, "tcp://127.0.0.1:%u", port);
    for (unsigned i = 0; i < RING; i++)
        self->connections [i].fd = -1;
    if (kind == ASSAULT_STRANGERS) {
        memcpy (self->keys.server_key, server_key, KEYS_TEXT_BYTES);
        zmq_curve_keypair (self->keys.public_key, self->keys.secret_key);
        self->context = zmq_ctx_new ();
    }
    if (kind == ASSAULT_SILENT || kind == ASSAULT_HALF) {
        self->items = calloc (number, sizeof *self->items);
        assert (self->items);
        for (unsigned i = 0; i < number; i++)
            self->items [i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    int rc = pthread_create (&self->thread, NULL, s_run, self);
    assert (rc == 0);
    return self;
}

void assault_destroy (assault_t **self_p)
{
    assault_t *self = *self_p;
    if (!self)
        return;
    atomic_store (&self->ending, true);
    pthread_join (self->thread, NULL);
    for (unsigned i = 0; i < RING; i++) {
        zmtp_close (&self->connections [i]);
        if (self->sockets [i])
            zmq_close (self->sockets [i]);
    }
    for (unsigned i = 0; self->items && i < self->number; i++)
        if (self->items [i].fd >= 0)
            close (self->items [i].fd);
    free (self->items);
    if (self->context)
        zmq_ctx_term (self->context);
    free (self);
    *self_p = NULL;
}

uint64_t assault_count (const assault_t *self)
{
    return atomic_load (&self->count);
}

uint64_t assault_held (const assault_t *self)
{
    return atomic_load (&self->held);
}
