//  pool_test.c - the library against a broker driven by hand

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

//  ---- opening ---------------------------------------------------------------------

static void test_open_welcomed (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    assert_string_equal (cadre_address (rig.pool), fake_broker_address (rig.broker));
    assert_string_equal (cadre_message (rig.pool), "");
    assert_string_equal (cadre_version (), CADRE_VERSION_STRING);
    assert_int_equal (cadre_close (&rig.pool, 1000), CADRE_OK);
    assert_null (rig.pool);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_goodbye);
    wire_goodbye_t goodbye;
    assert_true (wire_read_goodbye (&body, &goodbye));
    fake_broker_destroy (&rig.broker);
}

static void s_open_fails (fake_broker_manner_t manner, cadre_error_t code, const char *part)
{
    fake_broker_t *broker = fake_broker_new (manner, 100);
    cadre_options_t options = {.connect_timeout_ms = 2000};
    assert_null (cadre_open (fake_broker_address (broker), &options));
    assert_int_equal (cadre_open_error (), code);
    assert_non_null (strstr (cadre_open_message (), part));
    fake_broker_destroy (&broker);
}

static void test_open_refused (void **state)
{
    (void) state;
    s_open_fails (FAKE_BROKER_REFUSE, CADRE_ERROR_REFUSED, "go away");
}

static void test_open_names_both_versions (void **state)
{
    (void) state;
    s_open_fails (FAKE_BROKER_FOREIGN, CADRE_ERROR_VERSION, "protocol 9.0 here, 1.0 there");
}

static void test_open_unanswered (void **state)
{
    (void) state;
    s_open_fails (FAKE_BROKER_MUTE, CADRE_ERROR_UNAVAILABLE, "cadre-broker --listen");
}

static void test_open_takes_the_next_address (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 100);
    char both [256];
    snprintf (both, sizeof both, "ipc:///proc/nobody,%s", fake_broker_address (broker));
    cadre_t *pool = cadre_open (both, &(cadre_options_t){.connect_timeout_ms = 600});
    assert_non_null (pool);
    assert_string_equal (cadre_address (pool), fake_broker_address (broker));
    cadre_close (&pool, 100);
    fake_broker_destroy (&broker);
}

static void test_open_waits_without_a_limit (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 100);
    cadre_t *pool =
        cadre_open (fake_broker_address (broker), &(cadre_options_t){.connect_timeout_ms = -1});
    assert_non_null (pool);
    cadre_close (&pool, 100);
    fake_broker_destroy (&broker);
    pool = cadre_open (NULL,
                       &(cadre_options_t){.connect_timeout_ms = -1, .threads = true, .slots = 1});
    assert_non_null (pool);
    cadre_close (&pool, -1);
}

static void test_open_bad_input (void **state)
{
    (void) state;
    assert_null (cadre_open ("nowhere", NULL));
    assert_int_equal (cadre_open_error (), CADRE_ERROR_ADDRESS);
    assert_null (cadre_open ("inproc://x", NULL));
    assert_int_equal (cadre_open_error (), CADRE_ERROR_ADDRESS);
    cadre_options_t options = {.reserved = {&options}};
    assert_null (cadre_open (NULL, &options));
    assert_int_equal (cadre_open_error (), CADRE_ERROR_ARGUMENT);
    static const cadre_function_t functions [] = {{0}};
    assert_null (cadre_open (NULL, &(cadre_options_t){.functions = functions}));
    assert_int_equal (cadre_open_error (), CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (cadre_open_message (), "cadre_main"));
}

//  ---- futures ------------------------------------------------------------------------

