//  flood_test.c - peers in the clear that send more than anybody could read, slowly what never
//  ends, or nothing at all

#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/hostile/zmtp.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/honest_client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB 1024
#define MIB (1024 * KIB)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

//  The most that the broker has ever had in memory.
static uint64_t s_peak_bytes (const cluster_t *self)
{
    char path [64], line [256];
    unsigned long peak_kib = 0;
    snprintf (path, sizeof path, "/proc/%d/status", (int) cluster_broker (self));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    while (fgets (line, sizeof line, file) && sscanf (line, "VmHWM: %lu", &peak_kib) != 1)
        continue;
    fclose (file);
    return peak_kib * UINT64_C (1024);
}

static zmtp_t s_come (const cluster_t *self, const char *door)
{
    char endpoint [256];
    zmtp_t peer;
    raw_peer_endpoint (cluster_address (self), door, endpoint, sizeof endpoint);
    assert_true (zmtp_connect (&peer, endpoint));
    assert_true (zmtp_shake (&peer,
                             *door == 's'   ? "PUSH"
                             : *door == 'l' ? "PULL"
                                            : "DEALER",
                             NULL, NULL));
    return peer;
}

//  Small messages, many times faster than they are looked at: who sends them waits, and nobody
//  else.
static void test_more_messages_than_can_be_read (void **state)
{
    cluster_t *self = *state;
    static uint8_t frames [22 * 3000];
    static const char *const doors [] = {"front", "back", "sink"};
    for (size_t i = 0; i < sizeof frames; i += 22)
        memcpy (frames + i, "\0\24\1\5", 4); //  A BEAT of no session
    honest_client_t *honest = honest_client_new (self);
    uint64_t before = s_peak_bytes (self);
    for (size_t i = 0; i < 3; i++) {
        zmtp_t peer = s_come (self, doors [i]);
        for (size_t sent = 0; sent < 128 * MIB; sent += sizeof frames)
            assert_true (zmtp_put (&peer, frames, sizeof frames));
        honest_client_visit (self);
        zmtp_close (&peer);
    }
    if (!SANITIZED)
        assert_true (s_peak_bytes (self) < before + 64 * MIB);
    honest_client_check (&honest);
}

//  Nobody reads what a worker sends by its lane; it may not pile up there, nor may connections.
static void test_a_lane_is_one_way (void **state)
{
    cluster_t *self = *state;
    static uint8_t frames [22 * 3000];
    enum { MANY = 40 };
    char lane [32];
    zmtp_t peers [MANY];
    for (size_t i = 0; i < sizeof frames; i += 22)
        memcpy (frames + i, "\0\24\1\5", 4);
    raw_peer_t *worker = raw_peer_worker (cluster_address (self), "nothing", 1);
    uint64_t before = s_peak_bytes (self);
    snprintf (lane, sizeof lane, "lane-%u", worker->port);
    for (size_t i = 0; i < MANY; i++)
        peers [i] = s_come (self, lane);
    bool taken = true;
    fcntl (peers [0].fd, F_SETFL, O_NONBLOCK);
    for (size_t sent = 0; sent < 128 * MIB && taken; sent += sizeof frames)
        taken = zmtp_put (&peers [0], frames, sizeof frames);
    assert_false (taken);
    assert_true (zmtp_is_cut (&peers [1]));
    if (!SANITIZED)
        assert_true (s_peak_bytes (self) < before + 32 * MIB);
    for (size_t i = 0; i < MANY; i++)
        zmtp_close (&peers [i]);
    raw_peer_destroy (&worker);
    honest_client_visit (self);
}

//  Less in a look than anybody would notice, at each door.
static void test_what_never_ends_comes_slowly (void **state)
{
    cluster_t *self = *state;
    static uint8_t bytes [16 * KIB];
    static const char *const doors [] = {"front", "back", "sink"};
    honest_client_t *honest = honest_client_new (self);
    for (size_t i = 0; i < 3; i++) {
        zmtp_t peer = s_come (self, doors [i]);
        for (size_t sent = 0; zmtp_send (&peer, ZMTP_MORE, bytes, sizeof bytes);
             sent += sizeof bytes) {
            if (sent > 64 * MIB)
                fail_msg ("%s was heard for 64 MiB", doors [i]);
            usleep (1500);
        }
        zmtp_close (&peer);
    }
    cluster_until_at_least (self, "cut_peers", 3);
    honest_client_check (&honest);
}

static int s_setup_small (void **state)
{
    setenv ("CADRE_MEMORY", "64M", 1);
    *state = cluster_new ("tcp", 1, 2);
    unsetenv ("CADRE_MEMORY");
    return 0;
}

