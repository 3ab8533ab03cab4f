//  budgets_test.c - whoever drives a budget to its limit: the broker stays within its memory, and
//  an honest client's results are right

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
#include <unistd.h>

#include <cmocka.h>

#define MIB (1024 * 1024)
#define LIMIT "64M"
#define LIMIT_BYTES (64ull * MIB)
#define LOOK 50 //  Frames between two looks at the broker
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

typedef struct scene {
    cluster_t *cluster;      //  Broker and worker
    honest_client_t *honest; //  A client that works meanwhile
    uint64_t rest;           //  Bytes of the broker's process before anybody attacks
} scene_t;

static uint64_t s_resident (const scene_t *self)
{
    char path [64];
    unsigned long size = 0, resident = 0;
    snprintf (path, sizeof path, "/proc/%d/statm", (int) cluster_broker (self->cluster));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    assert_int_equal (fscanf (file, "%lu %lu", &size, &resident), 2);
    fclose (file);
    return resident * (uint64_t) sysconf (_SC_PAGESIZE);
}

//  Within the limit, and what the process has at rest. A sanitizer needs memory of its own.
static void s_look (const scene_t *self)
{
    if (!SANITIZED)
        assert_in_range (s_resident (self), 0, self->rest + LIMIT_BYTES);
}

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    setenv ("CADRE_MEMORY", LIMIT, 1);
    self->cluster = cluster_new ("curve", 1, 2);
    unsetenv ("CADRE_MEMORY");
    self->honest = honest_client_new (self->cluster);
    self->rest = s_resident (self);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    if (self->honest)
        honest_client_check (&self->honest);
    cluster_destroy (&self->cluster);
    free (self);
    return 0;
}

//  What all of them come to: counted, bounded, and the honest client's results are right.
static void s_check (scene_t *self)
{
    s_look (self);
    assert_in_range (cluster_info (self->cluster, "memory_bytes"), 1, LIMIT_BYTES);
    honest_client_check (&self->honest);
    s_look (self);
}

static raw_peer_t *s_enemy (const scene_t *self, const char *name)
{
    uint8_t uuid [WIRE_UUID_BYTES];
    keys_t keys = cluster_key (self->cluster, name);
    raw_peer_t *enemy = raw_peer_with (cluster_address (self->cluster), "front", &keys);
    entropy_uuid (uuid);
    assert_true (raw_peer_greet (enemy, uuid));
    return enemy;
}

static wire_envelope_t s_next (raw_peer_t *self)
{
    return (wire_envelope_t){.session = self->session, .sequence = ++self->sent};
}

static void s_open (raw_peer_t *self, wire_job_open_t *open)
{
    buffer_t frame = {0};
    uint8_t uuid [WIRE_UUID_BYTES];
    entropy_uuid (uuid);
    open->ref++;
    open->kind = WIRE_KIND_CALL;
    open->function = wire_view ("square");
    open->uuid = (view_t){.data = uuid, .size = sizeof uuid};
    wire_write_job_open (&frame, s_next (self), open);
    raw_peer_say (self->socket, &frame);
}

//  ---- the attacks --------------------------------------------------------

//  Frames of 900 KiB, of which the broker would make 5 MiB each.
static void test_open_jobs_by_bytes (void **state)
{
    scene_t *self = *state;
    raw_peer_t *enemy = s_enemy (self, "web");
    buffer_t spans = {0};
    size_t count = 300000;
    for (size_t i = 0; i < count; i++)
        wire_pack_span (&spans, &(wire_span_t){.first = 0, .count = 1});
    wire_job_open_t open = {.ended = wire_list_of (&spans, count)};
    for (int i = 0; i < 30; i++) { // beyond 32 MiB they are not read
        s_open (enemy, &open);
        if (i % LOOK == 0)
            s_look (self);
    }
    cluster_until_at_least (self->cluster, "refused_for_room", 20);
    assert_in_range (cluster_info (self->cluster, "open_job_bytes"), MIB, LIMIT_BYTES / 4);
    s_check (self);
    buffer_free (&spans);
    raw_peer_destroy (&enemy);
}

