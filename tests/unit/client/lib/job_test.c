//  job_test.c - jobs against a broker driven by hand

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/rigs/pool_rig.h"

#define WAIT_MS 10000

//  ---- jobs ---------------------------------------------------------------------------

static void test_options_travel (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    const char *needs [] = {"gpu", NULL};
    cadre_job_options_t options = {.name = "label",
                                   .priority = -3,
                                   .limit = 2,
                                   .retries = 4,
                                   .no_rerun = true,
                                   .timeout_ms = 10,
                                   .grace_ms = 20,
                                   .needs = needs,
                                   .directory = "/tmp",
                                   .slot_mark = true,
                                   .retry_limits = "error=3,worker-lost=0"};
    cadre_job_t *job = cadre_job_open (rig.pool, NULL, &options);
    wire_job_open_t open;
    pool_rig_opened (&rig, &open);
    assert_int_equal (open.kind, WIRE_KIND_COMMAND);
    assert_true (view_is (open.name, "label"));
    assert_int_equal (open.priority, -3);
    assert_int_equal (open.limit, 2);
    assert_int_equal (open.retries, 4);
    assert_int_equal (open.retries_lost, 0);
    assert_int_equal (open.timeout_ms, 10);
    assert_int_equal (open.grace_ms, 20);
    assert_int_equal (open.needs.count, 1);
    uint64_t tries = 9;
    cursor_t cause = cursor_find (open.causes, "error");
    assert_true (cursor_uint (&cause, &tries) && tries == 3);
    cause = cursor_find (open.causes, "worker-lost");
    assert_true (cursor_uint (&cause, &tries) && tries == 0);
    assert_false (open.durable || open.ended.count);
    view_t dir;
    cursor_t cursor = cursor_find (open.spec, "dir");
    assert_true (cursor_text (&cursor, &dir) && view_is (dir, "/tmp"));
    assert_int_equal (cadre_job_add (job, NULL, ""), CADRE_ERROR_ARGUMENT);
    assert_string_not_equal (cadre_job_message (job), "");
    const char *none [] = {NULL}, *argv [] = {"true", NULL}, *bad [] = {"=x", NULL};
    assert_int_equal (cadre_job_add_command (job, NULL, none, NULL, 0, NULL), CADRE_ERROR_ARGUMENT);
    assert_int_equal (cadre_job_add_command (job, NULL, argv, NULL, 0, bad), CADRE_ERROR_ARGUMENT);
    uint32_t index = 9;
    assert_int_equal (cadre_job_add_command (job, &index, argv, "in", 2, NULL), CADRE_OK);
    assert_int_equal (index, 0);
    assert_int_equal (cadre_job_add_line (job, &index, "true", NULL, 0, NULL), CADRE_OK);
    assert_int_equal (index, 1);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_add_line (job, NULL, "true", NULL, 0, NULL), CADRE_ERROR_CLOSED);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_seal);
    wire_job_seal_t seal;
    assert_true (wire_read_job_seal (&body, &seal));
    assert_int_equal (seal.count, 2);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_wrong_limits_are_named (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    static const char *const wrong [] = {"3",        "error",       "error=",      "error=x",
                                         "error=1,", ",error=1",    "ok=1",        "error=-1",
                                         "error=1 ", "cancelled=1", "error=123456"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cadre_job_t *job =
            cadre_job_open (rig.pool, "f", &(cadre_job_options_t){.retry_limits = wrong [i]});
        assert_int_equal (cadre_job_add (job, NULL, ""), CADRE_ERROR_ARGUMENT);
        assert_non_null (strstr (cadre_job_message (job), "error=3,timeout=1"));
        cadre_job_destroy (&job);
    }
    static const cadre_job_options_t others [] = {
        {.expire_ms = -2},
        {.timeout_ms = -2},
        {.grace_ms = -1},
        {.backoff_ms = -1},
        {.no_rerun = true, .retry_limits = "worker-lost=1"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cadre_job_t *job = cadre_job_open (rig.pool, "f", &others [i]);
        assert_int_equal (cadre_job_add (job, NULL, ""), CADRE_ERROR_ARGUMENT);
        cadre_job_destroy (&job);
    }
    cadre_future_t *future =
        cadre_submit_value (rig.pool, "f", NULL, &(cadre_job_options_t){.durable = true});
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_ARGUMENT);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

//  -1 is no limit, as in a timeout that is an argument; and no rerun is asked for by its name
//  alone.
static void test_zero_and_minus_one_are_no_limit (void **state)
{
    (void) state;
    static const int64_t times [] = {0, -1};
    for (size_t i = 0; i < 2; i++) {
        pool_rig_t rig = pool_rig_begin (100000);
        cadre_job_options_t options = {.timeout_ms = times [i], .expire_ms = times [i]};
        cadre_job_t *job = cadre_job_open (rig.pool, "f", &options);
        wire_job_open_t open;
        pool_rig_opened (&rig, &open);
        assert_int_equal (open.timeout_ms, 0);
        assert_int_equal (open.expire_ms, 0);
        assert_int_equal (open.retries_lost, 2);
        cadre_job_destroy (&job);
        pool_rig_end (&rig);
    }
}

static void s_next (cadre_job_t *job, cadre_event_kind_t kind, uint32_t index)
{
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
    assert_int_equal (event.kind, kind);
    assert_int_equal (event.index, index);
}

//  Two tasks; what they write and how they end comes interleaved, the later one first.
static cadre_job_t *s_two (pool_rig_t *rig, bool ordered)
{
    cadre_job_t *job = cadre_job_open (rig->pool, "f", &(cadre_job_options_t){.ordered = ordered});
    uint64_t ref = pool_rig_opened (rig, NULL);
    cadre_job_add (job, NULL, "i", (int64_t) 1);
    cadre_value_t *list = cadre_value_build ("[i]", (int64_t) 2);
    assert_int_equal (cadre_job_add_value (job, NULL, list), CADRE_OK);
    cadre_value_destroy (&list);
    cadre_job_seal (job);
    fake_broker_expect (rig->broker, WIRE_job_seal);
    fake_broker_output (rig->broker, ref, 1, WIRE_STREAM_STDOUT, "b");
    fake_broker_output (rig->broker, ref, 0, WIRE_STREAM_STDOUT, "a");
    fake_broker_result (rig->broker, ref, 1, 4);
    fake_broker_result (rig->broker, ref, 0, 1);
    fake_broker_state (rig->broker, ref, 2, true);
    return job;
}

static void test_events_in_the_order_of_arrival (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = s_two (&rig, false);
    cadre_event_t event;
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
    assert_int_equal (event.kind, CADRE_EVENT_OUTPUT);
    assert_int_equal (event.index, 1);
    assert_int_equal (event.stream, CADRE_STREAM_STDOUT);
    assert_int_equal (event.size_bytes, 1);
    assert_memory_equal (event.bytes, "b", 1);
    s_next (job, CADRE_EVENT_OUTPUT, 0);
    s_next (job, CADRE_EVENT_RESULT, 1);
    s_next (job, CADRE_EVENT_RESULT, 0);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  A program that was compiled with an older header has a shorter struct; with a newer one, a
//  longer.
static void test_structs_of_other_headers_are_kept (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = s_two (&rig, true);
    union {
        cadre_event_t event;
        uint8_t bytes [sizeof (cadre_event_t) + 16];
    } space;
    const size_t older = offsetof (cadre_event_t, user_us);
    memset (&space, 0xee, sizeof space);
    assert_int_equal (cadre_job_next_sized (job, &space.event, older, WAIT_MS), CADRE_OK);
    assert_int_equal (space.event.kind, CADRE_EVENT_OUTPUT);
    assert_string_equal (space.event.worker, "");
    assert_int_equal (space.bytes [older], 0xee);
    assert_int_equal (cadre_job_next_sized (job, &space.event, sizeof space, WAIT_MS), CADRE_OK);
    assert_int_equal (space.event.kind, CADRE_EVENT_RESULT);
    assert_int_equal (space.bytes [sizeof space - 1], 0);
    cadre_progress_t progress = {.failed = 7};
    const size_t before = offsetof (cadre_progress_t, failed);
    assert_int_equal (cadre_job_progress_sized (job, &progress, before), CADRE_OK);
    assert_int_equal (progress.total, 2);
    assert_int_equal (progress.failed, 7);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_ordered_events_wait_for_their_turn (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = s_two (&rig, true);
    s_next (job, CADRE_EVENT_OUTPUT, 0);
    s_next (job, CADRE_EVENT_RESULT, 0);
    s_next (job, CADRE_EVENT_OUTPUT, 1);
    s_next (job, CADRE_EVENT_RESULT, 1);
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_number_progress_and_wait (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    assert_int_equal (cadre_job_number (job, 0), 0);
    uint64_t ref = pool_rig_opened (&rig, NULL);
    fake_broker_opened (rig.broker, ref, 42);
    assert_int_equal (cadre_job_number (job, WAIT_MS), 42);
    for (int i = 0; i < 3; i++)
        cadre_job_add (job, NULL, "");
    fake_broker_expect (rig.broker, WIRE_job_tasks);
    fake_broker_expect (rig.broker, WIRE_job_tasks);
    assert_int_equal (cadre_job_wait (job, 0), CADRE_ERROR_TIMEOUT);
    fake_broker_state (rig.broker, ref, 3, false);
    fake_broker_result (rig.broker, ref, 1, 1);
    s_next (job, CADRE_EVENT_RESULT, 1);
    cadre_progress_t progress;
    assert_int_equal (cadre_job_progress (job, &progress), CADRE_OK);
    assert_int_equal (progress.total, 3);
    assert_int_equal (progress.done, 1);
    assert_int_equal (progress.running, 1);
    assert_int_equal (progress.waiting, 1);
    fake_broker_result (rig.broker, ref, 0, 1);
    fake_broker_failed (rig.broker, ref, 2, CADRE_OUTCOME_SIGNAL, "signal", "killed");
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_job_message (job), "1 of 3 tasks failed"));
    cadre_job_destroy (&job);
    fake_broker_expect (rig.broker, WIRE_job_seal);
    pool_rig_end (&rig);
}

//  Submitted again under its identity when it has ended: its tasks are said all the same, and the
//  broker compares them
static void s_submit_again (bool same)
{
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_options_t options = {.detached = true, .uuid = "sixteen bytes id"};
    cadre_job_t *job = cadre_job_open (rig.pool, "f", &options);
    uint64_t ref = pool_rig_opened (&rig, NULL);
    fake_broker_opened (rig.broker, ref, 42);
    fake_broker_state (rig.broker, ref, 2, true);
    assert_int_equal (cadre_job_number (job, WAIT_MS), 42);
    uint32_t index = 9;
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal (cadre_job_add (job, &index, ""), CADRE_OK);
        assert_int_equal (index, i);
    }
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, 0), CADRE_ERROR_TIMEOUT);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    fake_broker_expect (rig.broker, WIRE_job_tasks);
    fake_broker_expect (rig.broker, WIRE_job_seal);
    wire_job_opened_t no = {
        .ref = ref, .code = CADRE_ERROR_REFUSED, .message = wire_view ("these are others")};
    buffer_t frame = {0};
    wire_write_job_opened (&frame, (wire_envelope_t){0}, &no);
    if (same)
        buffer_free (&frame);
    else
        fake_broker_send (rig.broker, &frame);
    fake_broker_acknowledge (rig.broker);
    assert_int_equal (cadre_job_sync (job, WAIT_MS), same ? CADRE_OK : CADRE_ERROR_REFUSED);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS),
                      same ? CADRE_ERROR_END : CADRE_ERROR_REFUSED);
    if (!same)
        assert_string_equal (cadre_job_message (job), "these are others");
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_what_was_submitted_before_and_has_ended (void **state)
{
    (void) state;
    s_submit_again (true);
    s_submit_again (false);
}

