//  broker_away_test.c - a broker that is away and comes back: what outlives it, windows, patience

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pack.h"
#include "tests/lib/rigs/restart_rig.h"

//  ---- detached and durable jobs -----------------------------------------------------------

static void test_sync_waits_for_the_acknowledgement (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job =
        s_job (&rig, 2, &(cadre_job_options_t){.durable = true, .expire_ms = 7, .backoff_ms = 8});
    heard_t heard = s_opened (&rig);
    assert_true (heard.open.durable && heard.open.detached);
    assert_int_equal (heard.open.expire_ms, 7);
    assert_int_equal (heard.open.backoff_ms, 8);
    cadre_job_seal (job);
    s_tasks (&rig, &heard, 2);
    assert_int_equal (cadre_job_sync (job, 20), CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_job_message (job), "not acknowledged"));
    s_sealed (&rig);
    fake_broker_opened (rig.broker, heard.open.ref, 7);
    fake_broker_acknowledge (rig.broker);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_job_number (job, WAIT_MS), 7);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  Two tasks that the broker has acknowledged, and one that it has not.
static cadre_job_t *s_acknowledged (rig_t *rig, heard_t *heard)
{
    cadre_job_t *job = s_job (rig, 2, &(cadre_job_options_t){.durable = true});
    *heard = s_opened (rig);
    fake_broker_opened (rig->broker, heard->open.ref, 7);
    assert_int_equal (cadre_job_number (job, WAIT_MS), 7);
    s_tasks (rig, heard, 2);
    fake_broker_acknowledge (rig->broker);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
    cadre_job_add (job, NULL, "i", (int64_t) 2);
    s_tasks (rig, heard, 3);
    return job;
}

static void test_only_what_is_not_acknowledged_goes_again (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    heard_t heard, again;
    cadre_job_t *job = s_acknowledged (&rig, &heard);
    fake_broker_restart (rig.broker, SAME);
    again = s_opened (&rig);
    s_is_same_job (&heard, &again);
    cadre_job_add (job, NULL, "i", (int64_t) 3);
    cadre_job_seal (job);
    assert_int_equal (cadre_job_sync (job, 20), CADRE_ERROR_TIMEOUT);
    fake_broker_opened (rig.broker, again.open.ref, 7);
    again.tasks = 2;
    s_tasks (&rig, &again, 4);
    assert_int_equal (s_sealed (&rig), 4);
    fake_broker_acknowledge (rig.broker);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
    fake_broker_state (rig.broker, again.open.ref, 4, true);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_OK);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  The broker has all of it: the job is opened again for its states, and nothing is said of its
//  tasks.
static void test_what_is_settled_stays_settled (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    heard_t heard;
    cadre_job_t *job = s_acknowledged (&rig, &heard);
    cadre_job_seal (job);
    s_sealed (&rig);
    fake_broker_acknowledge (rig.broker);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
    fake_broker_restart (rig.broker, SAME);
    s_opened (&rig);
    fake_broker_opened (rig.broker, heard.open.ref, 7);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
    cadre_job_t *other = cadre_job_open (rig.pool, "g", NULL);
    fake_broker_expect (rig.broker, WIRE_beat);
    assert_int_equal (fake_broker_waiting (rig.broker, WIRE_job_tasks), 0);
    assert_int_equal (fake_broker_waiting (rig.broker, WIRE_job_seal), 0);
    fake_broker_state (rig.broker, heard.open.ref, 3, true);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_OK);
    cadre_job_destroy (&other);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  Nobody who leaves waits for what the broker has, while it is away, or when it is back.
static void test_what_is_settled_keeps_nobody (void **state)
{
    (void) state;
    for (int away = 0; away < 2; away++) {
        rig_t rig = s_begin ();
        heard_t heard;
        cadre_job_t *job = s_acknowledged (&rig, &heard);
        cadre_job_seal (job);
        s_sealed (&rig);
        fake_broker_acknowledge (rig.broker);
        assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
        if (away) {
            fake_broker_set_manner (rig.broker, FAKE_BROKER_MUTE);
            fake_broker_goodbye (rig.broker);
            while (fake_broker_hellos (rig.broker) < 2)
                usleep (1000);
        } else {
            fake_broker_restart (rig.broker, SAME);
            s_opened (&rig);
            fake_broker_opened (rig.broker, heard.open.ref, 7);
            assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_OK);
        }
        assert_int_equal (cadre_close (&rig.pool, 100), CADRE_OK);
        cadre_job_destroy (&job);
        fake_broker_destroy (&rig.broker);
    }
}

