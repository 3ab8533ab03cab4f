//  attack_stranger.c - attacks of those who have no key, and of one that has and speaks no protocol

#include "tests/bench/attack.h"

#include "tests/lib/hostile/connection_flood.h"
#include "tests/lib/hostile/raw_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void s_flood (attack_t *self, connection_flood_kind_t kind)
{
    unsigned port = (unsigned) strtoul (strrchr (self->address, ':') + 1, NULL, 10);
    connection_flood_new (kind, port, (unsigned) self->number, self->access.keys.server_key);
    for (;;)
        pause ();
}

static void s_silent (attack_t *self)
{
    s_flood (self, CONNECTION_FLOOD_SILENT);
}

static void s_half (attack_t *self)
{
    s_flood (self, CONNECTION_FLOOD_HALF);
}

static void s_strangers (attack_t *self)
{
    s_flood (self, CONNECTION_FLOOD_STRANGERS);
}

static void s_clear (attack_t *self)
{
    s_flood (self, CONNECTION_FLOOD_PLAIN);
}

static void s_rubbish (attack_t *self)
{
    s_flood (self, CONNECTION_FLOOD_RUBBISH);
}

//  Takes processor time and does nothing to the broker: what is to be allowed for.
static void s_spins (attack_t *self)
{
    for (volatile uint64_t count = 0;; count++)
        self->sent = count;
}

//  Connects and closes, as fast as that goes.
static void s_knocks (attack_t *self)
{
    char endpoint [512];
    raw_peer_endpoint (self->address, "front", endpoint, sizeof endpoint);
    for (;;) {
        zmtp_t peer;
        if (!zmtp_connect (&peer, endpoint))
            attack_pause (1);
        zmtp_close (&peer);
    }
}

//  A greeting, and then bytes for as long as anybody reads them.
static void s_floods (attack_t *self)
{
    static uint8_t bytes [64 << 10];
    char endpoint [512];
    uint8_t greeting [ZMTP_GREETING_BYTES];
    raw_peer_endpoint (self->address, "front", endpoint, sizeof endpoint);
    zmtp_greeting (greeting, "CURVE");
    memset (bytes, ZMTP_COMMAND, sizeof bytes);
    for (;;) {
        zmtp_t peer;
        bool lives = zmtp_connect (&peer, endpoint) && zmtp_put (&peer, greeting, sizeof greeting);
        while (lives)
            lives = zmtp_put (&peer, bytes, sizeof bytes);
        zmtp_close (&peer);
    }
}

const attack_kind_t attack_stranger_kinds [] = {
    {"silent", s_silent, 1500, "holds so many connections, and says nothing"},
    {"half", s_half, 1500, "the same with half a greeting"},
    {"strangers", s_strangers, 1000, "so many handshakes a second with a key that nobody knows"},
    {"clear", s_clear, 1000, "so many a second that come without a key"},
    {"rubbish", s_rubbish, 1000, "so many a second that send rubbish for a handshake"},
    {"spins", s_spins, 0, "takes a processor, and does nothing to the broker: to compare"},
    {"knocks", s_knocks, 0, "connects and closes, as fast as that goes"},
    {"floods", s_floods, 0, "sends rubbish for a handshake as long as it is read"},
    {0}};
