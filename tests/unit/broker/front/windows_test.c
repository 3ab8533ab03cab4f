//  windows_test.c - what clients may send ahead: less as memory and disk fill up, and durable tasks
//  give way to results

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/core/budget.h"
#include "broker/front/windows.h"
#include "tests/lib/rigs/modules_rig.h"

#define CROWD 2000
#define MANY (PACE_PRESSING_RATE / 1000000.0 * WINDOWS_PACE_US) //  Results in an interval

typedef struct store_space {
    modules_rig_t rig;
    windows_t windows;
    client_t *client;
    uint64_t sessions; //  That have come
} store_space_t;

//  A session of that key; "": it needs none.
static client_t *s_come (store_space_t *self, const char *holder)
{
    client_t *client = modules_rig_client_of (&self->rig, holder);
    client->session = ++self->sessions;
    HASH_ADD (hh, self->rig.ctx.clients, session, sizeof client->session, client);
    return client;
}

static void s_go (store_space_t *self, client_t **client_p)
{
    client_t *client = *client_p;
    HASH_DEL (self->rig.ctx.clients, client);
    modules_rig_end_client (&self->rig, client_p);
}

static void s_start (store_space_t *self, bool durable)
{
    *self = (store_space_t){0};
    modules_rig_start (&self->rig);
    windows_begin (&self->windows, &self->rig.ctx);
    self->client = s_come (self, "");
    self->client->durable = self->client->sends_durable = durable;
}

static void s_end (store_space_t *self)
{
    s_go (self, &self->client);
    windows_end (&self->windows);
    modules_rig_end (&self->rig);
}

//  A turn at that time: true when the client's window was raised. Then it sends all that it may.
static bool s_turn (store_space_t *self, int64_t now_us)
{
    self->rig.ctx.now_us = now_us;
    timers_run (self->rig.ctx.timers, now_us);
    windows_judge (&self->windows);
    if (!windows_raise (&self->windows, self->client))
        return false;
    self->client->received_tasks = self->client->granted_tasks;
    self->client->received_bytes = self->client->granted_bytes;
    return true;
}

static void test_it_shrinks_as_memory_fills_up (void **state)
{
    static const struct {
        uint64_t used;  //  Sixteenths of the limit
        uint64_t bytes; //  That may be sent
    } cases [] = {{0, CONTEXT_ALLOWANCE_BYTES},
                  {10, CONTEXT_ALLOWANCE_BYTES},
                  {12, 1u << 25},
                  {13, 0},
                  {16, 0},
                  {20, 0}};
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        store_space_t room;
        s_start (&room, false);
        room.rig.ctx.job_bytes = room.rig.ctx.memory_limit / 16 * cases [i].used;
        windows_judge (&room.windows);
        windows_raise (&room.windows, room.client);
        assert_int_equal (room.client->granted_bytes, cases [i].bytes);
        room.rig.ctx.job_bytes = 0;
        s_end (&room);
    }
}

//  The program takes as much with a small limit as with a large one.
static void test_a_small_limit_leaves_room_for_the_program (void **state)
{
    static const struct {
        uint64_t limit_mib, most_mib; //  Counted bytes at which nothing more may be sent
    } cases [] = {{32, 24}, {64, 48}, {80, 64}, {160, 130}, {1024, 832}};
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        store_space_t room;
        s_start (&room, false);
        room.rig.ctx.memory_limit = cases [i].limit_mib << 20;
        room.rig.ctx.job_bytes = cases [i].most_mib << 20;
        assert_int_equal (windows_memory_left (&room.windows, room.client), 0);
        room.rig.ctx.job_bytes -= 2;
        assert_int_equal (windows_memory_left (&room.windows, room.client), 1);
        room.rig.ctx.job_bytes = 0;
        s_end (&room);
    }
}

static void test_it_shrinks_as_the_disk_falls_behind (void **state)
{
    (void) state;
    store_space_t room;
    s_start (&room, true);
    assert_true (s_turn (&room, 1000000));
    assert_int_equal (room.client->granted_bytes, CONTEXT_JOURNAL_BYTES);
    room.rig.ctx.journal_bytes = CONTEXT_JOURNAL_BYTES;
    assert_false (s_turn (&room, 1000001));
    room.client->durable = false; //  Others do not wait for it
    assert_true (s_turn (&room, 1000002));
    s_end (&room);
}