static void test_what_a_memory_held_is_gone (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    heard_t heard;
    cadre_job_t *job = s_acknowledged (&rig, &heard);
    fake_broker_restart (rig.broker, ANOTHER);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_ERROR_CLOSED);
    assert_non_null (strstr (cadre_job_message (job), "job 7"));
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_another_number_is_another_job (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    heard_t heard;
    cadre_job_t *job = s_acknowledged (&rig, &heard);
    fake_broker_restart (rig.broker, SAME);
    heard = s_opened (&rig);
    fake_broker_opened (rig.broker, heard.open.ref, 8);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), CADRE_ERROR_CLOSED);
    assert_int_equal (s_sealed (&rig), 0);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_what_was_never_acknowledged_starts_over (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = s_job (&rig, 3, &(cadre_job_options_t){.detached = true});
    heard_t heard = s_opened (&rig);
    fake_broker_opened (rig.broker, heard.open.ref, 7);
    s_tasks (&rig, &heard, 3);
    fake_broker_restart (rig.broker, ANOTHER);
    heard_t again = s_opened (&rig);
    s_is_same_job (&heard, &again);
    s_tasks (&rig, &again, 3);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static wire_job_follow_t s_followed (rig_t *rig)
{
    cursor_t body = fake_broker_expect (rig->broker, WIRE_job_follow);
    wire_job_follow_t follow;
    assert_true (wire_read_job_follow (&body, &follow));
    return follow;
}

//  The broker tells all from the start again.
static void test_a_follower_hears_nothing_twice (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    unsigned what = CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_OUTPUT | CADRE_FOLLOW_WAIT;
    cadre_job_t *job = cadre_job_follow (rig.pool, 17, what);
    uint64_t ref = s_followed (&rig).ref;
    fake_broker_opened (rig.broker, ref, 17);
    fake_broker_output (rig.broker, ref, 3, WIRE_STREAM_STDOUT, "done");
    fake_broker_result (rig.broker, ref, 3, 3);
    fake_broker_output (rig.broker, ref, 4, WIRE_STREAM_STDOUT, "hal");
    cadre_event_t event;
    s_next (job, &event);
    s_next_result (job, 3, 3);
    s_next (job, &event);
    fake_broker_restart (rig.broker, SAME);
    wire_job_follow_t follow = s_followed (&rig);
    assert_true (follow.number == 17 && follow.results && follow.output && follow.wait);
    fake_broker_opened (rig.broker, follow.ref, 17);
    fake_broker_output (rig.broker, follow.ref, 3, WIRE_STREAM_STDOUT, "done");
    fake_broker_result (rig.broker, follow.ref, 3, 3);
    fake_broker_output (rig.broker, follow.ref, 4, WIRE_STREAM_STDOUT, "half");
    fake_broker_output (rig.broker, follow.ref, 4, WIRE_STREAM_STDOUT, "way");
    fake_broker_result (rig.broker, follow.ref, 4, 4);
    fake_broker_state (rig.broker, follow.ref, 5, true);
    s_next (job, &event);
    assert_true (event.index == 4 && event.size_bytes == 1 && memcmp (event.bytes, "f", 1) == 0);
    s_next (job, &event);
    assert_true (event.index == 4 && event.size_bytes == 3 && memcmp (event.bytes, "way", 3) == 0);
    s_next_result (job, 4, 4);
    s_next_is_end (job);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_a_follower_is_told_that_the_job_is_gone (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    cadre_job_t *job = cadre_job_follow (rig.pool, 17, CADRE_FOLLOW_WAIT);
    fake_broker_opened (rig.broker, s_followed (&rig).ref, 17);
    assert_int_equal (cadre_job_number (job, WAIT_MS), 17);
    fake_broker_restart (rig.broker, ANOTHER);
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_NOT_FOUND);
    assert_non_null (strstr (cadre_job_message (job), "job 17"));
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  ---- windows ---------------------------------------------------------------------------------

static void *s_add_four (void *argument)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal (cadre_job_add (argument, NULL, ""), CADRE_OK);
    return NULL;
}

//  The new broker's window counts what is said again.
static void test_the_window_holds_after_a_restart (void **state)
{
    (void) state;
    rig_t rig = pool_rig_begin_with (1, NULL);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_add_four, job), 0);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 1);
    fake_broker_result (rig.broker, heard.open.ref, 0, 0);
    s_next_result (job, 0, 0);
    fake_broker_restart (rig.broker, ANOTHER);
    heard = s_opened (&rig);
    s_tasks (&rig, &heard, 1);
    assert_true (heard.nil [0]);
    usleep (20000);
    assert_int_equal (fake_broker_waiting (rig.broker, WIRE_job_tasks), 0);
    fake_broker_window (rig.broker, 4);
    s_tasks (&rig, &heard, 4);
    pthread_join (thread, NULL);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  What waits here unread narrows the window of the next session, too.
