//  connection_flood.c - attack: thousands of connections without a valid key at one tcp port

#include "tests/lib/hostile/connection_flood.h"

#include "common/clock.h"
#include "tests/lib/hostile/zmtp.h"

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

#define THREADS 8 //  Handshakes at a time
#define RING 1000 //  Attempts that are kept open at a time

struct connection_flood {
    connection_flood_kind_t kind; //  What is done
    unsigned number;              //  Connections, or attempts a second
    char endpoint [64];           //  Whom it is done to
    keys_t keys;                  //  The broker's, and some that nobody knows
    pthread_t threads [THREADS];  //  Do it
    unsigned threads_count;       //  How many
    int64_t start_us;             //  When it began
    atomic_bool ending;           //  It shall end
    atomic_uint_least64_t count;  //  Connections opened
    atomic_uint_least64_t held;   //  Connections open
    zmtp_t connections [RING];    //  Of the other two
    struct pollfd *items;         //  Of those that are held
};

static void s_pause (long ms)
{
    nanosleep (&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

//  ==== connections that are held ===================================================

static int s_open_half (connection_flood_t *self)
{
    uint8_t greeting [ZMTP_GREETING_BYTES];
    zmtp_t peer;
    if (!zmtp_connect (&peer, self->endpoint))
        return -1;
    atomic_fetch_add (&self->count, 1);
    zmtp_greeting (greeting, "CURVE");
    if (self->kind == CONNECTION_FLOOD_HALF)
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

static void s_hold (connection_flood_t *self)
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

//  The whole handshake, up to the refusal
static void s_come_as_stranger (connection_flood_t *self)
{
    zmtp_t peer;
    if (!zmtp_connect (&peer, self->endpoint))
        return;
    zmtp_shake (&peer, "DEALER", &self->keys, NULL);
    zmtp_close (&peer);
}

static void s_come_by_hand (connection_flood_t *self, unsigned place)
{
    uint8_t greeting [ZMTP_GREETING_BYTES], rubbish [1024];
    zmtp_t *peer = &self->connections [place];
    zmtp_close (peer);
    if (!zmtp_connect (peer, self->endpoint))
        return;
    zmtp_greeting (greeting, self->kind == CONNECTION_FLOOD_PLAIN ? "NULL" : "CURVE");
    memset (rubbish, (int) place, sizeof rubbish);
    if (self->kind == CONNECTION_FLOOD_PLAIN)
        memcpy (rubbish, "\4\51\5READY\13Socket-Type\0\0\0\6DEALER\10Identity\0\0\0\0\0\2\1\20",
                48);
    else
        rubbish [0] = ZMTP_COMMAND;
    if (zmtp_put (peer, greeting, sizeof greeting))
        zmtp_put (peer, rubbish, sizeof rubbish);
}

//  One that is due, if there is one; several threads share the work.
static bool s_come (connection_flood_t *self)
{
    uint64_t due = (uint64_t) (clock_now (NULL) - self->start_us) * self->number / 1000000;
    uint64_t count = atomic_load (&self->count);
    if (count >= due)
        return false;
    if (!atomic_compare_exchange_strong (&self->count, &count, count + 1))
        return true;
    if (self->kind == CONNECTION_FLOOD_STRANGERS)
        s_come_as_stranger (self);
    else
        s_come_by_hand (self, (unsigned) (count % RING));
    return true;
}

static void *s_run (void *argument)
{
    connection_flood_t *self = argument;
    while (!atomic_load (&self->ending))
        if (self->items)
            s_hold (self);
        else if (!s_come (self))
            s_pause (2);
    return NULL;
}

//  ==== life ========================================================================

connection_flood_t *connection_flood_new (connection_flood_kind_t kind, unsigned port,
                                          unsigned number, const char *server_key)
{
    connection_flood_t *self = calloc (1, sizeof *self);
    assert (self);
    self->kind = kind;
    self->number = number;
    snprintf (self->endpoint, sizeof self->endpoint, "tcp://127.0.0.1:%u", port);
    for (unsigned i = 0; i < RING; i++)
        self->connections [i].fd = -1;
    if (kind == CONNECTION_FLOOD_STRANGERS) {
        memcpy (self->keys.server_key, server_key, KEYS_TEXT_BYTES);
        zmq_curve_keypair (self->keys.public_key, self->keys.secret_key);
    }
    if (kind == CONNECTION_FLOOD_SILENT || kind == CONNECTION_FLOOD_HALF) {
        self->items = calloc (number, sizeof *self->items);
        assert (self->items);
        for (unsigned i = 0; i < number; i++)
            self->items [i] = (struct pollfd){.fd = -1, .events = POLLIN};
    }
    self->start_us = clock_now (NULL);
    self->threads_count = kind == CONNECTION_FLOOD_STRANGERS ? THREADS : 1;
    for (unsigned i = 0; i < self->threads_count; i++) {
        int rc = pthread_create (&self->threads [i], NULL, s_run, self);
        assert (rc == 0);
    }
    return self;
}

void connection_flood_destroy (connection_flood_t **self_p)
{
    connection_flood_t *self = *self_p;
    if (!self)
        return;
    atomic_store (&self->ending, true);
    for (unsigned i = 0; i < self->threads_count; i++)
        pthread_join (self->threads [i], NULL);
    for (unsigned i = 0; i < RING; i++)
        zmtp_close (&self->connections [i]);
    for (unsigned i = 0; self->items && i < self->number; i++)
        if (self->items [i].fd >= 0)
            close (self->items [i].fd);
    free (self->items);
    free (self);
    *self_p = NULL;
}

uint64_t connection_flood_count (const connection_flood_t *self)
{
    return atomic_load (&self->count);
}

uint64_t connection_flood_held (const connection_flood_t *self)
{
    return atomic_load (&self->held);
}