static void test_durable_tasks_alone_never_wait (void **state)
{
    (void) state;
    store_space_t room;
    s_start (&room, true);
    for (int64_t now_us = 1000000; now_us < 2000000; now_us += 1000) {
        room.rig.ctx.tasks_done += 1000; //  Their own results do not press
        assert_true (s_turn (&room, now_us));
        assert_int_equal (room.windows.pace.pressing, false);
    }
    s_end (&room);
}

static void test_durable_tasks_give_way_to_results (void **state)
{
    (void) state;
    store_space_t room;
    int64_t now_us = 1000000;
    s_start (&room, true);
    assert_true (s_turn (&room, now_us));
    for (int interval = 0; interval < 10; interval++) {
        room.rig.ctx.memory_done += (uint64_t) MANY;
        uint64_t before = room.client->granted_bytes;
        now_us += WINDOWS_PACE_US;
        room.client->dirty = false;
        room.rig.ctx.dirty = NULL;
        assert_true (s_turn (&room, now_us));
        assert_int_equal (room.client->dirty, interval > 0); //  It waited, and was not forgotten
        assert_in_range (room.client->granted_bytes - before, WIRE_FRAME_MAX,
                         40u * WINDOWS_PACE_US * 21 / 20);
        assert_false (s_turn (&room, now_us + 1));
        assert_false (s_turn (&room, now_us + WINDOWS_PACE_US - 1));
    }
    room.client->sends_durable =
        false; //  What is not durable does not wait, whatever the client has sent before
    assert_true (s_turn (&room, now_us + WINDOWS_PACE_US - 1));
    room.client->sends_durable = true;
    assert_true (s_turn (&room, now_us + WINDOWS_PACE_US)); //  Nothing presses any more
    assert_true (s_turn (&room, now_us + WINDOWS_PACE_US + 1));
    s_end (&room);
}

//  They send nothing, and keep what they were promised.
static void s_crowd (store_space_t *room, client_t *crowd [CROWD], const char *holder)
{
    for (size_t i = 0; i < CROWD; i++) {
        crowd [i] = s_come (room, holder);
        windows_raise (&room->windows, crowd [i]);
    }
}

static void s_crowd_goes (store_space_t *room, client_t *crowd [CROWD])
{
    for (size_t i = 0; i < CROWD; i++)
        s_go (room, &crowd [i]);
}

//  As one session more.
static void test_many_sessions_of_one_key_leave_other_keys_their_windows (void **state)
{
    (void) state;
    static client_t *crowd [CROWD];
    store_space_t room;
    s_start (&room, false);
    room.rig.ctx.memory_limit = 64u << 20;
    s_crowd (&room, crowd, "enemy");
    client_t *other = s_come (&room, "alice");
    assert_true (windows_raise (&room.windows, other));
    assert_int_equal (other->granted_bytes, room.rig.ctx.memory_limit / 16);
    room.rig.ctx.job_bytes = room.rig.ctx.memory_limit / 2; //  Promises take all that is left
    client_t *late = s_come (&room, "bob");
    assert_true (windows_raise (&room.windows, late));
    assert_in_range (late->granted_bytes, 512u << 10, UINT64_MAX);
    room.rig.ctx.job_bytes = 0;
    s_go (&room, &late);
    s_go (&room, &other);
    s_crowd_goes (&room, crowd);
    s_end (&room);
}

//  It sends all that it may, until it may send no more, and all of it stays here.
static void s_fill (store_space_t *room, client_t *client)
{
    while (windows_raise (&room->windows, client)) {
        account_add (&client->usage->jobs, client->granted_bytes - client->received_bytes);
        client->received_bytes = client->granted_bytes;
        client->received_tasks = client->granted_tasks;
        windows_count (&room->windows, client);
    }
}

static void s_clear (client_t *client)
{
    account_subtract (&client->usage->jobs, client->usage->jobs.bytes);
}

