//  slots_test.c - who gets what, who is blamed, and what happens when time is over; slots are
//  played by the test

#include "tests/lib/fakes/fake_slot.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TICKETS 128
#define EXITED(code) ((code) << 8)
#define SEEN(verbs, name) ((verbs) >> (WIRE_##name - 0x60) & 1)

static slots_rig_t bench;
static uint32_t tickets [TICKETS];

static void s_open (size_t slots, unsigned kind, uint64_t timeout_ms, uint64_t grace_ms)
{
    slots_rig_open (&bench, slots, NULL);
    slots_rig_job (&bench, 42, kind, timeout_ms, grace_ms);
}

//  Pushes leases 1 … count, starts slots, and lets them report ready.
static void s_push_and_start (size_t count)
{
    slots_rig_push (&bench, 42, 1, count);
    slots_rig_turn (&bench);
    for (size_t i = 0; i < FAKE_SLOTS_MAX; i++)
        if (bench.slot [i].fd >= 0)
            fake_slot_ready (&bench.slot [i]);
    slots_rig_turn (&bench);
}

static size_t s_read (size_t place)
{
    return fake_slot_read (&bench.slot [place], tickets, TICKETS, NULL);
}

static const fake_heard_t *s_heard (uint64_t serial)
{
    for (size_t i = 0; i < bench.heard_count; i++)
        if (bench.heard [i].serial == serial)
            return &bench.heard [i];
    return NULL;
}

//  One slot has run two tasks of 10 µs, so that more may wait in it.
static void s_open_short (size_t slots)
{
    s_open (slots, WIRE_KIND_CALL, 0, 100);
    s_push_and_start (1);
    assert_int_equal (s_read (0), 1);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard_count, 1);
}

static void s_one_task_each_until_times_are_known (void **state)
{
    (void) state;
    s_open (2, WIRE_KIND_CALL, 0, 100);
    s_push_and_start (5);
    assert_int_equal (s_read (0), 1);
    assert_int_equal (s_read (1), 1);
    fake_slot_run (&bench.slot [1], 1, 50000);
    slots_rig_turn (&bench);
    assert_int_equal (s_read (1), 1); //  50 ms each: nothing is sent ahead
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_OK);
    assert_int_equal (slots_held (bench.slots), 4);
    slots_rig_close (&bench);
}

static void s_slots_start_only_when_needed (void **state)
{
    (void) state;
    s_open (4, WIRE_KIND_CALL, 0, 100);
    slots_rig_turn (&bench);
    assert_int_equal (bench.slot [0].starts, 0);
    s_push_and_start (2);
    assert_int_equal (bench.slot [0].starts, 1);
    assert_int_equal (bench.slot [1].starts, 1);
    assert_int_equal (bench.slot [2].starts, 0);
    slots_rig_close (&bench);
}

static void s_short_tasks_are_sent_ahead (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 100);
    s_push_and_start (1);
    assert_int_equal (s_read (0), 1);
    fake_slot_run (&bench.slot [0], 1, 40);
    slots_rig_turn (&bench);
    slots_rig_push (&bench, 42, 2, 120);
    slots_rig_turn (&bench);
    assert_int_equal (s_read (0), 50); //  2 ms of work at 40 µs each
    slots_rig_close (&bench);
}

static void s_what_waits_behind_a_slow_task_goes_elsewhere (void **state)
{
    (void) state;
    s_open_short (2);
    slots_rig_push (&bench, 42, 2, 4);
    slots_rig_turn (&bench); //  Starts the second slot, and gives all to the first meanwhile
    assert_int_equal (s_read (0), 4);
    assert_int_equal (fake_slot_claim (&bench.slot [0], 2, bench.time.now_us), TICKET_RUN);
    fake_slot_ready (&bench.slot [1]);
    slots_rig_pass_ms (&bench, 2);
    assert_int_equal (s_read (1), 0);
    slots_rig_pass_ms (&bench, 3);
    assert_int_equal (s_read (1), 3);
    assert_int_equal (fake_slot_claim (&bench.slot [0], 3, 0), TICKET_SKIP);
    slots_rig_close (&bench);
}

static void s_the_running_task_is_blamed (void **state)
{
    (void) state;
    s_open_short (1);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    assert_int_equal (s_read (0), 3);
    fake_slot_run (&bench.slot [0], 2, 10); //  Published, and the worker has not looked since
    fake_slot_claim (&bench.slot [0], 3, 0);
    fake_slot_die (&bench.slot [0], SIGSEGV);
    slots_rig_turn (&bench); //  The bell
    slots_rig_turn (&bench); //  The end
    assert_int_equal (bench.heard_count, 3);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (s_heard (3)->code, SIGSEGV);
    assert_non_null (strstr (
        s_heard (3)->detail,
        "slot 1 of worker alpha was killed by signal 11 (Segmentation fault) while it ran 42.1"));
    assert_int_equal (bench.slot [0].starts, 2);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    assert_int_equal (s_read (0), 1); //  The waiting one
    slots_rig_close (&bench);
}