static void test_submit_and_wait (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "square", "i", (int64_t) 7);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_open);
    wire_job_open_t open;
    assert_true (wire_read_job_open (&body, &open));
    assert_true (view_is (open.function, "square"));
    assert_int_equal (open.kind, WIRE_KIND_CALL);
    assert_int_equal (open.retries_lost, 2);
    uint64_t ref = open.ref;
    assert_int_equal (pool_rig_tasks (&rig, NULL), 1);
    assert_false (cadre_future_done (future));
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_TIMEOUT);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_NONE);
    fake_broker_result (rig.broker, ref, 0, 49);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (future, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 49);
    double real = 0;
    assert_int_equal (cadre_future_wait_double (future, &real, 0), CADRE_OK);
    assert_true (real == 49.0);
    const char *text = NULL;
    assert_int_equal (cadre_future_wait_text (future, &text, 0), CADRE_ERROR_TYPE);
    assert_non_null (strstr (cadre_message (rig.pool), "text"));
    assert_true (cadre_future_done (future));
    assert_int_equal (cadre_value_int (cadre_future_value (future)), 49);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_OK);
    assert_int_equal (cadre_future_attempts (future), 1);
    assert_int_equal (cadre_future_run_us (future), 5);
    assert_true (cadre_future_progress (future) == 1.0);
    cadre_future_destroy (&future);
    assert_null (future);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_failure_has_details (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    uint64_t ref = pool_rig_opened (&rig, NULL);
    pool_rig_tasks (&rig, NULL);
    fake_broker_failed (rig.broker, ref, 0, CADRE_OUTCOME_ERROR, "range", "7 is too large");
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_string_equal (cadre_future_kind (future), "range");
    assert_string_equal (cadre_future_message (future), "7 is too large");
    assert_string_equal (cadre_future_trace (future), "in f");
    assert_string_equal (cadre_future_worker (future), "w1");
    assert_int_equal (cadre_future_code (future), 9);
    assert_int_equal (cadre_future_attempts (future), 2);
    assert_null (cadre_future_value (future));
    assert_string_equal (cadre_message (rig.pool), "7 is too large");
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_bad_arguments_are_told_by_the_future (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "?");
    assert_true (cadre_future_done (future));
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_ARGUMENT);
    assert_string_not_equal (cadre_future_message (future), "");
    cadre_future_destroy (&future);
    future = cadre_submit (rig.pool, "", "");
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_ARGUMENT);
    cadre_future_destroy (&future);
    cadre_value_t *map = cadre_value_map ();
    future = cadre_submit_value (rig.pool, "f", map, NULL);
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_ARGUMENT);
    cadre_future_destroy (&future);
    cadre_value_destroy (&map);
    future = cadre_submit_value (rig.pool, "f", NULL, &(cadre_job_options_t){.timeout_ms = -2});
    assert_int_equal (cadre_future_wait (future, 0), CADRE_ERROR_ARGUMENT);
    cadre_future_destroy (&future);
    assert_null (cadre_submit (NULL, "f", ""));
    pool_rig_end (&rig);
}

//  While a task is on its way others gather into one frame.
static void test_tasks_travel_in_batches (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (1000);
    cadre_future_t *futures [100];
    for (int i = 0; i < 100; i++)
        futures [i] = cadre_submit (rig.pool, "f", "i", (int64_t) i);
    uint64_t ref = pool_rig_opened (&rig, NULL), first = 0, total = 0, frames = 0;
    while (total < 100) {
        size_t count = pool_rig_tasks (&rig, &first);
        assert_int_equal (first, total);
        total += count;
        frames++;
    }
    assert_true (frames < 50);
    for (int i = 99; i >= 0; i--)
        fake_broker_result (rig.broker, ref, (uint64_t) i, i);
    for (int i = 0; i < 100; i++) {
        int64_t value = -1;
        assert_int_equal (cadre_future_wait_int (futures [i], &value, WAIT_MS), CADRE_OK);
        assert_int_equal (value, i);
        cadre_future_destroy (&futures [i]);
    }
    pool_rig_end (&rig);
}

static void *s_submit_three (void *argument)
{
    cadre_t *pool = argument;
    for (int i = 0; i < 3; i++) {
        cadre_future_t *future = cadre_submit (pool, "f", "");
        cadre_future_destroy (&future);
    }
    return NULL;
}

static void test_a_closed_window_holds_tasks_back (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (1);
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_submit_three, rig.pool), 0);
    pool_rig_opened (&rig, NULL);
    assert_int_equal (pool_rig_tasks (&rig, NULL), 1);
    usleep (20000);
    assert_int_equal (fake_broker_waiting (rig.broker, WIRE_job_tasks), 0);
    fake_broker_window (rig.broker, 2);
    uint64_t first = 0;
    assert_int_equal (pool_rig_tasks (&rig, &first), 1);
    assert_int_equal (first, 1);
    fake_broker_window (rig.broker, 3);
    assert_int_equal (pool_rig_tasks (&rig, &first), 1);
    assert_int_equal (first, 2);
    pthread_join (thread, NULL);
    pool_rig_end (&rig);
}

