//  siege_test.c - strangers by the thousand, and peers that go too far: the broker lives, nobody
//  gets in, and an honest client's results are right

#include "tests/lib/hostile/connection_flood.h"
#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/hostile/zmtp.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/honest_client.h"

#include "common/descriptors.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define MIB (1024 * 1024)
#define CROWD 5000
#define A_SECOND 1000
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static int s_setup (void **state)
{
    descriptors_raise ();
    return cluster_set_up_curve (state);
}

static uint64_t s_rss_bytes (const cluster_t *self)
{
    char path [64];
    unsigned long size = 0, resident = 0;
    snprintf (path, sizeof path, "/proc/%d/statm", (int) cluster_broker (self));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    assert_int_equal (fscanf (file, "%lu %lu", &size, &resident), 2);
    fclose (file);
    return resident * (uint64_t) sysconf (_SC_PAGESIZE);
}

static unsigned s_descriptors (const cluster_t *self)
{
    char path [64];
    unsigned count = 0;
    snprintf (path, sizeof path, "/proc/%d/fd", (int) cluster_broker (self));
    DIR *folder = opendir (path);
    assert_non_null (folder);
    while (readdir (folder))
        count++;
    closedir (folder);
    return count;
}

static connection_flood_t *s_begin (const cluster_t *self, connection_flood_kind_t kind,
                                    unsigned door, unsigned number)
{
    keys_t keys = cluster_key (self, "alice");
    return connection_flood_new (kind, cluster_port (self) + door, number, keys.server_key);
}

static void s_await (const connection_flood_t *flood, uint64_t count)
{
    for (int tries = 0; connection_flood_count (flood) < count; tries++) {
        assert_true (tries < CLUSTER_PATIENCE_MS / 5);
        cluster_pause ();
    }
}

//  ==== strangers by the thousand ===================================================

//  Connections that are held open, without a word or with half a greeting: they are cut off in
//  time, and others are served meanwhile.
static void s_hold_out (cluster_t *self, connection_flood_kind_t kind)
{
    honest_client_t *honest = honest_client_new (self);
    unsigned before = s_descriptors (self);
    connection_flood_t *flood = s_begin (self, kind, 0, CROWD);
    s_await (flood, CROWD);
    honest_client_visit (self);
    s_await (flood, CROWD + 100); //  The first ones were cut off, and came again
    honest_client_visit (self);
    cluster_until (self, "clients", 2); //  The asker and the honest one; visitors have gone
    connection_flood_destroy (&flood);
    honest_client_check (&honest);
    for (int tries = 0; s_descriptors (self) > before + 50; tries++) { //  Nothing of it stays
        assert_true (tries < CLUSTER_PATIENCE_MS / 5);
        cluster_pause ();
    }
}

static void test_silent_connections (void **state)
{
    s_hold_out (*state, CONNECTION_FLOOD_SILENT);
}

static void test_half_greetings (void **state)
{
    s_hold_out (*state, CONNECTION_FLOOD_HALF);
}

//  More connections than the broker has descriptors: it lives, those who are in work on, and others
//  get in afterwards.
static void test_no_descriptors_left (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    struct rlimit limit = {.rlim_cur = s_descriptors (self) + 100,
                           .rlim_max = s_descriptors (self) + 100};
    assert_int_equal (prlimit (cluster_broker (self), RLIMIT_NOFILE, &limit, NULL), 0);
    connection_flood_t *flood = s_begin (self, CONNECTION_FLOOD_SILENT, 0, 1000);
    s_await (flood, 600);
    honest_client_check (&honest);
    cluster_start_worker_as (
        self, 1, 1, cluster_access (self, "other")); //  Finds a lane when strangers have gone
    s_await (flood, 2000);
    assert_true (s_descriptors (self)
                 < limit.rlim_cur); //  Or libzmq would try to accept without a pause
    assert_true (cluster_info (self, "turned_away") > 500);
    cluster_until_at_least (self, "cut_peers", 1); //  Strangers give way while it goes on
    connection_flood_destroy (&flood);
    cluster_until (self, "workers", 2);
    honest_client_visit (self);
}

static void s_throng (cluster_t *self, connection_flood_kind_t kind, uint64_t count)
{
    honest_client_t *honest = honest_client_new (self);
    connection_flood_t *doors [3];
    for (unsigned door = 0; door < 3; door++)
        doors [door] = s_begin (self, kind, door, A_SECOND / 2);
    while (connection_flood_count (doors [0]) < count)
        honest_client_visit (self);
    cluster_until (self, "clients", 2); //  The asker and the honest one; visitors have gone
    cluster_until (self, "workers", 1);
    for (unsigned door = 0; door < 3; door++)
        connection_flood_destroy (&doors [door]);
    honest_client_check (&honest);
}

