//  attack_kinds.c - attacks of several roles

#include "tests/bench/attack.h"

#include "common/clock.h"
#include "common/entropy.h"
#include "common/pack.h"
#include "tests/lib/hostile/raw_peer.h"

#include <string.h>
#include <zmq.h>

#define JUNK_BYTES 256
#define COMERS 64

static void s_ask (attack_t *self, const char *what, uint64_t job)
{
    buffer_t arguments = {0}, frame = {0};
    pack_map (&arguments, 1);
    pack_text (&arguments, "job");
    pack_uint (&arguments, job);
    wire_request_t request = {
        .id = self->sent + 1, .what = wire_view (what), .arguments = wire_view_of (&arguments)};
    wire_write_request (&frame, (wire_envelope_t){0}, &request);
    attack_put (self, &frame, true);
    buffer_free (&arguments);
}

static void s_ask_all (attack_t *self)
{
    static const char *const what [] = {"job.list",      "task.list",    "worker.list",
                                        "function.list", "task.explain", "broker.info",
                                        "job.info"};
    for (;;)
        for (size_t i = 0; i < sizeof what / sizeof *what; i++)
            s_ask (self, what [i], 1);
}

void attack_lists (attack_t *self)
{
    attack_enter_client (self);
    s_ask_all (self);
}

//  From time to time another session, of which nothing is read either.
void attack_unread (attack_t *self)
{
    for (;;) {
        attack_enter_client (self);
        self->deaf = true;
        for (uint64_t i = 0; i < self->number; i++)
            s_ask (self, "job.list", 0);
        attack_pause (1000);
        self->deaf = false;
    }
}

void attack_follows (attack_t *self)
{
    attack_enter_client (self);
    for (;;) {
        buffer_t frame = {0};
        wire_job_follow_t follow = {
            .ref = ++self->ref, .number = 1, .results = true, .output = true, .wait = true};
        wire_write_job_follow (&frame, (wire_envelope_t){0}, &follow);
        attack_put (self, &frame, true);
    }
}

void attack_hellos (attack_t *self)
{
    attack_connect (self, "front");
    for (;;)
        attack_hello_client (self, true);
}

//  So many a second, each with a handshake, HELLO and the end of the connection.
void attack_comes (attack_t *self)
{
    void *former [COMERS] = {0};
    for (size_t i = 0;; i = (i + 1) % COMERS) {
        attack_connect (self, "front");
        attack_hello_client (self, true);
        if (former [i])
            zmq_close (former [i]);
        former [i] = self->socket;
        self->socket = NULL;
        attack_pause (1000 / (long) self->number);
    }
}

//  Envelopes of the session, and bodies that are none.
void attack_junk (attack_t *self)
{
    uint8_t bytes [JUNK_BYTES];
    attack_enter_client (self);
    for (uint8_t verb = WIRE_job_open;; verb = verb == WIRE_request ? WIRE_job_open : verb + 1) {
        buffer_t frame = {0};
        wire_write_goodbye (&frame, (wire_envelope_t){0}, &(wire_goodbye_t){0});
        frame.data [1] = verb;
        entropy_fill (bytes, sizeof bytes);
        buffer_append (&frame, bytes, sizeof bytes);
        attack_put (self, &frame, true);
    }
}

//  Frames that are none, so many a second.
void attack_rubbish (attack_t *self)
{
    uint8_t bytes [JUNK_BYTES];
    memset (bytes, 0xa5, sizeof bytes);
    attack_connect (self, "front");
    int64_t start_us = clock_now (NULL);
    for (uint64_t count = 0;; attack_pause (2)) {
        uint64_t due = (uint64_t) (clock_now (NULL) - start_us) * self->number / 1000000;
        for (; count < due; count++)
            zmq_send (self->socket, bytes, sizeof bytes, 0);
    }
}

void attack_beats (attack_t *self)
{
    attack_enter_client (self);
    for (;;) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){0},
                         &(wire_beat_t){.received = self->received, .sent = self->sent});
        attack_put (self, &frame, false);
    }
}

//  Of each message no end comes.
void attack_endless (attack_t *self)
{
    static uint8_t bytes [64 << 10];
    char endpoint [512];
    raw_peer_endpoint (self->address, self->access.role == ROLE_WORKER ? "sink" : "front", endpoint,
                       sizeof endpoint);
    for (;;) {
        zmtp_t peer;
        bool lives = zmtp_connect (&peer, endpoint)
                     && zmtp_shake (&peer, self->access.role == ROLE_WORKER ? "PUSH" : "DEALER",
                                    &self->access.keys, NULL);
        while (lives)
            lives = zmtp_send (&peer, ZMTP_MORE, bytes, self->number);
        zmtp_close (&peer);
    }
}

const attack_kind_t attack_observer_kinds [] = {ATTACK_KINDS_OF_ALL, {0}};