static void test_unread_results_count_in_the_next_session (void **state)
{
    (void) state;
    rig_t rig = pool_rig_begin_with (1000, &(cadre_options_t){.window_bytes = 4000});
    cadre_job_t *job = s_job (&rig, 1, NULL);
    heard_t heard = s_opened (&rig);
    char text [1001] = {0};
    memset (text, 'y', sizeof text - 1);
    for (int i = 0; i < 3; i++)
        fake_broker_output (rig.broker, heard.open.ref, 0, WIRE_STREAM_STDOUT, text);
    fake_broker_expect (rig.broker, WIRE_beat);
    fake_broker_expect (rig.broker, WIRE_beat);
    fake_broker_restart (rig.broker, ANOTHER);
    s_opened (&rig);
    assert_int_equal (fake_broker_hello (rig.broker).window_bytes, 1000);
    cadre_event_t event;
    for (int i = 0; i < 3; i++)
        s_next (job, &event);
    assert_int_equal (cadre_job_next (job, &event, 1), CADRE_ERROR_TIMEOUT);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_window);
    wire_window_t window;
    assert_true (wire_read_window (&body, &window));
    assert_int_equal (window.bytes, 4000);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  ---- a broker that is away ---------------------------------------------------------------------

static void *s_submit (void *argument)
{
    return cadre_submit (argument, "f", "");
}

static void test_who_submits_meanwhile_waits (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    fake_broker_set_manner (rig.broker, FAKE_BROKER_MUTE);
    fake_broker_goodbye (rig.broker);
    while (fake_broker_hellos (rig.broker) < 2) {
        cadre_dispatch (rig.pool);
        usleep (1000);
    }
    cadre_job_t *job = cadre_job_open (rig.pool, "g", NULL);
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_submit, rig.pool), 0);
    usleep (20000);
    fake_broker_set_manner (rig.broker, FAKE_BROKER_WELCOME);
    fake_broker_restart (rig.broker, ANOTHER);
    s_opened (&rig);
    cadre_job_add (job, NULL, "");
    heard_t heard = s_opened (&rig);
    fake_broker_result (rig.broker, heard.open.ref, 0, 3);
    void *future = NULL;
    pthread_join (thread, &future);
    cadre_future_t *submitted = future;
    assert_int_equal (cadre_future_wait (submitted, WAIT_MS), CADRE_OK);
    cadre_future_destroy (&submitted);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  Where the program says nothing, the variable does
static void s_patience_ends (const cadre_options_t *options)
{
    rig_t rig = pool_rig_begin_with (1000, options);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    cadre_job_t *job = s_job (&rig, 1, NULL);
    s_opened (&rig);
    heard_t heard = s_opened (&rig);
    s_tasks (&rig, &heard, 1);
    fake_broker_set_manner (rig.broker, FAKE_BROKER_MUTE);
    fake_broker_goodbye (rig.broker);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_UNAVAILABLE);
    assert_non_null (strstr (cadre_future_message (future), fake_broker_address (rig.broker)));
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_ERROR_UNAVAILABLE);
    cadre_future_destroy (&future);
    future = cadre_submit (rig.pool, "f", "");
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_UNAVAILABLE);
    cadre_future_destroy (&future);
    //  It comes back: nothing old is said, and new tasks are taken
    fake_broker_set_manner (rig.broker, FAKE_BROKER_WELCOME);
    for (int i = 0;
         i < 5000 && cadre_request (rig.pool, "x", NULL, NULL, 1) == CADRE_ERROR_UNAVAILABLE; i++)
        usleep (1000);
    future = cadre_submit (rig.pool, "f", "");
    heard = s_opened (&rig);
    fake_broker_result (rig.broker, heard.open.ref, 0, 3);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_OK);
    cadre_future_destroy (&future);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_patience_ends (void **state)
{
    (void) state;
    setenv ("CADRE_RECONNECT", "forever", 1);
    s_patience_ends (&(cadre_options_t){.reconnect_ms = 100});
    setenv ("CADRE_RECONNECT", "100ms", 1);
    s_patience_ends (NULL);
    setenv ("CADRE_RECONNECT", "soon", 1);
    assert_null (cadre_open ("ipc:///proc/nobody", NULL));
    assert_int_equal (cadre_open_error (), CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (cadre_open_message (), "CADRE_RECONNECT: 'soon' is not a duration"));
    unsetenv ("CADRE_RECONNECT");
}

