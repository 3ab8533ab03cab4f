//  broker_restart_test.c - a broker that is restarted at any point of an attached job's life

#include <stdlib.h>
#include <string.h>

#include "tests/lib/rigs/restart_rig.h"

//  ---- attached jobs -------------------------------------------------------------------

#define TASKS 10

//  A job of ten tasks whose broker is restarted after so many steps: JOB_OPEN heard, JOB_OPENED
//  sent, tasks heard, sealed, and the results one by one.
static void s_live (unsigned restart, bool ordered)
{
    rig_t rig = s_begin ();
    cadre_job_options_t options = {.ordered = ordered};
    cadre_job_t *job = s_job (&rig, TASKS, &options);
    heard_t heard = s_opened (&rig), again = heard;
    for (unsigned step = 1; step <= restart; step++) {
        if (step == 1)
            fake_broker_opened (rig.broker, heard.open.ref, 5);
        else if (step == 2)
            s_tasks (&rig, &heard, TASKS);
        else if (step == 3) {
            cadre_job_seal (job);
            s_sealed (&rig);
        } else
            fake_broker_result (rig.broker, heard.open.ref, step - 4, (int) step - 4);
    }
    unsigned results = restart > 3 ? restart - 3 : 0;
    for (unsigned i = 0; i < results; i++)
        s_next_result (job, i, (uint8_t) i);
    fake_broker_restart (rig.broker, ANOTHER);
    again = s_opened (&rig);
    s_is_same_job (&heard, &again);
    s_tasks (&rig, &again, TASKS);
    for (unsigned i = 0; i < TASKS; i++) {
        assert_int_equal (again.ended [i], i < results);
        assert_int_equal (again.nil [i], i < results);
    }
    fake_broker_opened (rig.broker, again.open.ref, 1);
    cadre_job_seal (job);
    assert_int_equal (s_sealed (&rig), TASKS);
    for (unsigned i = TASKS; i-- > results;)
        fake_broker_result (rig.broker, again.open.ref, i, (int) i);
    for (unsigned i = results; i < TASKS; i++) {
        unsigned index = ordered ? i : TASKS - 1 - (i - results);
        s_next_result (job, index, (uint8_t) index);
    }
    s_next_is_end (job);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_a_restart_at_each_point (void **state)
{
    (void) state;
    for (unsigned restart = 0; restart < 3 + TASKS; restart++)
        s_live (restart, restart % 2 == 0);
}

static void test_all_results_are_here_already (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 2, NULL);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 2);
    cadre_job_seal (job);
    s_sealed (&rig);
    fake_broker_result (rig.broker, heard.open.ref, 1, 1);
    fake_broker_result (rig.broker, heard.open.ref, 0, 0);
    s_next_result (job, 1, 1);
    s_next_result (job, 0, 0);
    fake_broker_restart (rig.broker, ANOTHER);
    //  The next job is the first thing that the new broker hears
    cadre_job_t *other = s_job (&rig, 0, NULL);
    heard_t next = s_opened (&rig);
    assert_memory_not_equal (next.uuid, heard.uuid, sizeof heard.uuid);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_OK);
    s_next_is_end (job);
    cadre_job_destroy (&other);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  Holes among the results, then results that were here, twice, and the last first.
static void test_results_doubled_and_out_of_order (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 6, NULL);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 6);
    for (unsigned i = 1; i < 6; i += 2) {
        fake_broker_result (rig.broker, heard.open.ref, i, (int) i);
        s_next_result (job, i, (uint8_t) i);
    }
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    s_tasks (&rig, &heard, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_true (heard.ended [i] == (i % 2 == 1) && heard.nil [i] == heard.ended [i]);
    cadre_job_seal (job);
    for (unsigned i = 6; i-- > 0;)
        for (int twice = 0; twice < 2; twice++)
            fake_broker_result (rig.broker, heard.open.ref, i, (int) i);
    s_next_result (job, 4, 4);
    s_next_result (job, 2, 2);
    s_next_result (job, 0, 0);
    s_next_is_end (job);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_restarted_twice (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 3, NULL);
    cadre_job_seal (job);
    for (unsigned round = 0; round < 3; round++) {
        heard_t heard = s_opened (&rig);
        s_tasks (&rig, &heard, 3);
        assert_int_equal (s_sealed (&rig), 3);
        fake_broker_result (rig.broker, heard.open.ref, round, (int) round);
        s_next_result (job, round, (uint8_t) round);
        fake_broker_restart (rig.broker, ANOTHER + round);
    }
    s_next_is_end (job);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_futures_go_on (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_future_t *futures [3];
    for (int i = 0; i < 3; i++)
        futures [i] = cadre_submit (rig.pool, "f", "i", (int64_t) i);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 3);
    fake_broker_result (rig.broker, heard.open.ref, 1, 11);
    assert_int_equal (cadre_future_wait (futures [1], WAIT_MS), CADRE_OK);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    s_tasks (&rig, &heard, 3);
    assert_true (!heard.nil [0] && heard.nil [1] && !heard.nil [2]);
    //  Who submits now opens a new job: the old one ends with its tasks
    assert_int_equal (s_sealed (&rig), 3);
    cadre_future_t *later = cadre_submit (rig.pool, "f", "i", (int64_t) 9);
    heard_t next = s_opened (&rig);
    s_tasks (&rig, &next, 1);
    fake_broker_result (rig.broker, next.open.ref, 0, 19);
    fake_broker_result (rig.broker, heard.open.ref, 2, 12);
    fake_broker_result (rig.broker, heard.open.ref, 0, 10);
    int64_t value = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal (cadre_future_wait_int (futures [i], &value, WAIT_MS), CADRE_OK);
        assert_int_equal (value, 10 + i);
        cadre_future_destroy (&futures [i]);
    }
    assert_int_equal (cadre_future_wait_int (later, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 19);
    cadre_future_destroy (&later);
    pool_rig_end (&rig);
}

