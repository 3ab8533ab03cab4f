//  slot_watchdog_test.c - slots that are cut off, stopped, late, or dead before they begin, and
//  limits of time

#include "tests/lib/rigs/broken_slots_rig.h"

static void test_a_closed_socket (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    close (bench.slot [0].fd);
    bench.slot [0].fd = -1;
    slots_rig_turn (&bench);
    slots_rig_pass_ms (&bench, 99);
    assert_false (s_is_killed (0));
    slots_rig_pass_ms (&bench, 1);
    assert_true (s_is_killed (0));
    bench.slot [0].backend.ended = true;
    bench.slot [0].backend.status = SIGKILL;
    slots_rig_pass_ms (&bench, 20);
    assert_string_equal (
        s_heard (1)->detail,
        "slot-broken: slot 1 of worker alpha closed its socket to the worker while it ran 42.0");
    assert_null (s_heard (2));
    slots_rig_close (&bench);
}

//  It can still publish: a task that returned has ended.
static void test_a_result_without_a_socket_counts (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    shutdown (bench.slot [0].fd, SHUT_WR);
    slots_rig_turn (&bench);
    buffer_t body = {0};
    buffer_append (&body, "\0\0\0\0\x71", 5);
    wire_pack_slot_result (&body, &(wire_slot_result_t){.ticket = 1, .outcome = CADRE_OUTCOME_OK});
    body.data [3] = (uint8_t) (body.size - 4);
    ring_put (&bench.slot [0].ring, body.data, body.size);
    buffer_free (&body);
    fake_slot_die (&bench.slot [0], 0);
    slots_rig_pass_ms (&bench, 100);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

static void test_a_slot_that_is_stopped_while_it_runs (void **state)
{
    (void) state;
    s_open (2, 3, 0);
    s_claim (0);
    s_claim (1);
    bench.slot [0].backend.stopped = true;
    bench.slot [1].backend.stopped = true;
    slots_rig_pass_s (&bench, 2);
    assert_false (s_is_killed (0));
    bench.slot [1].backend.stopped = false;
    slots_rig_pass_s (&bench, 1);
    assert_true (s_is_killed (0));
    bench.slot [1].backend.stopped = true;
    slots_rig_pass_s (&bench, 2);
    bench.slot [1].backend.stopped = false;
    assert_int_equal (bench.slot [1].backend.signals, 0);
    fake_slot_result (&bench.slot [1], 1, CADRE_OUTCOME_OK, 10);
    s_bury (0);
    assert_string_equal (s_heard (1)->detail,
                         "slot-broken: slot 1 of worker alpha was stopped (SIGSTOP) and "
                         "not continued while it ran 42.0");
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

//  What it published before it was ended counts.
static void test_a_stopped_slot_has_its_last_word (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    s_claim (0);
    bench.slot [0].backend.stopped = true;
    slots_rig_pass_s (&bench, 3);
    assert_true (s_is_killed (0));
    fake_slot_result (&bench.slot [0], 1, CADRE_OUTCOME_OK, 10);
    s_bury (0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (bench.heard_count, 1);
    slots_rig_close (&bench);
}

static void test_an_idle_slot_that_is_stopped (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    bench.slot [0].backend.stopped = true;
    slots_rig_pass_s (&bench, 1);
    assert_false (s_is_killed (0));
    slots_rig_pass_s (&bench, 1);
    s_bury (0);
    assert_int_equal (bench.heard_count, 0);
    s_next_slot (0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

//  Three slots that take a task and do not begin it: an outcome, not a fourth.
static void test_a_slot_that_does_not_begin (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        slots_rig_pass_s (&bench, 5);
        assert_false (s_is_killed (0));
        slots_rig_pass_s (&bench, 1);
        s_bury (0);
        if (i < 3)
            s_next_slot (0);
    }
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_heard (1)->detail, "did not start its task"));
    assert_true (slots_idle (bench.slots));
    slots_rig_close (&bench);
}

//  A worker that was stopped for an hour has looked once.
static void test_a_stall_of_the_worker_is_nobody_s_fault (void **state)
{
    (void) state;
    s_open (1, 1, 0);
    bench.slot [0].backend.stopped = true;
    slots_rig_pass_ms (&bench, 3600000);
    bench.slot [0].backend.stopped = false;
    for (int i = 0; i < 4; i++)
        slots_rig_pass_ms (&bench, 3600000);
    assert_int_equal (bench.slot [0].backend.signals, 0);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_pass_ms (&bench, 3600000);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

static void test_time_counts_from_the_hand_over (void **state)
{
    (void) state;
    s_open (1, 2, 500);
    slots_rig_pass_ms (&bench, 499);
    assert_false (s_is_killed (0));
    slots_rig_pass_ms (&bench, 1);
    s_bury (0);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_TIMEOUT);
    assert_null (s_heard (2));
    slots_rig_close (&bench);
}

//  It says that it began in the future, or long ago, or just now at each look: its time ends all
//  the same, and what it ran is bounded.
static void test_a_liar_s_time_ends (void **state)
{
    static const int64_t begins [] = {INT64_MAX, INT64_MIN, 0, -1};
    (void) state;
    for (size_t i = 0; i < sizeof begins / sizeof begins [0]; i++) {
        s_open (1, 1, 5000);
        s_claim (0);
        for (int s = 0; s < 5; s++) {
            bench.slot [0].page->started_us = begins [i] == -1 ? bench.time.now_us : begins [i];
            slots_rig_pass_s (&bench, 1);
        }
        assert_int_equal (bench.slot [0].backend.last_signal, SIGTERM);
        fake_slot_die (&bench.slot [0], SIGTERM);
        slots_rig_turn (&bench);
        assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_TIMEOUT);
        assert_true (s_heard (1)->run_us <= 5100000);
        slots_rig_close (&bench);
        s_open (1, 1, 0);
        s_claim (0);
        bench.slot [0].page->started_us = begins [i];
        fake_slot_die (&bench.slot [0], SIGSEGV);
        slots_rig_turn (&bench);
        assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_SIGNAL);
        assert_true (s_heard (1)->run_us <= 5100000);
        slots_rig_close (&bench);
    }
}