static void s_an_unknown_end_is_told_by_the_page (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 100);
    s_push_and_start (1);
    fake_slot_claim (&bench.slot [0], 1, 0);
    bench.slot [0].page->fatal_signal = SIGFPE;
    fake_slot_die (&bench.slot [0], SLOT_BACKEND_STATUS_UNKNOWN);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (bench.heard [0].code, SIGFPE);
    slots_rig_close (&bench);
}

static void s_exit_in_a_function_is_an_error (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 100);
    s_push_and_start (1);
    fake_slot_claim (&bench.slot [0], 1, 0);
    fake_slot_die (&bench.slot [0], EXITED (3));
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (
        strstr (bench.heard [0].detail, "slot-exited: slot 1 of worker alpha exited with code 3"));
    slots_rig_close (&bench);
}

static void s_results_before_the_end_count (void **state)
{
    (void) state;
    s_open_short (1);
    slots_rig_push (&bench, 42, 2, 2);
    slots_rig_turn (&bench);
    fake_slot_run (&bench.slot [0], 2, 10);
    fake_slot_die (&bench.slot [0], SIGKILL);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard_count, 2);
    assert_int_equal (bench.heard [1].outcome, CADRE_OUTCOME_OK);
    assert_int_equal (slots_held (bench.slots), 1);
    slots_rig_close (&bench);
}

static void s_a_function_is_terminated_then_killed (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 1000, 500);
    s_push_and_start (1);
    slots_rig_pass_ms (&bench, 200);
    fake_slot_claim (&bench.slot [0], 1, bench.time.now_us); //  Begun late: its time goes on
    slots_rig_pass_ms (&bench, 700);
    assert_int_equal (bench.slot [0].backend.signals, 0);
    slots_rig_pass_ms (&bench, 100);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGTERM);
    slots_rig_pass_ms (&bench, 500);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGKILL);
    fake_slot_die (&bench.slot [0], SIGKILL);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_TIMEOUT);
    slots_rig_close (&bench);
}

static void s_a_command_is_left_to_its_slot_for_longer (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_COMMAND, 1000, 500);
    s_push_and_start (1);
    fake_slot_claim (&bench.slot [0], 1, bench.time.now_us);
    slots_rig_pass_ms (&bench, 2499);
    assert_int_equal (bench.slot [0].backend.signals, 0);
    slots_rig_pass_ms (&bench, 1);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGKILL);
    fake_slot_die (&bench.slot [0], SIGKILL);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_TIMEOUT);
    slots_rig_close (&bench);
}

static void s_cancel_waiting_and_running (void **state)
{
    buffer_t span = {0};
    uint32_t verbs = 0;
    (void) state;
    s_open_short (1);
    slots_rig_push (&bench, 42, 2, 4);
    slots_rig_turn (&bench);
    s_read (0);
    fake_slot_claim (&bench.slot [0], 2, bench.time.now_us);
    wire_list_t spans = slots_rig_span (&span, 2, 2);
    slots_cancel (bench.slots, &spans);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_CANCELLED);
    assert_null (s_heard (2));
    assert_true (ticket_is_cancelled (bench.slot [0].page, 2));
    fake_slot_read (&bench.slot [0], tickets, TICKETS, &verbs);
    assert_true (SEEN (verbs, slot_cancel));
    fake_slot_result (&bench.slot [0], 2, CADRE_OUTCOME_ERROR, 10);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (2)->outcome, CADRE_OUTCOME_CANCELLED);
    assert_int_equal (s_read (0), 2); //  The others go on
    buffer_free (&span);
    slots_rig_close (&bench);
}

static void s_a_cancelled_function_that_goes_on_is_ended (void **state)
{
    buffer_t span = {0};
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 300);
    s_push_and_start (1);
    fake_slot_claim (&bench.slot [0], 1, bench.time.now_us);
    wire_list_t spans = slots_rig_span (&span, 1, 1);
    slots_cancel (bench.slots, &spans);
    slots_rig_pass_ms (&bench, 299);
    assert_int_equal (bench.slot [0].backend.signals, 0);
    slots_rig_pass_ms (&bench, 1);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGTERM);
    fake_slot_die (&bench.slot [0], SIGTERM);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_CANCELLED);
    buffer_free (&span);
    slots_rig_close (&bench);
}

