//  lane_limits_test.c - room for lanes: who gets some, who gives some up, who waits

#include "broker/back/lane_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/fakes/listener.h"
#include "tests/lib/rigs/modules_rig.h"

#define LANES 16
#define SECOND INT64_C (1000000)
#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

typedef struct bench {
    modules_rig_t rig;         // the modules; its lanes are ports of 127.0.0.1
    lane_limits_t lane_limits; // under test
    keyring_t *keys;           // two workers' keys
    authz_t authz;             // with these
    worker_record_t *yields;   // by the last question
    fault_t fault;             // of the last question
} bench_t;

static int s_setup (void **state)
{
    bench_t *self = calloc (1, sizeof *self);
    modules_rig_start (&self->rig);
    context_t *ctx = &self->rig.ctx;
    self->keys = keyring_new ();
    keyring_add (self->keys, ONE, &(rights_t){.name = "one", .role = ROLE_WORKER});
    keyring_add (self->keys, TWO, &(rights_t){.name = "two", .role = ROLE_WORKER});
    self->authz = (authz_t){.keys = self->keys};
    address_parse (&ctx->addresses [ctx->addresses_count++], "tcp://127.0.0.1:24500", NULL);
    ctx->lane_first = listener_free_block ("127.0.0.1", LANES);
    ctx->lane_last = (uint16_t) (ctx->lane_first + LANES - 1);
    ctx->authz = &self->authz;
    lane_limits_begin (&self->lane_limits, ctx);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    bench_t *self = *state;
    modules_rig_end (&self->rig);
    keyring_destroy (&self->keys);
    free (self);
    return 0;
}

static cadre_error_t s_ask (bench_t *self, const char *peer)
{
    fault_clear (&self->fault);
    return lane_limits_ask (&self->lane_limits, peer, ADDRESS_TCP, &self->yields, &self->fault);
}

//  A worker of that key with a lane on tcp; NULL when there was no room.
static worker_record_t *s_join (bench_t *self, const char *peer, bool open)
{
    context_t *ctx = &self->rig.ctx;
    uint8_t uuid [WIRE_UUID_BYTES] = {7, (uint8_t) ++self->rig.uuids};
    uint64_t session = 100000u + self->rig.uuids;
    if (s_ask (self, peer))
        return NULL;
    if (self->yields)
        roster_remove (ctx->roster, &self->yields);
    worker_record_t *worker = roster_add (ctx->roster, uuid);
    snprintf (worker->peer, sizeof worker->peer, "%s", peer);
    worker->joined_us = ctx->now_us++;
    authz_t *authz = ctx->authz;
    ctx->authz = NULL; //  Nothing is asked of nobody
    lane_t *lane = lane_new (ctx, ADDRESS_TCP, peer, session, &self->rig.lane_next, &self->fault);
    ctx->authz = authz;
    assert_string_equal (self->fault.text, "");
    lane_limits_taken (&self->lane_limits);
    roster_begin_session (ctx->roster, worker, &lane, session);
    worker->state = open ? WORKER_READY : WORKER_JOINING;
    return worker;
}

static size_t s_join_all (bench_t *self, const char *peer, bool open)
{
    size_t count = 0;
    while (count < 100 && s_join (self, peer, open))
        count++;
    return count;
}

static void test_a_key_leaves_some_for_others (void **state)
{
    bench_t *self = *state;
    assert_int_equal (s_join_all (self, ONE, true), 14);
    assert_int_equal (self->fault.code, CADRE_ERROR_DESCRIPTORS);
    assert_non_null (strstr (self->fault.text, "key one"));
    assert_non_null (strstr (self->fault.text, "--lanes"));
    assert_non_null (s_join (self, TWO, true));
}

static void test_the_only_key_has_all (void **state)
{
    bench_t *self = *state;
    keyring_t *all = self->keys;
    self->authz.keys = keyring_new ();
    keyring_add (self->authz.keys, ONE, &(rights_t){.name = "one", .role = ROLE_WORKER});
    assert_int_equal (s_join_all (self, ONE, true), LANES);
    assert_int_equal (self->fault.code, CADRE_ERROR_DESCRIPTORS);
    assert_non_null (strstr (self->fault.text, "16 workers"));
    keyring_destroy (&self->authz.keys);
    self->authz.keys = all;
}

//  Lanes that nobody opens give way to the next of the same key, the oldest one first; open ones
//  never do.
static void test_who_does_not_open_gives_way (void **state)
{
    bench_t *self = *state;
    worker_record_t *first = s_join (self, ONE, false), *second = s_join (self, ONE, false);
    for (int i = 0; i < 12; i++)
        s_join (self, ONE, true);
    assert_int_equal (s_ask (self, ONE), CADRE_OK);
    assert_ptr_equal (self->yields, first);
    roster_remove (self->rig.ctx.roster, &first);
    assert_non_null (s_join (self, ONE, true));
    assert_int_equal (s_ask (self, ONE), CADRE_OK);
    assert_ptr_equal (self->yields, second);
    second->state = WORKER_READY;
    assert_int_equal (s_ask (self, ONE), CADRE_ERROR_DESCRIPTORS);
    assert_null (self->yields);
}

//  Those of other keys only when nothing is left, and when they had their time.
static void test_others_give_way_later (void **state)
{
    bench_t *self = *state;
    s_join_all (self, TWO, true);
    while (s_ask (self, ONE) == CADRE_OK && !self->yields)
        s_join (self, ONE, false);
    size_t room = lane_capacity (&self->rig.ctx, ADDRESS_TCP) - roster_count (self->rig.ctx.roster);
    for (size_t i = 0; i < room; i++) {
        char peer [KEYS_TEXT_BYTES];
        snprintf (peer, sizeof peer, "%040zu", i);
        assert_non_null (s_join (self, peer, true));
    }
    assert_int_equal (s_ask (self, "another"), CADRE_ERROR_DESCRIPTORS);
    self->rig.ctx.now_us += SECOND;
    assert_int_equal (s_ask (self, "another"), CADRE_OK);
    assert_non_null (self->yields);
    assert_string_equal (self->yields->peer, ONE);
}

//  A hundred HELLOs without an open lane hold no more than 64.
static void test_joining_lanes_are_few (void **state)
{
    bench_t *self = *state;
    self->rig.ctx.lane_last = (uint16_t) (self->rig.ctx.lane_first + 399);
    s_join_all (self, ONE, false);
    assert_int_equal (roster_count (self->rig.ctx.roster), 64);
    assert_non_null (s_join (self, TWO, true));
}

//  Of ports that others have a few are tried, and then none for a while.
static void test_a_search_ends (void **state)
{
    bench_t *self = *state;
    lane_limits_not_found (&self->lane_limits);
    assert_int_equal (s_ask (self, ONE), CADRE_ERROR_DESCRIPTORS);
    self->rig.ctx.now_us += SECOND;
    assert_int_equal (s_ask (self, ONE), CADRE_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_a_key_leaves_some_for_others), TEST (test_the_only_key_has_all),
        TEST (test_who_does_not_open_gives_way),  TEST (test_others_give_way_later),
        TEST (test_joining_lanes_are_few),        TEST (test_a_search_ends),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