static void test_large_arguments_travel_in_parts (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    size_t size = WIRE_INLINE_MAX * 2;
    char *bytes = calloc (1, size);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "B", (const void *) bytes, size);
    uint64_t number = 0, got = 0, total = 1;
    while (got < total) {
        cursor_t body = fake_broker_expect (rig.broker, WIRE_part);
        wire_part_t part;
        assert_true (wire_read_part (&body, &part));
        total = part.total;
        number = part.payload;
        got += part.bytes.size;
    }
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_tasks);
    wire_job_tasks_t tasks;
    assert_true (wire_read_job_tasks (&body, &tasks));
    assert_int_equal (tasks.payloads.count, 1);
    assert_int_equal (wire_parts_of (tasks.payloads.values), number);
    cadre_future_destroy (&future);
    free (bytes);
    pool_rig_end (&rig);
}

static void test_cancel_names_the_task (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *one = cadre_submit (rig.pool, "f", "");
    cadre_future_t *two = cadre_submit (rig.pool, "f", "");
    assert_int_equal (cadre_future_cancel (two), CADRE_OK);
    cursor_t body = fake_broker_expect (rig.broker, WIRE_job_cancel);
    wire_job_cancel_t cancel;
    assert_true (wire_read_job_cancel (&body, &cancel));
    assert_false (cancel.all);
    assert_int_equal (cancel.index, 1);
    fake_broker_failed (rig.broker, cancel.ref, 1, CADRE_OUTCOME_CANCELLED, "", "");
    assert_int_equal (cadre_future_wait (two, WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (two), CADRE_OUTCOME_CANCELLED);
    assert_string_equal (cadre_future_message (two), "cancelled");
    cadre_future_destroy (&one);
    cadre_future_destroy (&two);
    pool_rig_end (&rig);
}

static void test_partial_values_and_progress (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    uint64_t ref = pool_rig_opened (&rig, NULL);
    cadre_value_t *value = NULL;
    assert_int_equal (cadre_future_next (future, &value, 0), CADRE_ERROR_TIMEOUT);
    fake_broker_output (rig.broker, ref, 0, WIRE_STREAM_PARTIAL, "\x05");
    fake_broker_output (rig.broker, ref, 0, WIRE_STREAM_PARTIAL, "\xa2hi");
    fake_broker_output (rig.broker, ref, 0, WIRE_STREAM_PROGRESS, "\x92\xca\x3f\x01\x01\x01\xa0");
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_value_int (value), 5);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_OK);
    assert_string_equal (cadre_value_text (value), "hi");
    cadre_value_destroy (&value);
    fake_broker_failed (rig.broker, ref, 0, CADRE_OUTCOME_ERROR, "x", "y");
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_true (cadre_future_progress (future) > 0.5 && cadre_future_progress (future) < 0.51);
    assert_int_equal (cadre_future_next (future, &value, 0), CADRE_ERROR_END);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_command_value (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    const char *argv [] = {"echo", "hi", NULL};
    cadre_future_t *future = cadre_submit_command (rig.pool, argv, NULL);
    uint64_t ref = pool_rig_opened (&rig, NULL);
    fake_broker_output (rig.broker, ref, 0, WIRE_STREAM_STDOUT, "hi\n");
    fake_broker_output (rig.broker, ref, 0, WIRE_STREAM_STDERR, "no\n");
    fake_broker_failed (rig.broker, ref, 0, CADRE_OUTCOME_EXIT, "", "");
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_string_equal (cadre_future_message (future), "exit code 9");
    size_t size = 0;
    const cadre_value_t *value = cadre_future_value (future);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stdout"), &size), "hi\n", 3);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stderr"), &size), "no\n", 3);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

//  ---- callbacks and event loops ------------------------------------------------------------

static void s_count (cadre_future_t *future, void *argument)
{
    assert_true (cadre_future_done (future));
    __atomic_add_fetch ((int *) argument, 1, __ATOMIC_SEQ_CST);
}