static void test_failed_handshakes (void **state)
{
    cluster_t *self = *state;
    s_throng (self, CONNECTION_FLOOD_STRANGERS, 1500);
    assert_true (cluster_info (self, "refused_peers") > 100);
}

static void test_peers_in_the_clear (void **state)
{
    s_throng (*state, CONNECTION_FLOOD_PLAIN, 1000);
}

static void test_rubbish_behind_a_greeting (void **state)
{
    s_throng (*state, CONNECTION_FLOOD_RUBBISH, 1000);
}

//  ==== frames that never end =======================================================

//  Greeting, then a head that announces SIZE bytes, with these flags, then as many MiB as the
//  broker takes, at most 64.
static uint64_t s_pour (const cluster_t *self, unsigned flags, uint64_t size)
{
    static uint8_t bytes [MIB];
    uint8_t greeting [ZMTP_GREETING_BYTES], head [9] = {(uint8_t) (flags | 2)};
    uint64_t taken = 0;
    zmtp_t peer;
    assert_true (zmtp_connect (&peer, cluster_address (self)));
    zmtp_greeting (greeting, "CURVE");
    assert_true (zmtp_put (&peer, greeting, sizeof greeting));
    for (int i = 0; i < 8; i++)
        head [1 + i] = (uint8_t) (size >> (56 - 8 * i));
    while (taken < 64 && zmtp_put (&peer, head, sizeof head)
           && zmtp_put (&peer, bytes, size < MIB ? size : MIB))
        taken++;
    zmtp_close (&peer);
    return taken;
}

//  Whoever has no key is cut off after one frame, whatever it announces.
static void test_endless_frames_of_strangers (void **state)
{
    cluster_t *self = *state;
    static const uint64_t sizes [] = {MIB,       MIB + 1000, 1 << 30, UINT64_C (1) << 40,
                                      INT64_MAX, UINT64_MAX};
    honest_client_t *honest = honest_client_new (self);
    uint64_t before = s_rss_bytes (self);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes [0]; i++)
        for (unsigned flags = 0; flags < 8; flags++)
            if (s_pour (self, flags, sizes [i]) == 64)
                fail_msg ("a stranger was heard: flags %u, frames of %llu", flags,
                          (unsigned long long) sizes [i]);
    honest_client_visit (self);
    if (!SANITIZED)
        assert_true (s_rss_bytes (self) < before + 64 * MIB);
    honest_client_check (&honest);
}

//  A part of a message that does not end, as someone with a key: not enough to be cut off for it
static zmtp_t s_go_on (const cluster_t *self)
{
    static uint8_t bytes [MIB - 100];
    keys_t eve = cluster_key (self, "eve");
    zmtp_t peer;
    assert_true (zmtp_connect (&peer, cluster_address (self)));
    assert_true (zmtp_shake (&peer, "DEALER", &eve, NULL));
    assert_true (zmtp_send (&peer, ZMTP_MORE, bytes, sizeof bytes));
    return peer;
}

//  It costs what it sends. When the message ends after all, or the peer goes, the next one takes
//  the same memory.
static void test_endless_message_of_a_client (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    int64_t refused = cluster_info (self, "refused_frames");
    uint64_t before = s_rss_bytes (self);
    for (int round = 0; round < 200; round++) {
        zmtp_t peer = s_go_on (self);
        assert_int_equal (cluster_info (self, "refused_frames"),
                          refused); //  Nothing of it was handed over
        if (round % 2) {
            assert_true (zmtp_send (&peer, 0, "", 0));
            cluster_until_at_least (self, "refused_frames", ++refused);
        }
        zmtp_close (&peer);
    }
    if (!SANITIZED) //  Which keep what is freed
        assert_true (s_rss_bytes (self) < before + 64 * MIB);
    honest_client_check (&honest);
}

//  Whoever goes on for too long is cut off, at each door, in large frames and in small ones; the
//  same peer is heard when it behaves.
static void test_endless_message_is_cut_off (void **state)
{
    cluster_t *self = *state;
    static const struct {
        const char *door, *type, *name; // where, as what, with whose key
        size_t size, pause;             // of a frame; frames between two rests of a millisecond
    } peers [] = {{"front", "DEALER", "eve", MIB - 100, 1},
                  {"back", "DEALER", "node", 8192, 100},
                  {"sink", "PUSH", "node", 1000, 2000}};
    static uint8_t bytes [MIB];
    honest_client_t *honest = honest_client_new (self);
    int64_t refused = cluster_info (self, "refused_frames");
    for (size_t i = 0; i < 3; i++) {
        char endpoint [256];
        zmtp_t peer;
        keys_t keys = cluster_key (self, peers [i].name);
        raw_peer_endpoint (cluster_address (self), peers [i].door, endpoint, sizeof endpoint);
        assert_true (zmtp_connect (&peer, endpoint));
        assert_true (zmtp_shake (&peer, peers [i].type, &keys, NULL));
        for (size_t sent = 1; zmtp_send (&peer, ZMTP_MORE, bytes, peers [i].size); sent++) {
            if (sent * peers [i].size > 4000ul * MIB)
                fail_msg ("%s was heard for 4,000 MiB", peers [i].door);
            if (sent % peers [i].pause == 0)
                usleep (1000);
        }
        zmtp_close (&peer);
        cluster_until_at_least (self, "refused_frames", refused + 1 + (int64_t) i);
        assert_true (raw_peer_is_let_in (cluster_address (self), peers [i].door, &keys));
    }
    assert_non_null (strstr (cluster_said (self), "does not end"));
    honest_client_check (&honest);
}

