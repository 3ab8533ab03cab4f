//  once_guard_test.c - tasks that must not run twice, when the broker that may have begun them is
//  gone

#include <stdlib.h>
#include <unistd.h>

#include "client/lib/work/once_guard.h"
#include "tests/lib/rigs/restart_rig.h"

//  ---- what may have been begun ------------------------------------------------------------

static void test_frames_that_were_sent_count (void **state)
{
    (void) state;
    once_guard_t risk = {.end = 0};
    assert_int_equal (once_guard_gone (&risk, 0), 0);
    once_guard_put (&risk, 0, 10, 2, 1);
    once_guard_put (&risk, 10, 10, 3, 1);
    once_guard_put (&risk, 20, 5, 4, 2);
    assert_int_equal (once_guard_gone (&risk, 3), 20);
    //  Nothing was put into the session that goes: it is as it was
    assert_int_equal (once_guard_gone (&risk, 9), 20);
    risk.end = 0;
    once_guard_put (&risk, 0, 7, 2, 2);
    assert_int_equal (once_guard_gone (&risk, 2), 7);
    once_guard_free (&risk);
}

static void test_many_frames_take_no_room (void **state)
{
    (void) state;
    once_guard_t risk = {.end = 0};
    for (uint32_t i = 0; i < 100000; i++)
        once_guard_put (&risk, i, 1, i + 2, i + 1);
    assert_true (risk.frames.capacity < 65536);
    assert_int_equal (once_guard_gone (&risk, 100000), 99999);
    once_guard_free (&risk);
}

//  ---- jobs --------------------------------------------------------------------------------

//  Two tasks are out, the third waits for the window.
static cadre_job_t *s_two_of_three (rig_t *rig, const cadre_job_options_t *options, heard_t *heard)
{
    cadre_job_t *job = cadre_job_open (rig->pool, "f", options);
    *heard = s_opened (rig);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal (cadre_job_add (job, NULL, "i", i), CADRE_OK);
        if (i < 2)
            s_tasks (rig, heard, (uint64_t) i + 1);
    }
    cadre_job_seal (job);
    return job;
}

static void s_next_is_lost (cadre_job_t *job, uint32_t index)
{
    cadre_event_t event;
    s_next (job, &event);
    assert_int_equal (event.kind, CADRE_EVENT_RESULT);
    assert_int_equal (event.index, index);
    assert_int_equal (event.outcome, CADRE_OUTCOME_WORKER_LOST);
    assert_non_null (strstr (event.message, "must not run twice"));
}

static void s_attached (const cadre_job_options_t *options)
{
    rig_t rig = pool_rig_begin_with (2, NULL);
    heard_t heard;
    cadre_job_t *job = s_two_of_three (&rig, options, &heard);
    fake_broker_result (rig.broker, heard.open.ref, 0, 40);
    s_next_result (job, 0, 40);
    fake_broker_restart (rig.broker, ANOTHER);
    heard_t again = s_opened (&rig);
    s_is_same_job (&heard, &again);
    assert_true (again.ended [0] && again.ended [1] && !again.ended [2]);
    s_tasks (&rig, &again, 2);
    s_next_is_lost (job, 1);
    //  What was lost is lost once
    fake_broker_restart (rig.broker, ANOTHER);
    again = s_opened (&rig);
    assert_true (again.ended [0] && again.ended [1] && !again.ended [2]);
    s_tasks (&rig, &again, 2);
    assert_true (again.nil [0] && again.nil [1]);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_attached (void **state)
{
    (void) state;
    s_attached (&(cadre_job_options_t){.no_rerun = true});
    s_attached (&(cadre_job_options_t){.retry_limits = "exit=3,worker-lost=0"});
}

static void test_a_job_of_which_all_is_lost_ends (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 2, &(cadre_job_options_t){.no_rerun = true});
    cadre_job_seal (job);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 2);
    fake_broker_restart (rig.broker, ANOTHER);
    s_next_is_lost (job, 0);
    s_next_is_lost (job, 1);
    s_next_is_end (job);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_others_are_handed_over_again (void **state)
{
    (void) state;
    static const cadre_job_options_t options [] = {{.retries = 0}, {.retry_limits = "exit=0"}};
    for (size_t i = 0; i < 2; i++) {
        rig_t rig = s_begin ();
        cadre_job_t *job = s_job (&rig, 2, &options [i]);
        cadre_job_seal (job);
        heard_t heard = s_opened (&rig);
        s_tasks (&rig, &heard, 2);
        fake_broker_restart (rig.broker, ANOTHER);
        heard_t again = s_opened (&rig);
        s_tasks (&rig, &again, 2);
        assert_true (!again.nil [0] && !again.nil [1]);
        cadre_job_destroy (&job);
        pool_rig_end (&rig);
    }
}

static void test_a_future (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_value_t *arguments = cadre_value_build ("[i]", (int64_t) 7);
    cadre_future_t *future =
        cadre_submit_value (rig.pool, "f", arguments, &(cadre_job_options_t){.no_rerun = true});
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 1);
    fake_broker_restart (rig.broker, ANOTHER);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_string_equal (cadre_future_kind (future), "worker-lost");
    cadre_future_destroy (&future);
    cadre_value_destroy (&arguments);
    pool_rig_end (&rig);
}

//  In the memory of a broker that is gone: whoever submitted is told.
static void test_detached (void **state)
{
    (void) state;
    rig_t rig = pool_rig_begin_with (2, NULL);
    heard_t heard;
    cadre_job_t *job =
        s_two_of_three (&rig, &(cadre_job_options_t){.detached = true, .no_rerun = true}, &heard);
    fake_broker_restart (rig.broker, ANOTHER);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_ERROR_CLOSED);
    assert_non_null (strstr (cadre_job_message (job), "must not run twice"));
    assert_int_equal (fake_broker_waiting (rig.broker, WIRE_job_open), 0);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  What is acknowledged is on the disk, and what is not was not begun.
static void test_durable (void **state)
{
    (void) state;
    rig_t rig = pool_rig_begin_with (2, NULL);
    heard_t heard;
    cadre_job_t *job =
        s_two_of_three (&rig, &(cadre_job_options_t){.durable = true, .no_rerun = true}, &heard);
    fake_broker_restart (rig.broker, SAME);
    heard_t again = s_opened (&rig);
    s_tasks (&rig, &again, 2);
    assert_true (!again.nil [0] && !again.nil [1]);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_frames_that_were_sent_count),
        cmocka_unit_test (test_many_frames_take_no_room),
        cmocka_unit_test (test_attached),
        cmocka_unit_test (test_a_job_of_which_all_is_lost_ends),
        cmocka_unit_test (test_others_are_handed_over_again),
        cmocka_unit_test (test_a_future),
        cmocka_unit_test (test_detached),
        cmocka_unit_test (test_durable),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
