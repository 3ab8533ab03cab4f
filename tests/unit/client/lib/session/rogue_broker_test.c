//  rogue_broker_test.c - a broker that sends more than it may, or what makes no sense: the client
//  ends the session, and keeps no memory for it

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
#include "tests/lib/fakes/fake_broker.h"

#define WAIT_MS 10000

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
    intptr_t code = follow_logs (argument, 7, -1, &(follow_logs_t){.wait = true, .tag = true});
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
        cmocka_unit_test (test_output_beyond_the_window_ends_the_session),
        cmocka_unit_test (test_of_notices_in_a_row_the_last_one_counts),
        cmocka_unit_test (test_a_job_that_ends_before_its_tasks_says_so),
        cmocka_unit_test (test_a_value_without_room_is_an_error),
        cmocka_unit_test (test_logs_of_any_task),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
