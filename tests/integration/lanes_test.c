//  lanes_test.c - those with one worker's key take all lanes that they can get: others' workers are
//  let in, and nobody who waits ends

#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/honest_client.h"

#include "common/entropy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CROWD 60 //  The cluster has 40 lanes

typedef struct bench {
    cluster_t *cluster;
    raw_peer_t *enemies [CROWD];
    unsigned count;
} bench_t;

static int s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->cluster = cluster_new ("curve", 1, 2);
    *state = self;
    return 0;
}

static void s_leave (bench_t *self)
{
    for (unsigned i = 0; i < self->count; i++)
        raw_peer_destroy (&self->enemies [i]);
    self->count = 0;
}

static int s_teardown (void **state)
{
    bench_t *self = *state;
    s_leave (self);
    cluster_destroy (&self->cluster);
    free (self);
    return 0;
}

//  One more worker by a connection of its own; false when there is no room for it.
static bool s_join (bench_t *self, const char *name, bool open)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    keys_t keys = cluster_key (self->cluster, name);
    raw_peer_t *enemy = raw_peer_with (cluster_address (self->cluster), "back", &keys);
    self->enemies [self->count++] = enemy;
    entropy_uuid (uuid);
    if (!raw_peer_register (enemy, uuid, "tcp", "nothing"))
        return false;
    if (open)
        raw_peer_open_lane (enemy, 1);
    return true;
}

//  Sessions that are open and alive. The key's share is spent before all lanes are, and another key
//  finds the rest.
static void test_a_share_is_left_for_others (void **state)
{
    bench_t *self = *state;
    unsigned joined = 0;
    while (self->count < CROWD - 1 && s_join (self, "other", true))
        joined++;
    assert_in_range (joined, 10, 39);
    assert_true (s_join (self, "node", true));
    honest_client_visit (self->cluster);
}

//  Lanes that nobody opens: as many as are asked for, and a worker that comes with the same key
//  works all the same.
static void test_lanes_that_nobody_opens (void **state)
{
    bench_t *self = *state;
    for (unsigned i = 0; i < CROWD; i++)
        assert_true (s_join (self, "other", false));
    assert_in_range (cluster_info (self->cluster, "lanes"), 20, 40);
    cluster_kill_worker (self->cluster, 0);
    cluster_start_worker_as (self->cluster, 1, 2, cluster_access (self->cluster, "other"));
    honest_client_visit (self->cluster); //  It alone offers what is called
}

//  They live, as long as they are needed.
static void s_beat (const bench_t *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        buffer_t frame = {0};
        wire_write_beat (&frame, (wire_envelope_t){.session = self->enemies [i]->session},
                         &(wire_beat_t){.received = 1});
        raw_peer_say (self->enemies [i]->socket, &frame);
    }
}

//  All is taken: the worker waits, with a word, and works when others leave.
static void test_a_worker_waits_for_a_lane (void **state)
{
    bench_t *self = *state;
    while (self->count < CROWD && s_join (self, "other", true))
        continue;
    cluster_kill_worker (self->cluster, 0);
    cluster_start_worker_as (self->cluster, 1, 2, cluster_access (self->cluster, "other"));
    int64_t refused = cluster_info (self->cluster, "refused_hellos");
    for (int tries = 0; cluster_info (self->cluster, "refused_hellos") < refused + 2; tries++) {
        assert_true (tries < CLUSTER_PATIENCE_MS / 5);
        s_beat (self);
        cluster_pause ();
    }
    s_leave (self);
    honest_client_visit (self->cluster);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_a_share_is_left_for_others),
        TEST (test_lanes_that_nobody_opens),
        TEST (test_a_worker_waits_for_a_lane),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