static void s_recall_returns_only_what_waits (void **state)
{
    buffer_t span = {0};
    (void) state;
    s_open_short (1);
    slots_rig_push (&bench, 42, 2, 3);
    slots_rig_turn (&bench);
    s_read (0);
    fake_slot_claim (&bench.slot [0], 2, bench.time.now_us);
    wire_list_t spans = slots_rig_span (&span, 1, 100);
    slots_recall (bench.slots, &spans);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard_count, 3);
    assert_int_equal (s_heard (3)->outcome, CADRE_OUTCOME_NONE);
    assert_int_equal (slots_held (bench.slots), 1);
    buffer_free (&span);
    slots_rig_close (&bench);
}

static void s_leases_that_were_not_adopted_are_dropped (void **state)
{
    buffer_t span = {0};
    (void) state;
    s_open_short (1);
    slots_rig_push (&bench, 42, 2, 4);
    slots_rig_turn (&bench);
    s_read (0);
    fake_slot_claim (&bench.slot [0], 2, bench.time.now_us);
    wire_list_t spans = slots_rig_span (&span, 4, 1);
    slots_keep (bench.slots, &spans);
    slots_rig_turn (&bench);
    assert_int_equal (slots_held (bench.slots), 1);
    assert_false (slots_idle (bench.slots));
    fake_slot_result (&bench.slot [0], 2, CADRE_OUTCOME_OK, 10);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard_count, 1); //  Nobody is told
    assert_int_equal (s_read (0), 1);        //  The one that was adopted
    buffer_free (&span);
    slots_rig_close (&bench);
}

static void s_a_drain_returns_what_it_ends (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 0);
    s_push_and_start (3);
    fake_slot_claim (&bench.slot [0], 1, bench.time.now_us);
    slots_return_waiting (bench.slots);
    assert_int_equal (bench.heard_count, 2);
    slots_reclaim_running (bench.slots);
    slots_rig_turn (&bench);
    assert_int_equal (bench.slot [0].backend.last_signal, SIGTERM);
    fake_slot_die (&bench.slot [0], SIGTERM);
    slots_rig_turn (&bench);
    assert_int_equal (s_heard (1)->outcome, CADRE_OUTCOME_NONE);
    assert_true (slots_idle (bench.slots));
    slots_rig_close (&bench);
}

static void s_slots_that_never_get_ready_fail_their_tasks (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 0);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_turn (&bench);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal (bench.slot [0].starts, i + 1);
        fake_slot_die (&bench.slot [0], EXITED (127));
        slots_rig_turn (&bench);
        assert_int_equal (bench.slot [0].starts, i + 1); //  Not at once
        slots_rig_pass_ms (&bench, 1000);
    }
    assert_int_equal (bench.heard_count, 1);
    assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (bench.heard [0].detail, "slot-start: "));
    slots_rig_close (&bench);
}

static void s_a_slot_that_is_of_no_use_says_why (void **state)
{
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 0);
    slots_rig_push (&bench, 42, 1, 1);
    slots_rig_turn (&bench);
    fake_slot_refuse (&bench.slot [0], CADRE_ERROR_PLUGIN, "plugin x.so: no such file");
    slots_rig_turn (&bench);
    fake_slot_die (&bench.slot [0], EXITED (0));
    slots_rig_pass_ms (&bench, 1);
    assert_string_equal (bench.heard [0].detail, "slot-start: plugin x.so: no such file");
    slots_rig_close (&bench);
}

static void s_a_slot_is_replaced_after_max_tasks (void **state)
{
    (void) state;
    slots_rig_open (&bench, 1, &(slots_options_t){.max_tasks = 2});
    slots_rig_job (&bench, 42, WIRE_KIND_CALL, 0, 0);
    s_push_and_start (3);
    for (uint32_t ticket = 1; ticket <= 2; ticket++) {
        fake_slot_run (&bench.slot [0], ticket, 10);
        slots_rig_turn (&bench);
    }
    assert_int_equal (bench.heard_count, 2);
    fake_slot_die (&bench.slot [0], EXITED (0));
    slots_rig_turn (&bench);
    slots_rig_turn (&bench);
    assert_int_equal (bench.slot [0].starts, 2);
    fake_slot_ready (&bench.slot [0]);
    slots_rig_turn (&bench);
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_int_equal (bench.heard_count, 3);
    slots_rig_close (&bench);
}