static void test_callback_on_the_pools_thread (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    int called = 0;
    cadre_future_t *future = cadre_submit (rig.pool, "f", "");
    assert_int_equal (cadre_future_on_done (future, s_count, &called), CADRE_OK);
    assert_int_equal (cadre_future_on_done (future, NULL, &called), CADRE_ERROR_ARGUMENT);
    fake_broker_result (rig.broker, pool_rig_opened (&rig, NULL), 0, 1);
    for (int i = 0; i < 5000 && !__atomic_load_n (&called, __ATOMIC_SEQ_CST); i++)
        usleep (1000);
    assert_int_equal (called, 1);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

static void test_descriptor_and_dispatch (void **state)
{
    (void) state;
    fake_broker_t *broker = fake_broker_new (FAKE_BROKER_WELCOME, 100);
    cadre_t *pool = cadre_open (fake_broker_address (broker),
                                &(cadre_options_t){.callbacks_by_dispatch = true});
    pool_rig_t rig = {broker, pool};
    struct pollfd item = {.fd = cadre_descriptor (pool), .events = POLLIN};
    assert_true (item.fd >= 0);
    assert_int_equal (cadre_dispatch (pool), CADRE_OK);
    assert_int_equal (poll (&item, 1, 0), 0);
    int called = 0;
    cadre_future_t *future = cadre_submit (pool, "f", "");
    cadre_future_on_done (future, s_count, &called);
    fake_broker_result (broker, pool_rig_opened (&rig, NULL), 0, 1);
    assert_int_equal (poll (&item, 1, WAIT_MS), 1);
    assert_int_equal (called, 0);
    assert_int_equal (cadre_dispatch (pool), CADRE_OK);
    assert_int_equal (called, 1);
    assert_int_equal (poll (&item, 1, 0), 0);
    cadre_future_destroy (&future);
    pool_rig_end (&rig);
}

//  ---- requests -------------------------------------------------------------------------------

static void *s_answer_request (void *argument)
{
    fake_broker_t *self = argument;
    cursor_t body = fake_broker_expect (self, WIRE_request);
    wire_request_t request;
    assert_true (wire_read_request (&body, &request));
    for (int i = 0; i < 2; i++) {
        uint8_t list [] = {0x91, (uint8_t) i};
        wire_reply_t reply = {.id = request.id, .body = {list, sizeof list}, .more = i == 0};
        buffer_t frame = {0};
        wire_write_reply (&frame, (wire_envelope_t){0}, &reply);
        fake_broker_send (self, &frame);
    }
    return NULL;
}

static void test_request_joins_replies (void **state)
{
    (void) state;
    pool_rig_t rig = pool_rig_begin (100);
    pthread_t thread;
    pthread_create (&thread, NULL, s_answer_request, rig.broker);
    cadre_value_t *body = NULL;
    assert_int_equal (cadre_request (rig.pool, "job.list", NULL, &body, WAIT_MS), CADRE_OK);
    pthread_join (thread, NULL);
    assert_int_equal (cadre_value_count (body), 2);
    assert_int_equal (cadre_value_int (cadre_value_at (body, 1)), 1);
    cadre_value_destroy (&body);
    assert_int_equal (cadre_request (rig.pool, "job.list", NULL, &body, 1), CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_message (rig.pool), "job.list"));
    assert_int_equal (cadre_request (rig.pool, "", NULL, NULL, 1), CADRE_ERROR_ARGUMENT);
    pool_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_open_welcomed),
        cmocka_unit_test (test_open_refused),
        cmocka_unit_test (test_open_waits_without_a_limit),
        cmocka_unit_test (test_open_names_both_versions),
        cmocka_unit_test (test_open_unanswered),
        cmocka_unit_test (test_open_takes_the_next_address),
        cmocka_unit_test (test_open_bad_input),
        cmocka_unit_test (test_submit_and_wait),
        cmocka_unit_test (test_failure_has_details),
        cmocka_unit_test (test_bad_arguments_are_told_by_the_future),
        cmocka_unit_test (test_tasks_travel_in_batches),
        cmocka_unit_test (test_a_closed_window_holds_tasks_back),
        cmocka_unit_test (test_large_arguments_travel_in_parts),
        cmocka_unit_test (test_cancel_names_the_task),
        cmocka_unit_test (test_partial_values_and_progress),
        cmocka_unit_test (test_command_value),
        cmocka_unit_test (test_callback_on_the_pools_thread),
        cmocka_unit_test (test_descriptor_and_dispatch),
        cmocka_unit_test (test_request_joins_replies),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