static void test_large_payloads_go_again (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    size_t size = WIRE_INLINE_MAX + 1000, got = 0;
    char *bytes = malloc (size);
    memset (bytes, 'x', size);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    cadre_job_add (job, NULL, "s", "small");
    cadre_job_add (job, NULL, "B", (const void *) bytes, size);
    cadre_job_add (job, NULL, "s", "small");
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 3);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    wire_part_t part = {.total = 1};
    while (got < part.total) {
        cursor_t body = fake_broker_expect (rig.broker, WIRE_part);
        assert_true (wire_read_part (&body, &part));
        assert_true (part.total > size);
        got += part.bytes.size;
        assert_int_equal (part.bytes.data [part.bytes.size - 1], 'x');
    }
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_tasks);
    wire_job_tasks_t tasks;
    assert_true (wire_read_job_tasks (&body, &tasks));
    assert_int_equal (tasks.first, 1);
    assert_int_equal (tasks.payloads.count, 1);
    assert_int_equal (wire_parts_of (tasks.payloads.values), part.payload);
    cadre_job_destroy (&job);
    free (bytes);
    pool_rig_end (&rig);
}

static void test_cancels_are_said_again (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 3, NULL);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 3);
    cadre_job_cancel_task (job, 0);
    cadre_job_cancel_task (job, 2);
    fake_broker_expect (rig.broker, WIRE_job_cancel);
    fake_broker_failed (rig.broker, heard.open.ref, 0, CADRE_OUTCOME_CANCELLED, "", "");
    cadre_event_t event;
    s_next (job, &event);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    s_tasks (&rig, &heard, 3);
    wire_job_cancel_t cancel;
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && !cancel.all && cancel.index == 2);
    cadre_job_cancel (job);
    body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && cancel.all);
    fake_broker_restart (rig.broker, ANOTHER + 1);
    s_opened (&rig);
    body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && cancel.all);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  ---- output ----------------------------------------------------------------------------

static void test_a_new_run_writes_anew (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 2, NULL);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 2);
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, "ha");
    fake_broker_output (rig.broker, heard.open.ref, 1, WIRE_STREAM_STDOUT, "ho");
    cadre_event_t event;
    s_next (job, &event);
    assert_false (event.anew);
    s_next (job, &event);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    s_tasks (&rig, &heard, 2);
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, "half");
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, "more");
    s_next (job, &event);
    assert_true (event.anew && event.index == 0 && event.size_bytes == 4);
    s_next (job, &event);
    assert_false (event.anew);
    //  The other one writes nothing this time
    fake_broker_result (rig.broker, heard.open.ref, 1, 1);
    s_next (job, &event);
    assert_int_equal (event.kind, CADRE_EVENT_OUTPUT);
    assert_true (event.anew && event.index == 1 && event.size_bytes == 0);
    s_next_result (job, 1, 1);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_a_future_has_the_output_of_one_run (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    const char *argv [] = {"echo", NULL};
    cadre_future_t *future = cadre_submit_command (rig.pool, argv, NULL);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 1);
    cadre_value_t *value = NULL;
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, "first");
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_PARTIAL, "\x05");
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_OK);
    cadre_value_destroy (&value);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, "second");
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_PARTIAL, "\x05");
    fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_PARTIAL, "\x06");
    fake_broker_result (rig.broker, heard.open.ref, 0, 1);
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_value_int (value), 6);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_ERROR_END);
    size_t size = 0;
    const void *bytes =
        cadre_value_blob (cadre_value_get (cadre_future_value (future), "stdout"), &size);
    assert_int_equal (size, 6);
    assert_memory_equal (bytes, "second", 6);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_restart_at_each_point),
        cmocka_unit_test (test_all_results_are_here_already),
        cmocka_unit_test (test_results_doubled_and_out_of_order),
        cmocka_unit_test (test_restarted_twice),
        cmocka_unit_test (test_futures_go_on),
        cmocka_unit_test (test_large_payloads_go_again),
        cmocka_unit_test (test_cancels_are_said_again),
        cmocka_unit_test (test_a_new_run_writes_anew),
        cmocka_unit_test (test_a_future_has_the_output_of_one_run),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