static void test_deaths_before_the_beginning_are_counted (void **state)
{
    (void) state;
    s_open (1, 2, 0);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        assert_int_equal (bench.heard_count, 0);
        fake_slot_die (&bench.slot [0], SIGKILL);
        slots_rig_turn (&bench);
        s_next_slot (0);
    }
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    slots_rig_close (&bench);
}

//  A slot that nothing can be given: the task goes to the next one, and not round for ever.
static void test_a_torn_page_takes_no_task (void **state)
{
    (void) state;
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_turn (&bench);
    for (unsigned i = 1; i <= 3; i++) {
        bench.slot [0].page->claim = UINT64_MAX;
        s_next_slot (0);
        assert_int_equal (fake_slot_read (&bench.slot [0], tickets, 64, NULL), 0);
        s_bury (0);
        for (int s = 0; s < 20 && bench.slot [0].fd < 0 && !bench.heard_count; s++)
            slots_rig_pass_ms (&bench, 1000);
    }
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    slots_rig_close (&bench);
}

//  Slots that are broken before they are given anything are counted as ones that cannot be started.
static void test_slots_that_break_before_any_task (void **state)
{
    (void) state;
    slots_rig_open (&bench, 1, NULL);
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 100);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_turn (&bench);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (bench.slot [0].starts, i);
        fake_slot_ready (&bench.slot [0]);
        fake_slot_say (&bench.slot [0], "\0\0\0\1\x99", 5);
        slots_rig_turn (&bench);
        s_bury (0);
        for (int s = 0; s < 20 && bench.slot [0].fd < 0 && !bench.heard_count; s++)
            slots_rig_pass_ms (&bench, 1000);
    }
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (s_heard (1)->detail, "slot-start: "));
    slots_rig_close (&bench);
}

//  A number that is no signal, from a slot whose end nobody saw.
static void test_a_fatal_signal_that_is_none (void **state)
{
    static const int32_t numbers [] = {-1, 0, 65, INT32_MAX, INT32_MIN};
    (void) state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers [0]; i++) {
        s_open (1, 1, 0);
        s_claim (0);
        bench.slot [0].page->fatal_signal = numbers [i];
        fake_slot_die (&bench.slot [0], SLOT_BACKEND_STATUS_UNKNOWN);
        slots_rig_turn (&bench);
        assert_int_equal (s_heard (1)->code, SIGKILL);
        slots_rig_close (&bench);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_closed_socket),
        cmocka_unit_test (test_a_result_without_a_socket_counts),
        cmocka_unit_test (test_a_slot_that_is_stopped_while_it_runs),
        cmocka_unit_test (test_a_stopped_slot_has_its_last_word),
        cmocka_unit_test (test_an_idle_slot_that_is_stopped),
        cmocka_unit_test (test_a_slot_that_does_not_begin),
        cmocka_unit_test (test_a_stall_of_the_worker_is_nobody_s_fault),
        cmocka_unit_test (test_time_counts_from_the_hand_over),
        cmocka_unit_test (test_a_liar_s_time_ends),
        cmocka_unit_test (test_deaths_before_the_beginning_are_counted),
        cmocka_unit_test (test_a_torn_page_takes_no_task),
        cmocka_unit_test (test_slots_that_break_before_any_task),
        cmocka_unit_test (test_a_fatal_signal_that_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