//  An observer asks on and on, reads nothing and acknowledges nothing.
static void test_replies_that_nobody_acknowledges (void **state)
{
    scene_t *self = *state;
    char name [200];
    memset (name, 'n', sizeof name);
    name [sizeof name - 1] = 0;
    raw_peer_t *client = s_enemy (self, "web"), *observer = s_enemy (self, "eve");
    wire_job_open_t open = {.detached = true, .name = wire_view (name)};
    for (int i = 0; i < 2000; i++)
        s_open (client, &open);
    for (uint64_t i = 1; i <= 900; i++) {
        buffer_t frame = {0};
        wire_write_request (&frame, s_next (observer),
                            &(wire_request_t){.id = i, .what = wire_view ("job.list")});
        raw_peer_say (observer->socket, &frame);
        if (i % LOOK == 0)
            s_look (self);
    }
    cluster_until_at_least (self->cluster, "parked_bytes", 1);
    assert_in_range (cluster_info (self->cluster, "reply_bytes"), 1, LIMIT_BYTES / 8);
    s_check (self);
    raw_peer_destroy (&client);
    raw_peer_destroy (&observer);
}

//  Payloads that never end, by several sessions, each as far as its window goes.
static void test_payloads_that_never_end (void **state)
{
    scene_t *self = *state;
    static uint8_t bytes [200 << 10];
    raw_peer_t *enemies [6];
    uint64_t sent = 0; //  By all, within their first windows
    for (size_t k = 0; k < 6; k++) {
        enemies [k] = s_enemy (self, "web");
        uint64_t most = enemies [k]->bytes < 3 * MIB ? enemies [k]->bytes : 3 * MIB;
        for (uint64_t i = 1; i <= most / (sizeof bytes + 1000); i++, sent += sizeof bytes) {
            buffer_t frame = {0};
            wire_part_t part = {
                .payload = i, .total = 20 * MIB, .bytes = {.data = bytes, .size = sizeof bytes}};
            wire_write_part (&frame, s_next (enemies [k]), &part);
            raw_peer_say (enemies [k]->socket, &frame);
        }
        s_look (self);
    }
    assert_true (sent >= 6 * MIB);
    cluster_until_at_least (self->cluster, "client_bytes", (int64_t) sent);
    s_check (self);
    for (size_t k = 0; k < 6; k++)
        raw_peer_destroy (&enemies [k]);
}

//  A worker sends values that never end, far more than the broker may hold.
static void test_values_that_never_end (void **state)
{
    scene_t *self = *state;
    static uint8_t bytes [WIRE_PART_MAX];
    keys_t keys = cluster_key (self->cluster, "other");
    raw_peer_t *enemy = raw_peer_worker_with (cluster_address (self->cluster), &keys, "nothing", 0);
    for (uint64_t i = 1; i <= 500; i++) { //  125 MiB
        buffer_t frame = {0};
        wire_part_t part = {
            .payload = i, .total = 500 * MIB, .bytes = {.data = bytes, .size = sizeof bytes}};
        wire_write_part (&frame, (wire_envelope_t){.session = enemy->session, .sequence = i},
                         &part);
        raw_peer_say (enemy->sink, &frame);
        if (i % LOOK == 0)
            s_look (self);
    }
    cluster_until_at_least (self->cluster, "value_bytes", 16 * MIB);
    assert_in_range (cluster_info (self->cluster, "value_bytes"), 1, LIMIT_BYTES / 8 * 3);
    s_check (self);
    raw_peer_destroy (&enemy);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_open_jobs_by_bytes),
        TEST (test_replies_that_nobody_acknowledges),
        TEST (test_payloads_that_never_end),
        TEST (test_values_that_never_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