//  Also to one that has many tasks here.
static void test_a_key_that_fills_the_memory_leaves_others_their_windows (void **state)
{
    static const uint64_t limits_mib [] = {32, 64, 1024};
    (void) state;
    for (size_t i = 0; i < sizeof limits_mib / sizeof *limits_mib; i++) {
        store_space_t room;
        s_start (&room, false);
        room.rig.ctx.memory_limit = limits_mib [i] << 20;
        client_t *enemy = s_come (&room, "enemy");
        uint64_t all = budget_memory (&room.rig.ctx);
        s_fill (&room, enemy); //  While nobody wants any of it, it has nearly all
        assert_in_range (key_usage_held (enemy->usage), all / 4 * 3, all);
        client_t *other = s_come (&room, "alice");
        job_t *job = modules_rig_job (&room.rig, other, &(wire_job_open_t){0}, 11000);
        assert_true (windows_raise (&room.windows, other));
        assert_in_range (other->granted_bytes, 512u << 10, UINT64_MAX);
        assert_in_range (other->granted_tasks, 8192, UINT64_MAX);
        assert_false (windows_raise (&room.windows, enemy));
        s_fill (&room, other);
        assert_in_range (context_used_bytes (&room.rig.ctx), 0, all);
        account_subtract (&enemy->usage->jobs, key_usage_held (enemy->usage) - all / 4);
        assert_true (windows_raise (&room.windows, enemy)); //  It has less than its share again
        s_clear (enemy);
        account_subtract (&other->usage->jobs, other->received_bytes);
        assert_true (key_usage_check (&room.rig.ctx));
        job->leased = 0;
        s_go (&room, &other);
        s_go (&room, &enemy);
        s_end (&room);
    }
}

//  Both fill what they may, one after the other: none is left without.
static void test_keys_that_are_over_their_share_wait_for_the_others (void **state)
{
    (void) state;
    store_space_t room;
    s_start (&room, false);
    room.rig.ctx.memory_limit = 64u << 20;
    client_t *one = s_come (&room, "one"), *other = s_come (&room, "other");
    s_fill (&room, one);
    s_fill (&room, other);
    assert_true (key_usage_is_over (&room.rig.ctx, one->usage));
    assert_false (key_usage_is_over (&room.rig.ctx, other->usage));
    for (unsigned i = 0; i < 50; i++) { //  As fast as tasks run, both send more
        account_subtract (&one->usage->jobs, 1u << 20);
        s_fill (&room, one);
        s_fill (&room, other);
    }
    assert_in_range (key_usage_held (other->usage), budget_share (&room.rig.ctx) / 4 * 3,
                     UINT64_MAX);
    assert_in_range (context_used_bytes (&room.rig.ctx), 0, budget_memory (&room.rig.ctx));
    s_clear (one);
    s_clear (other);
    s_go (&room, &one);
    s_go (&room, &other);
    s_end (&room);
}

//  However little each of many sessions may send: it may send as much again when that has come.
static void test_a_small_window_opens_again (void **state)
{
    (void) state;
    static client_t *crowd [CROWD];
    store_space_t room;
    s_start (&room, false);
    room.rig.ctx.memory_limit = 64u << 20;
    s_crowd (&room, crowd, "");
    assert_in_range (crowd [CROWD - 1]->granted_tasks, 1, 1000);
    for (int round = 0; round < 10; round++) {
        crowd [CROWD - 1]->received_tasks = crowd [CROWD - 1]->granted_tasks; //  Small ones
        assert_true (windows_raise (&room.windows, crowd [CROWD - 1]));
        crowd [CROWD - 1]->received_bytes = crowd [CROWD - 1]->granted_bytes; //  Large ones
        assert_true (windows_raise (&room.windows, crowd [CROWD - 1]));
    }
    s_crowd_goes (&room, crowd);
    assert_int_equal (room.rig.ctx.promised_bytes, room.client->promised_bytes);
    s_end (&room);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_it_shrinks_as_memory_fills_up),
        cmocka_unit_test (test_a_small_limit_leaves_room_for_the_program),
        cmocka_unit_test (test_it_shrinks_as_the_disk_falls_behind),
        cmocka_unit_test (test_durable_tasks_alone_never_wait),
        cmocka_unit_test (test_durable_tasks_give_way_to_results),
        cmocka_unit_test (test_many_sessions_of_one_key_leave_other_keys_their_windows),
        cmocka_unit_test (test_a_key_that_fills_the_memory_leaves_others_their_windows),
        cmocka_unit_test (test_keys_that_are_over_their_share_wait_for_the_others),
        cmocka_unit_test (test_a_small_window_opens_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
