//  overreach_test.c - a broker that sends more than it may, or what makes no sense: worker and
//  client end the session, and keep no memory for it

#include <cadre.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/run/follow.h"
#include "client/lib/session/result.h"
#include "common/pack.h"
#include "tests/lib/fake_broker.h"
#include "tests/lib/fake_slot.h"
#include "tests/lib/link_bench.h"

#define WAIT_MS 10000

//  ---- worker -------------------------------------------------------------------------

static bool s_begins_anew (void)
{
    link_bench_turn ();
    return link_state (link_bench.link) == LINK_GREETING;
}

//  By a frame: then nothing more that the window bounds may come.
static void test_a_broker_may_overdraw_once (void **state)
{
    (void) state;
    link_bench_open ();
    link_set_window (link_bench.link, 130, 130, 0, false); //  It is not opened further
    link_bench_send_tasks (1, 129);
    link_bench_send_tasks (130, 2);
    assert_false (s_begins_anew ());
    link_bench_send_tasks (132, 1);
    assert_true (s_begins_anew ());
    assert_int_equal (link_bench.tasks, 131);
    link_bench_teardown ();
}

static void test_orders_do_not_wait_without_end (void **state)
{
    buffer_t frame = {0}, spans = {0};
    (void) state;
    link_bench_open ();
    for (unsigned i = 0; i < 100000; i++)
        wire_pack_span (&spans, &(wire_span_t){.first = i, .count = 1});
    unsigned orders = 0;
    for (; orders < 1000 && !s_begins_anew (); orders++) {
        wire_write_cancel (
            &frame, (wire_envelope_t){.session = link_bench.session},
            &(wire_cancel_t){.after = UINT64_MAX, .leases = wire_list_of (&spans, 100000)});
        link_bench_send_back (&frame);
    }
    assert_in_range (orders, 10, 100);
    assert_int_equal (link_bench.cancels, 0);
    buffer_free (&spans);
    link_bench_teardown ();
}

static void test_jobs_are_not_kept_without_end (void **state)
{
    fake_bench_t bench;
    buffer_t spec = {0};
    (void) state;
    fake_bench_open (&bench, 1, NULL);
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
    fake_bench_close (&bench);
}

//  One that does not fit is never CADRE_OK.
static void test_a_refusal_has_a_code (void **state)
{
    static const uint64_t codes [] = {0, UINT64_C (1) << 32, UINT64_MAX, 100000};
    (void) state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        buffer_t frame = {0};
        link_bench_open ();
        wire_write_refused (
            &frame, (wire_envelope_t){0},
            &(wire_refused_t){.code = codes [i], .message = wire_view ("no\x1b[2J")});
        link_bench_send_back (&frame);
        link_bench_turn ();
        assert_int_equal (link_state (link_bench.link), LINK_ENDED);
        assert_int_equal (link_fault (link_bench.link)->code, CADRE_ERROR_REFUSED);
        assert_null (strchr (link_fault (link_bench.link)->text, 0x1b));
        link_bench_teardown ();
    }
}

static void test_a_welcome_without_a_sink_opens_nothing (void **state)
{
    buffer_t frame = {0};
    (void) state;
    link_bench_setup (false);
    assert_true (link_bench_hears (link_bench.back, WIRE_worker_hello));
    wire_write_worker_welcome (
        &frame, (wire_envelope_t){.session = 5},
        &(wire_worker_welcome_t){.lane = 1, .beat_ms = 1000, .lost_ms = 10000});
    link_bench_send_back (&frame);
    link_bench_turn ();
    assert_int_equal (link_state (link_bench.link), LINK_GREETING);
    link_bench_teardown ();
}

//  ---- client -------------------------------------------------------------------------

typedef struct rig {
    fake_broker_t *broker; //  Driven by hand
    cadre_t *pool;         //  At it
    cadre_job_t *job;      //  Of one task
    uint64_t ref;          //  Its number on this connection
} rig_t;

static rig_t s_begin (size_t window_bytes)
{
    rig_t self = {.broker = fake_broker_new (FAKE_BROKER_WELCOME, 1000)};
    wire_job_open_t open;
    self.pool = cadre_open (fake_broker_address (self.broker),
                            &(cadre_options_t){.window_bytes = window_bytes});
    assert_non_null (self.pool);
    self.job = cadre_job_open (self.pool, "f", NULL);
    cadre_job_add (self.job, NULL, "");
    cursor_t body = fake_broker_expect (self.broker, WIRE_job_open);
    assert_true (wire_read_job_open (&body, &open));
    fake_broker_expect (self.broker, WIRE_job_tasks);
    self.ref = open.ref;
    return self;
}

static void s_end (rig_t *self)
{
    cadre_job_destroy (&self->job);
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->broker);
}