static void test_cancel (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    cadre_job_add (job, NULL, "");
    assert_int_equal (cadre_job_cancel_task (job, 1), CADRE_ERROR_ARGUMENT);
    assert_int_equal (cadre_job_cancel_task (job, 0), CADRE_OK);
    wire_job_cancel_t cancel;
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && !cancel.all && cancel.index == 0);
    assert_int_equal (cadre_job_cancel (job), CADRE_OK);
    body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && cancel.all);
    cadre_job_destroy (&job);
    body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    assert_true (wire_read_job_cancel (&body, &cancel) && cancel.all);
    pool_rig_end (&rig);
}

static void test_follow_and_not_found (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = cadre_job_follow (rig.pool, 17, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_follow);
    wire_job_follow_t follow;
    assert_true (wire_read_job_follow (&body, &follow));
    assert_int_equal (follow.number, 17);
    assert_true (follow.results && !follow.output && follow.wait);
    fake_broker_opened (rig.broker, follow.ref, 17);
    fake_broker_result (rig.broker, follow.ref, 1000000, 8);
    fake_broker_state (rig.broker, follow.ref, 1, true);
    s_next (job, CADRE_EVENT_RESULT, 1000000);
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
    assert_int_equal (cadre_job_add (job, NULL, ""), CADRE_ERROR_ARGUMENT);
    cadre_job_destroy (&job);
    job = cadre_job_follow (rig.pool, 18, 0);
    body = fake_broker_expect (rig.broker, WIRE_job_follow);
    assert_true (wire_read_job_follow (&body, &follow));
    wire_job_opened_t opened = {
        .ref = follow.ref, .code = CADRE_ERROR_NOT_FOUND, .message = wire_view ("no job 18")};
    buffer_t frame = {0};
    wire_write_job_opened (&frame, (wire_envelope_t){0}, &opened);
    fake_broker_send (rig.broker, &frame);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_NOT_FOUND);
    assert_string_equal (cadre_job_message (job), "no job 18");
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