static void *s_ask (void *argument)
{
    return (void *) (uintptr_t) cadre_request (argument, "job.list", NULL, NULL, WAIT_MS);
}

static void test_questions_are_not_asked_again (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_ask, rig.pool), 0);
    fake_broker_expect (rig.broker, WIRE_request);
    fake_broker_restart (rig.broker, ANOTHER);
    void *error = NULL;
    pthread_join (thread, &error);
    assert_int_equal ((uintptr_t) error, CADRE_ERROR_CLOSED);
    pool_rig_end (&rig);
}

//  There is no session to ask it in: it is asked when there is one.
static void test_a_question_waits_for_the_broker (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    pthread_t thread;
    fake_broker_set_manner (rig.broker, FAKE_BROKER_MUTE);
    fake_broker_goodbye (rig.broker);
    while (fake_broker_hellos (rig.broker) < 2)
        usleep (1000);
    assert_int_equal (cadre_request (rig.pool, "job.list", NULL, NULL, 20), CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_message (rig.pool), "does not answer: is it running?"));
    assert_int_equal (pthread_create (&thread, NULL, s_ask, rig.pool), 0);
    usleep (20000);
    fake_broker_set_manner (rig.broker, FAKE_BROKER_FORGET);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_request);
    wire_request_t request;
    assert_true (wire_read_request (&body, &request));
    buffer_t frame = {0}, nil = {0};
    pack_nil (&nil);
    wire_write_reply (&frame, (wire_envelope_t){0},
                      &(wire_reply_t){.id = request.id, .body = wire_view_of (&nil)});
    fake_broker_send (rig.broker, &frame);
    buffer_free (&nil);
    void *error = NULL;
    pthread_join (thread, &error);
    assert_int_equal ((uintptr_t) error, CADRE_OK);
    pool_rig_end (&rig);
}

static void test_another_pool_notices_nothing (void **state)
{
    (void) state;
    rig_t rig = s_begin (), other = s_begin ();
    cadre_future_t *one = cadre_submit (rig.pool, "f", ""),
                   *two = cadre_submit (other.pool, "f", "");
    s_opened (&rig);
    heard_t heard = s_opened (&other);
    fake_broker_restart (rig.broker, ANOTHER);
    heard_t again = s_opened (&rig);
    fake_broker_result (other.broker, heard.open.ref, 0, 1);
    fake_broker_result (rig.broker, again.open.ref, 0, 2);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (two, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 1);
    assert_int_equal (cadre_future_wait_int (one, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 2);
    assert_int_equal (fake_broker_hellos (other.broker), 1);
    assert_int_equal (fake_broker_waiting (other.broker, WIRE_job_open), 0);
    cadre_future_destroy (&one);
    cadre_future_destroy (&two);
    pool_rig_end (&other);
    pool_rig_end (&rig);
}

static void test_connected_while_the_broker_is_heard (void **state)
{
    (void) state;
    rig_t rig = s_begin ();
    assert_true (cadre_connected (rig.pool));
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    fake_broker_destroy (&rig.broker);
    for (int left = WAIT_MS; left > 0 && cadre_connected (rig.pool); left--)
        cadre_future_wait (future, 1);
    assert_false (cadre_connected (rig.pool));
    assert_false (cadre_connected (NULL));
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_sync_waits_for_the_acknowledgement),
        cmocka_unit_test (test_only_what_is_not_acknowledged_goes_again),
        cmocka_unit_test (test_what_is_settled_stays_settled),
        cmocka_unit_test (test_what_is_settled_keeps_nobody),
        cmocka_unit_test (test_what_a_memory_held_is_gone),
        cmocka_unit_test (test_another_number_is_another_job),
        cmocka_unit_test (test_what_was_never_acknowledged_starts_over),
        cmocka_unit_test (test_a_follower_hears_nothing_twice),
        cmocka_unit_test (test_a_follower_is_told_that_the_job_is_gone),
        cmocka_unit_test (test_the_window_holds_after_a_restart),
        cmocka_unit_test (test_unread_results_count_in_the_next_session),
        cmocka_unit_test (test_who_submits_meanwhile_waits),
        cmocka_unit_test (test_patience_ends),
        cmocka_unit_test (test_questions_are_not_asked_again),
        cmocka_unit_test (test_a_question_waits_for_the_broker),
        cmocka_unit_test (test_another_pool_notices_nothing),
        cmocka_unit_test (test_connected_while_the_broker_is_heard),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
