//  rogue_broker_test.c - a broker that sends more than it may, or what makes no sense: the worker
//  ends the session, and keeps no memory for it

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/lib/fakes/fake_slot.h"
#include "tests/lib/rigs/link_rig.h"

static bool s_begins_anew (void)
{
    link_rig_turn ();
    return link_state (link_rig.link) == LINK_GREETING;
}

//  By a frame: then nothing more that the window bounds may come.
static void test_a_broker_may_overdraw_once (void **state)
{
    (void) state;
    link_rig_open ();
    link_set_window (link_rig.link, 130, 130, 0, false); //  It is not opened further
    link_rig_send_tasks (1, 129);
    link_rig_send_tasks (130, 2);
    assert_false (s_begins_anew ());
    link_rig_send_tasks (132, 1);
    assert_true (s_begins_anew ());
    assert_int_equal (link_rig.tasks, 131);
    link_rig_teardown ();
}

static void test_orders_do_not_wait_without_end (void **state)
{
    buffer_t frame = {0}, spans = {0};
    (void) state;
    link_rig_open ();
    for (unsigned i = 0; i < 100000; i++)
        wire_pack_span (&spans, &(wire_span_t){.first = i, .count = 1});
    unsigned orders = 0;
    for (; orders < 1000 && !s_begins_anew (); orders++) {
        wire_write_cancel (
            &frame, (wire_envelope_t){.session = link_rig.session},
            &(wire_cancel_t){.after = UINT64_MAX, .leases = wire_list_of (&spans, 100000)});
        link_rig_send_back (&frame);
    }
    assert_in_range (orders, 10, 100);
    assert_int_equal (link_rig.cancels, 0);
    buffer_free (&spans);
    link_rig_teardown ();
}

static void test_jobs_are_not_kept_without_end (void **state)
{
    slots_rig_t bench;
    buffer_t spec = {0};
    (void) state;
    slots_rig_open (&bench, 1, NULL);
    static uint8_t bytes [1000000];
    pack_blob (&spec, bytes, sizeof bytes);
    uint64_t number = 1;
    while (number < 1000
           && slots_open_job (bench.slots,
                              &(wire_lane_job_t){.job = number, .spec = wire_view_of (&spec)}))
        number++;
    assert_in_range (number, 200, 300);
    slots_end_job (bench.slots, 1);
    assert_true (
        slots_open_job (bench.slots, &(wire_lane_job_t){.job = 1, .spec = wire_view_of (&spec)}));
    buffer_free (&spec);
    slots_rig_close (&bench);
}

//  One that does not fit is never CADRE_OK.
static void test_a_refusal_has_a_code (void **state)
{
    static const uint64_t codes [] = {0, UINT64_C (1) << 32, UINT64_MAX, 100000};
    (void) state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        buffer_t frame = {0};
        link_rig_open ();
        wire_write_refused (
            &frame, (wire_envelope_t){0},
            &(wire_refused_t){.code = codes [i], .message = wire_view ("no\x1b[2J")});
        link_rig_send_back (&frame);
        link_rig_turn ();
        assert_int_equal (link_state (link_rig.link), LINK_ENDED);
        assert_int_equal (link_fault (link_rig.link)->code, CADRE_ERROR_REFUSED);
        assert_null (strchr (link_fault (link_rig.link)->text, 0x1b));
        link_rig_teardown ();
    }
}

static void test_a_welcome_without_a_sink_opens_nothing (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_rig_setup (false);
    assert_true (link_rig_hears (link_rig.back, WIRE_worker_hello));
    wire_write_worker_welcome (
        &frame, (wire_envelope_t){.session = 5},
        &(wire_worker_welcome_t){.lane = 1, .beat_ms = 1000, .lost_ms = 10000});
    link_rig_send_back (&frame);
    link_rig_turn ();
    assert_int_equal (link_state (link_rig.link), LINK_GREETING);
    link_rig_teardown ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_broker_may_overdraw_once),
        cmocka_unit_test (test_orders_do_not_wait_without_end),
        cmocka_unit_test (test_jobs_are_not_kept_without_end),
        cmocka_unit_test (test_a_refusal_has_a_code),
        cmocka_unit_test (test_a_welcome_without_a_sink_opens_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