static void test_notice_explains_a_wait (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100000);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    cadre_job_add (job, NULL, "");
    wire_notice_t notice = {.ref = pool_rig_opened (&rig, NULL),
                            .code = CADRE_ERROR_NO_WORKER,
                            .message = wire_view ("no worker fits")};
    buffer_t frame = {0};
    wire_write_notice (&frame, (wire_envelope_t){0}, &notice);
    fake_broker_send (rig.broker, &frame);
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
    assert_int_equal (event.kind, CADRE_EVENT_NOTICE);
    assert_int_equal (event.code, CADRE_ERROR_NO_WORKER);
    assert_string_equal (event.message, "no worker fits");
    assert_int_equal (cadre_job_next (job, &event, 1), CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_job_message (job), "no worker fits"));
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

//  A program that never reads keeps the broker from sending more.
static void test_unread_events_close_the_window (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 100000);
    cadre_t *pool =
        cadre_open (fake_broker_address (broker), &(cadre_options_t){.window_bytes = 4000});
    pool_rig_t rig = {.broker = broker, .pool = pool};
    cadre_job_t *job = cadre_job_open (pool, NULL, NULL);
    uint64_t ref = pool_rig_opened (&rig, NULL);
    const char *argv [] = {"yes", NULL};
    cadre_job_add_command (job, NULL, argv, NULL, 0, NULL);
    fake_broker_expect (broker, WIRE_job_tasks);
    char text [1000] = {0};
    memset (text, 'y', sizeof text - 1);
    for (int i = 0; i < 3; i++)
        fake_broker_output (broker, ref, 0, WIRE_STREAM_STDOUT, text);
    fake_broker_expect (broker, WIRE_beat);
    fake_broker_expect (broker, WIRE_beat);
    assert_int_equal (fake_broker_waiting (broker, WIRE_window), 0);
    for (int i = 0; i < 3; i++)
        s_next (job, CADRE_EVENT_OUTPUT, 0);
    cadre_event_t event;
    assert_int_equal (cadre_job_next (job, &event, 1), CADRE_ERROR_TIMEOUT);
    wire_window_t window;
    cursor_t body = fake_broker_expect (broker, WIRE_window);
    assert_true (wire_read_window (&body, &window));
    assert_true (window.bytes >= 7000);
    cadre_job_destroy (&job);
    pool_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_options_travel),
        cmocka_unit_test (test_wrong_limits_are_named),
        cmocka_unit_test (test_zero_and_minus_one_are_no_limit),
        cmocka_unit_test (test_events_in_the_order_of_arrival),
        cmocka_unit_test (test_ordered_events_wait_for_their_turn),
        cmocka_unit_test (test_structs_of_other_headers_are_kept),
        cmocka_unit_test (test_number_progress_and_wait),
        cmocka_unit_test (test_what_was_submitted_before_and_has_ended),
        cmocka_unit_test (test_cancel),
        cmocka_unit_test (test_follow_and_not_found),
        cmocka_unit_test (test_notice_explains_a_wait),
        cmocka_unit_test (test_unread_events_close_the_window),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
