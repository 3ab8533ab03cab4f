//  session_test.c - lost connections, broken brokers, forks: the library against a broker driven by
//  hand

#include <cadre.h>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rigs/pool_rig.h"

#define WAIT_MS 10000

static void test_resume_delivers_once (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *one = cadre_submit (rig.pool, "f", "");
    uint64_t ref = pool_rig_opened (&rig, NULL);
    pool_rig_tasks (&rig, NULL);
    fake_broker_who (rig.broker);
    while (fake_broker_hellos (rig.broker) < 2)
        usleep (1000);
    cadre_future_t *two = cadre_submit (rig.pool, "f", "");
    assert_int_equal (pool_rig_tasks (&rig, NULL), 1);
    fake_broker_result (rig.broker, ref, 0, 1);
    fake_broker_send_again (rig.broker);
    fake_broker_result (rig.broker, ref, 1, 2);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (two, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 2);
    assert_int_equal (cadre_future_wait_int (one, &value, 0), CADRE_OK);
    assert_int_equal (value, 1);
    cadre_future_destroy (&one);
    cadre_future_destroy (&two);
    pool_rig_end (&rig);
}

static void test_a_gap_makes_it_ask_again (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    uint64_t ref = pool_rig_opened (&rig, NULL);
    fake_broker_skip (rig.broker);
    fake_broker_result (rig.broker, ref, 0, 1);
    assert_int_equal (cadre_future_wait (future, 50), CADRE_ERROR_TIMEOUT);
    while (fake_broker_hellos (rig.broker) < 2)
        usleep (1000);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void s_breaks (const void *bytes, size_t size)
{
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    pool_rig_tasks (&rig, NULL);
    fake_broker_raw (rig.broker, bytes, size);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_PROTOCOL);
    assert_non_null (strstr (cadre_future_message (future), "breaks the protocol"));
    cadre_future_t *later = cadre_submit (rig.pool, "f", "");
    assert_int_equal (cadre_future_wait (later, 0), CADRE_ERROR_PROTOCOL);
    cadre_future_destroy (&later);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_broken_frames_end_the_session (void **state)
{
    (void) state;
    s_breaks ("x", 1);
    uint8_t results [24] = {
        1, WIRE_results, 0,    0,    0,   0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        1, 0xdd,         0xff, 0xff, 0xff};
    s_breaks (results, sizeof results);
    uint8_t beat [24] = {1, WIRE_beat, 0, 0, 0, 0, 0, 0, 0,    0,    0,   1,
                         0, 0,         0, 0, 0, 0, 0, 0, 0x92, 0x7f, 0x00};
    s_breaks (beat, 23);
}

static void test_results_of_no_task_break_the_protocol (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    uint64_t ref = pool_rig_opened (&rig, NULL);
    fake_broker_result (rig.broker, ref + 7, 0, 1);
    fake_broker_result (rig.broker, ref, 5, 1);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_PROTOCOL);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_a_forked_child_is_told (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    cadre_job_t *job = cadre_job_open (rig.pool, "g", NULL);
    pid_t child = fork ();
    if (child == 0) {
        cadre_event_t event;
        bool fine = cadre_future_wait (future, 1000) == CADRE_ERROR_FORKED
                    && cadre_job_next (job, &event, 1000) == CADRE_ERROR_FORKED
                    && !cadre_submit (rig.pool, "f", "")
                    && cadre_call (rig.pool, NULL, 0, "f", "") == CADRE_ERROR_FORKED
                    && cadre_dispatch (rig.pool) == CADRE_ERROR_FORKED
                    && cadre_descriptor (rig.pool) == -1 && !cadre_job_open (rig.pool, "g", NULL);
        cadre_future_destroy (&future);
        cadre_job_destroy (&job);
        fine = fine && !future && !job && cadre_close (&rig.pool, 1000) == CADRE_ERROR_FORKED;
        _exit (fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_int_equal (status, 0);
    fake_broker_result (rig.broker, pool_rig_opened (&rig, NULL), 0, 1);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_OK);
    cadre_future_destroy (&future);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_closing_cancels_what_is_left (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    assert_int_equal (cadre_close (&rig.pool, 10), CADRE_ERROR_TIMEOUT);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    wire_job_cancel_t cancel;
    assert_true (wire_read_job_cancel (&body, &cancel));
    assert_true (cancel.all);
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_CLOSED);
    assert_string_not_equal (cadre_future_message (future), "");
    cadre_future_destroy (&future);
    fake_broker_destroy (&rig.broker);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_resume_delivers_once),
        cmocka_unit_test (test_a_gap_makes_it_ask_again),
        cmocka_unit_test (test_broken_frames_end_the_session),
        cmocka_unit_test (test_results_of_no_task_break_the_protocol),
        cmocka_unit_test (test_a_forked_child_is_told),
        cmocka_unit_test (test_closing_cancels_what_is_left),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