static void s_a_broken_slot_is_replaced (void **state)
{
    static const struct {
        uint32_t ticket; //  It was given ticket 1
        uint64_t run_us; //  As it says
    } cases [] = {{99, 1}, {1, UINT64_MAX}};
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        s_open (1, WIRE_KIND_CALL, 0, 0);
        s_push_and_start (1);
        fake_slot_claim (&bench.slot [0], 1, bench.time.now_us);
        fake_slot_result (&bench.slot [0], cases [i].ticket, CADRE_OUTCOME_OK, cases [i].run_us);
        slots_rig_turn (&bench);
        assert_int_equal (bench.slot [0].backend.last_signal, SIGKILL);
        fake_slot_die (&bench.slot [0], SIGKILL);
        slots_rig_pass_ms (&bench, 100);
        assert_int_equal (bench.heard [0].outcome, CADRE_OUTCOME_ERROR);
        assert_string_equal (bench.heard [0].detail,
                             "slot-broken: slot 1 of worker alpha sent a message "
                             "that cannot be read while it ran 42.0");
        slots_rig_close (&bench);
    }
}

static void s_output_passes_and_windows_follow (void **state)
{
    uint32_t verbs = 0;
    (void) state;
    s_open (1, WIRE_KIND_COMMAND, 0, 0);
    s_push_and_start (1);
    s_read (0);
    fake_slot_claim (&bench.slot [0], 1, bench.time.now_us);
    fake_slot_output (&bench.slot [0], 1, "hello\n");
    slots_rig_turn (&bench);
    assert_int_equal (bench.output_bytes, 6);
    slots_output_window (bench.slots, 1, 5000, false);
    slots_rig_turn (&bench);
    fake_slot_read (&bench.slot [0], tickets, TICKETS, &verbs);
    assert_true (SEEN (verbs, slot_output_window));
    fake_slot_output (&bench.slot [0], 1, "world\n");
    slots_output_window (bench.slots, 1, 5000, true);
    slots_rig_turn (&bench);
    assert_int_equal (bench.output_bytes, 6);
    slots_output_window (bench.slots, 1, 6000, false);
    fake_slot_output (&bench.slot [0], 1, "again\n");
    slots_rig_turn (&bench);
    assert_int_equal (bench.output_bytes, 6);
    slots_rig_close (&bench);
}

static void s_commands_are_refused_where_they_are_not_allowed (void **state)
{
    (void) state;
    slots_rig_open (&bench, 1, &(slots_options_t){.commands = false});
    slots_rig_job (&bench, 42, WIRE_KIND_COMMAND, 0, 0);
    slots_rig_push (&bench, 42, 1, 1);
    assert_int_equal (bench.heard_count, 1);
    assert_non_null (strstr (bench.heard [0].detail, "--allow-commands"));
    slots_rig_close (&bench);
}

static void s_a_job_is_forgotten_after_its_last_lease (void **state)
{
    uint32_t verbs = 0;
    (void) state;
    s_open (1, WIRE_KIND_CALL, 0, 0);
    s_push_and_start (1);
    s_read (0);
    slots_end_job (bench.slots, 42);
    assert_non_null (slots_job (bench.slots, 42));
    fake_slot_run (&bench.slot [0], 1, 10);
    slots_rig_turn (&bench);
    assert_null (slots_job (bench.slots, 42));
    fake_slot_read (&bench.slot [0], tickets, TICKETS, &verbs);
    assert_true (SEEN (verbs, slot_job_end));
    slots_rig_close (&bench);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_one_task_each_until_times_are_known),
        cmocka_unit_test (s_slots_start_only_when_needed),
        cmocka_unit_test (s_short_tasks_are_sent_ahead),
        cmocka_unit_test (s_what_waits_behind_a_slow_task_goes_elsewhere),
        cmocka_unit_test (s_the_running_task_is_blamed),
        cmocka_unit_test (s_an_unknown_end_is_told_by_the_page),
        cmocka_unit_test (s_exit_in_a_function_is_an_error),
        cmocka_unit_test (s_results_before_the_end_count),
        cmocka_unit_test (s_a_function_is_terminated_then_killed),
        cmocka_unit_test (s_a_command_is_left_to_its_slot_for_longer),
        cmocka_unit_test (s_cancel_waiting_and_running),
        cmocka_unit_test (s_a_cancelled_function_that_goes_on_is_ended),
        cmocka_unit_test (s_recall_returns_only_what_waits),
        cmocka_unit_test (s_leases_that_were_not_adopted_are_dropped),
        cmocka_unit_test (s_a_drain_returns_what_it_ends),
        cmocka_unit_test (s_slots_that_never_get_ready_fail_their_tasks),
        cmocka_unit_test (s_a_slot_that_is_of_no_use_says_why),
        cmocka_unit_test (s_a_slot_is_replaced_after_max_tasks),
        cmocka_unit_test (s_a_broken_slot_is_replaced),
        cmocka_unit_test (s_output_passes_and_windows_follow),
        cmocka_unit_test (s_commands_are_refused_where_they_are_not_allowed),
        cmocka_unit_test (s_a_job_is_forgotten_after_its_last_lease),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
