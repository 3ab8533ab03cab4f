//  unstarted_leases_test.c - leases that were not begun in time go back to the broker; slots are
//  played by the test

#include "tests/lib/fakes/fake_slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static slots_rig_t bench;
static uint32_t tickets [8];

static const fake_heard_t *s_heard (uint64_t serial)
{
    for (size_t i = 0; i < bench.heard_count; i++)
        if (bench.heard [i].serial == serial)
            return &bench.heard [i];
    return NULL;
}

static bool s_is_back (uint64_t serial)
{
    return s_heard (serial) && s_heard (serial)->outcome == CADRE_OUTCOME_NONE;
}

//  One slot has run a task of 10 µs, so that more may wait in it.
static void s_open (void)
{
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_turn (&bench);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 8, NULL), 1);
    fake_slot_run (&bench.slot [0], tickets [0], 10);
    slots_rig_turn (&bench);
    assert_non_null (s_heard (1));
}

//  What waits in the slot behind a task, and what that task's slot has begun in time.
static void test_behind_another (void **state)
{
    (void) state;
    s_open ();
    slots_rig_push_by (&bench, 42, 10, 3, bench.time.now_us + 3000);
    slots_rig_push_by (&bench, 42, 13, 1, 0);
    slots_rig_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 8, NULL), 4);
    assert_int_equal (fake_slot_claim (&bench.slot [0], tickets [0], bench.time.now_us),
                      TICKET_RUN);
    slots_rig_pass_ms (&bench, 2);
    assert_null (s_heard (11));
    slots_rig_pass_ms (&bench, 1);
    assert_true (s_is_back (11) && s_is_back (12));
    assert_null (s_heard (10)); //  It runs
    assert_null (s_heard (13)); //  It may wait for ever
    slots_rig_close (&bench);
}

//  What waits in the worker, the latest first.
static void test_in_the_queue (void **state)
{
    (void) state;
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_push_by (&bench, 42, 2, 1, bench.time.now_us + 20000);
    slots_rig_push_by (&bench, 42, 3, 1, bench.time.now_us + 10000);
    slots_rig_turn (&bench);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    slots_rig_pass_ms (&bench, 9);
    assert_int_equal (bench.heard_count, 0);
    slots_rig_pass_ms (&bench, 1);
    assert_true (s_is_back (3) && !s_heard (2));
    slots_rig_pass_ms (&bench, 10);
    assert_true (s_is_back (2) && !s_heard (1));
    assert_int_equal (slots_held (bench.slots), 1);
    slots_rig_close (&bench);
}

//  The slot looked when it claimed it, and was the first to see that it was late.
static void test_declined_by_the_slot (void **state)
{
    (void) state;
    s_open ();
    slots_rig_push_by (&bench, 42, 10, 1, bench.time.now_us + 3000);
    slots_rig_turn (&bench);
    assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 8, NULL), 1);
    fake_clock_pass_ms (&bench.time, 4);
    assert_int_equal (fake_slot_claim (&bench.slot [0], tickets [0], bench.time.now_us),
                      TICKET_RUN);
    fake_slot_result (&bench.slot [0], tickets [0], CADRE_OUTCOME_EXPIRED, 0);
    slots_rig_turn (&bench);
    assert_true (s_is_back (10));
    slots_rig_close (&bench);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_behind_another),
        cmocka_unit_test (test_in_the_queue),
        cmocka_unit_test (test_declined_by_the_slot),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