//  A client that sends a lot, in messages that end, is not: its payload arrives whole.
static void test_large_payloads_are_not (void **state)
{
    cluster_t *self = *state;
    cadre_t *pool = cluster_open (self);
    size_t size = 64 * MIB;
    void *blob = calloc (1, size);
    cadre_value_t *value = NULL;
    if (cadre_call (pool, &value, CLUSTER_PATIENCE_MS, "weigh", "B", blob, size) != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    assert_int_equal (cadre_value_int (value), size);
    cadre_value_destroy (&value);
    assert_null (strstr (cluster_said (self), "is disconnected"));
    free (blob);
    cadre_close (&pool, 5000);
}

//  Behind the handshake, rubbish without end
static void test_rubbish_of_a_client (void **state)
{
    cluster_t *self = *state;
    keys_t eve = cluster_key (self, "eve");
    honest_client_t *honest = honest_client_new (self);
    int64_t refused = cluster_info (self, "refused_frames");
    uint8_t bytes [512];
    unsigned seed = 5;
    raw_peer_t *enemy = raw_peer_with (cluster_address (self), "front", &eve);
    for (int i = 0; i < 20000; i++) {
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes [j] = (uint8_t) (rand_r (&seed) >> 8);
        raw_peer_send (enemy, bytes, (size_t) i % sizeof bytes);
    }
    cluster_until_at_least (self, "refused_frames", refused + 19000);
    raw_peer_destroy (&enemy);
    honest_client_check (&honest);
}

//  ==== routing ids =================================================================

//  Peers with a key that choose the routing ids which the broker would give next. It begins at a
//  random one, so the guesses are wrong.
static void test_guessed_routing_ids (void **state)
{
    cluster_t *self = *state;
    keys_t eve = cluster_key (self, "eve");
    honest_client_t *honest = honest_client_new (self);
    void *context = zmq_ctx_new (), *sockets [300];
    for (uint32_t i = 0; i < 300; i++) {
        static const uint32_t bases [] = {0, 0x7fffffff, 0x80000000};
        uint32_t guess = bases [i % 3] + i / 3;
        uint8_t id [5] = {0, (uint8_t) (guess >> 24), (uint8_t) (guess >> 16),
                          (uint8_t) (guess >> 8), (uint8_t) guess};
        int none = 0;
        sockets [i] = zmq_socket (context, ZMQ_DEALER);
        assert_non_null (sockets [i]);
        zmq_setsockopt (sockets [i], ZMQ_LINGER, &none, sizeof none);
        zmq_setsockopt (sockets [i], ZMQ_ROUTING_ID, id, sizeof id);
        zmq_setsockopt (sockets [i], ZMQ_CURVE_SERVERKEY, eve.server_key, KEYS_TEXT_BYTES - 1);
        zmq_setsockopt (sockets [i], ZMQ_CURVE_PUBLICKEY, eve.public_key, KEYS_TEXT_BYTES - 1);
        zmq_setsockopt (sockets [i], ZMQ_CURVE_SECRETKEY, eve.secret_key, KEYS_TEXT_BYTES - 1);
        zmq_connect (sockets [i], cluster_address (self));
        zmq_send (sockets [i], "\1\5", 2, ZMQ_DONTWAIT);
    }
    for (int i = 0; i < 50; i++) { //  Each takes a new id
        cadre_t *pool = cluster_open (self);
        cadre_close (&pool, 0);
    }
    for (uint32_t i = 0; i < 300; i++)
        zmq_close (sockets [i]);
    zmq_ctx_term (context);
    honest_client_check (&honest);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, cluster_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_silent_connections),          TEST (test_half_greetings),
        TEST (test_no_descriptors_left),         TEST (test_failed_handshakes),
        TEST (test_peers_in_the_clear),          TEST (test_rubbish_behind_a_greeting),
        TEST (test_endless_frames_of_strangers), TEST (test_endless_message_of_a_client),
        TEST (test_endless_message_is_cut_off),  TEST (test_large_payloads_are_not),
        TEST (test_rubbish_of_a_client),         TEST (test_guessed_routing_ids),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