static void test_output_beyond_the_window_ends_the_session (void **state)
{
    (void) state;
    rig_t rig = s_begin (4000);
    static char text [60000];
    memset (text, 'x', sizeof text - 1);
    for (int i = 0; i < 200; i++) //  More than is consumed, and paid back, while it comes
        fake_broker_output (rig.broker, rig.ref, 0, WIRE_STREAM_STDOUT, text);
    assert_int_equal (cadre_job_wait (rig.job, WAIT_MS), CADRE_ERROR_PROTOCOL);
    assert_non_null (strstr (cadre_job_message (rig.job), "window"));
    s_end (&rig);
}

static void s_notice (rig_t *rig, const char *text)
{
    buffer_t frame = {0};
    wire_write_notice (&frame, (wire_envelope_t){0},
                       &(wire_notice_t){.ref = rig->ref, .code = 1, .message = wire_view (text)});
    fake_broker_send (rig->broker, &frame);
}

static void test_of_notices_in_a_row_the_last_one_counts (void **state)
{
    (void) state;
    rig_t rig = s_begin (0);
    cadre_event_t event;
    for (int i = 0; i < 100; i++)
        s_notice (&rig, "waits");
    s_notice (&rig, "waits for a worker");
    fake_broker_opened (rig.broker, rig.ref, 7);
    assert_int_equal (cadre_job_number (rig.job, WAIT_MS), 7); //  All have come
    assert_int_equal (cadre_job_next (rig.job, &event, WAIT_MS), CADRE_OK);
    assert_string_equal (event.message, "waits for a worker");
    assert_int_equal (cadre_job_next (rig.job, &event, 0), CADRE_ERROR_TIMEOUT);
    s_end (&rig);
}

static void test_a_job_that_ends_before_its_tasks_says_so (void **state)
{
    (void) state;
    rig_t rig = s_begin (0);
    cadre_event_t event;
    fake_broker_state (rig.broker, rig.ref, 1, true);
    assert_int_equal (cadre_job_next (rig.job, &event, WAIT_MS), CADRE_ERROR_PROTOCOL);
    assert_non_null (strstr (cadre_job_message (rig.job), "before its tasks"));
    s_end (&rig);
}

static void test_a_value_without_room_is_an_error (void **state)
{
    result_t result;
    wire_result_t record = {.outcome = CADRE_OUTCOME_OK, .attempt = 1};
    (void) state;
    assert_true (result_lacking (&result, &record, WIRE_PAYLOAD_MAX));
    assert_int_equal (result.outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (result_value (&result).size, 0);
    assert_string_equal (result_detail (&result)->kind, "memory");
    result_free (&result);
    record.outcome = CADRE_OUTCOMES_COUNT;
    assert_false (result_lacking (&result, &record, 1));
}

static void *s_logs (void *argument)
{
    intptr_t code = follow_logs (argument, 7, -1, true, true);
    return (void *) code;
}

//  Memory goes with the tasks that are named, not with the largest number.
static void test_logs_of_any_task (void **state)
{
    static const uint64_t indexes [] = {0, 1023, 1024, 2863311531, 3000000000, UINT32_MAX};
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 1000);
    cadre_t *pool = cadre_open (fake_broker_address (broker), NULL);
    assert_non_null (pool);
    pthread_t thread;
    void *code = NULL;
    wire_job_follow_t follow;
    assert_int_equal (pthread_create (&thread, NULL, s_logs, pool), 0);
    cursor_t body = fake_broker_expect (broker, WIRE_job_follow);
    assert_true (wire_read_job_follow (&body, &follow));
    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        fake_broker_output (broker, follow.ref, indexes [i], WIRE_STREAM_STDOUT, "said\n");
        fake_broker_result (broker, follow.ref, indexes [i], 1);
    }
    fake_broker_state (broker, follow.ref, 6, true);
    pthread_join (thread, &code);
    assert_null (code);
    cadre_abort (&pool);
    fake_broker_destroy (&broker);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_broker_may_overdraw_once),
        cmocka_unit_test (test_orders_do_not_wait_without_end),
        cmocka_unit_test (test_jobs_are_not_kept_without_end),
        cmocka_unit_test (test_a_refusal_has_a_code),
        cmocka_unit_test (test_a_welcome_without_a_sink_opens_nothing),
        cmocka_unit_test (test_output_beyond_the_window_ends_the_session),
        cmocka_unit_test (test_of_notices_in_a_row_the_last_one_counts),
        cmocka_unit_test (test_a_job_that_ends_before_its_tasks_says_so),
        cmocka_unit_test (test_a_value_without_room_is_an_error),
        cmocka_unit_test (test_logs_of_any_task),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