//  Empty frames of messages without end take two bytes on their way, and many times that in memory.
static void test_tiny_frames_of_many_stay_within_the_memory (void **state)
{
    cluster_t *self = *state;
    enum { MANY = 120 };
    static uint8_t frames [128 * KIB];
    zmtp_t peers [MANY];
    for (size_t i = 0; i < sizeof frames; i += 2)
        frames [i] = ZMTP_MORE;
    honest_client_t *honest = honest_client_new (self);
    for (size_t i = 0; i < MANY; i++)
        peers [i] = s_come (self, "front");
    for (size_t i = 0; i < MANY; i++) {
        zmtp_put (&peers [i], frames, sizeof frames);
        zmtp_put (&peers [MANY - 1 - i], frames, sizeof frames);
    }
    cluster_until_at_least (self, "cut_peers", MANY);
    if (!SANITIZED)
        assert_in_range (s_peak_bytes (self), 0, 64 * MIB);
    honest_client_check (&honest);
    for (size_t i = 0; i < MANY; i++)
        zmtp_close (&peers [i]);
}

static int s_setup_small_locked (void **state)
{
    setenv ("CADRE_MEMORY", "64M", 1);
    *state = cluster_new ("curve", 1, 2);
    unsetenv ("CADRE_MEMORY");
    return 0;
}

//  Messages without end in boxes, from whoever has a key: who is cut off begins anew at once.
static void test_a_key_lets_nobody_begin_anew_for_more (void **state)
{
    cluster_t *self = *state;
    enum { TIMES = 3 };
    static uint8_t bytes [64 * KIB];
    static const struct {
        const char *name, *door, *type;
    } doors [] = {{"eve", "front", "DEALER"}, {"node", "sink", "PUSH"}};
    for (size_t i = 0; i < 2 * TIMES; i++) {
        char endpoint [256];
        zmtp_t peer;
        keys_t keys = cluster_key (self, doors [i % 2].name);
        raw_peer_endpoint (cluster_address (self), doors [i % 2].door, endpoint, sizeof endpoint);
        assert_true (zmtp_connect (&peer, endpoint));
        assert_true (zmtp_shake (&peer, doors [i % 2].type, &keys, NULL));
        while (zmtp_send (&peer, ZMTP_MORE, bytes, sizeof bytes))
            continue;
        zmtp_close (&peer);
    }
    cluster_until_at_least (self, "cut_peers", 2 * TIMES);
    if (!SANITIZED)
        assert_in_range (s_peak_bytes (self), 0, 32 * MIB);
}

//  Frames of a mebibyte that are begun by many and ended by nobody: a few have room, the others
//  wait, and whoever says something is heard.
static void test_large_frames_of_many_stay_within_the_memory (void **state)
{
    cluster_t *self = *state;
    enum { MANY = 120 };
    static const uint8_t head [] = {2, 0, 0, 0, 0, 0, 15, 0, 0};
    static uint8_t bytes [900 * KIB];
    zmtp_t peers [MANY];
    honest_client_t *honest = honest_client_new (self);
    for (size_t i = 0; i < MANY; i++) {
        peers [i] = s_come (self, "front");
        fcntl (peers [i].fd, F_SETFL, O_NONBLOCK);
        zmtp_put (&peers [i], head, sizeof head);
    }
    for (size_t i = 0; i < MANY; i++)
        zmtp_put (&peers [i], bytes, sizeof bytes);
    cluster_until_at_least (self, "cut_peers", 10);
    assert_in_range (cluster_info (self, "unread_bytes"), 1, 8 * MIB);
    if (!SANITIZED)
        assert_in_range (s_peak_bytes (self), 0, 64 * MIB);
    honest_client_check (&honest);
    for (size_t i = 0; i < MANY; i++)
        zmtp_close (&peers [i]);
}

//  Handshakes that are done, and then nothing: such connections are cut off; those of clients and
//  workers are not.
static void test_connections_of_nobody (void **state)
{
    cluster_t *self = *state;
    cadre_t *pool = cluster_open (self);
    zmtp_t peers [2] = {s_come (self, "front"), s_come (self, "back")};
    for (size_t i = 0; i < 2; i++) {
        assert_true (zmtp_is_cut (&peers [i]));
        zmtp_close (&peers [i]);
    }
    assert_int_equal (cluster_info (self, "cut_peers"), 2);
    cadre_value_t *value = NULL;
    assert_int_equal (cadre_call (pool, &value, CLUSTER_PATIENCE_MS, "square", "i", (int64_t) 7),
                      CADRE_OK);
    assert_int_equal (cadre_value_int (value), 49);
    cadre_value_destroy (&value);
    cadre_close (&pool, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, cluster_set_up_tcp, cluster_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_more_messages_than_can_be_read),
        TEST (test_a_lane_is_one_way),
        TEST (test_what_never_ends_comes_slowly),
        TEST (test_connections_of_nobody),
        cmocka_unit_test_setup_teardown (test_tiny_frames_of_many_stay_within_the_memory,
                                         s_setup_small, cluster_tear_down),
        cmocka_unit_test_setup_teardown (test_a_key_lets_nobody_begin_anew_for_more,
                                         s_setup_small_locked, cluster_tear_down),
        cmocka_unit_test_setup_teardown (test_large_frames_of_many_stay_within_the_memory,
                                         s_setup_small, cluster_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
