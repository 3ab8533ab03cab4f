//  slot_test.c - a slot and its functions, told what to do by a worker that the test plays

#include "common/value.h"
#include "tests/lib/fakes/fake_clock.h"
#include "tests/lib/fakes/fake_worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW (1u << 20)

static cadre_error_t s_square (cadre_task_t *call)
{
    int64_t n = cadre_arg_int (call, 0);
    return cadre_return_int (call, n * n);
}

static cadre_error_t s_fragile (cadre_task_t *call)
{
    if (cadre_arg_int (call, 0) % 2)
        return cadre_fail (call, "odd", "%d is odd", (int) cadre_arg_int (call, 0));
    return cadre_return_int (call, cadre_arg_int (call, 0));
}

static cadre_error_t s_count_starts (void **state)
{
    static int started;
    *state = &started;
    started++;
    return CADRE_OK;
}

static cadre_error_t s_started (cadre_task_t *call)
{
    return cadre_return_int (call, *(int *) cadre_task_state (call));
}

static void s_forget_starts (void *state)
{
    *(int *) state = 0;
}

static cadre_error_t s_no_start (void **state)
{
    *state = NULL;
    return CADRE_ERROR_MEMORY;
}

static cadre_error_t s_talk (cadre_task_t *call)
{
    cadre_task_log (call, "at %d", 1);
    cadre_task_progress (call, 0.5, "half");
    cadre_task_progress (call, 0.6, "too soon");
    cadre_value_t *value = cadre_value_build ("[i]", (int64_t) 9);
    cadre_task_emit (call, &value);
    return cadre_return_text (call, "done");
}

static cadre_error_t s_until_cancelled (cadre_task_t *call)
{
    cadre_task_log (call, "here");
    while (!cadre_task_cancelled (call))
        ;
    return cadre_fail (call, "cancelled", "as you wish");
}

static const cadre_function_t s_functions [] = {
    {.name = "square", .run = s_square, .takes = "i", .says = "the square of an integer"},
    {.name = "fragile", .run = s_fragile},
    {.name = "started", .run = s_started, .start = s_count_starts, .end = s_forget_starts},
    {.name = "no_start", .run = s_started, .start = s_no_start},
    {.name = "talk", .run = s_talk},
    {.name = "until_cancelled", .run = s_until_cancelled},
    {0}};

static fake_worker_t *s_worker_with (const char *function, unsigned kind,
                                     const clock_source_t *clock)
{
    fake_worker_t *worker = fake_worker_new (s_functions, true, clock);
    assert_int_equal (fake_worker_start (worker, NULL, NULL), 0);
    fake_worker_job (worker, 5, kind, function, NULL);
    return worker;
}

static uint32_t s_task (fake_worker_t *worker, int64_t number)
{
    cadre_value_t *payload = cadre_value_build ("[i]", number);
    return fake_worker_task (worker, 5, WINDOW, &payload);
}

static const char *s_detail (const fake_result_t *result, const char *key)
{
    return cadre_value_text (cadre_value_get (result->detail, key));
}

static void test_ready_lists_functions (void **state)
{
    (void) state;
    fake_worker_t *worker = fake_worker_new (s_functions, true, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, NULL), 0);
    assert_string_equal (fake_worker_functions (worker),
                         "square(i) fragile() started() no_start() talk() until_cancelled()");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_tasks_in_order (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("square", WIRE_KIND_CALL, NULL);
    for (int64_t i = 0; i < 3000; i++)
        s_task (worker, i);
    for (int64_t i = 0; i < 3000; i++) {
        fake_result_t *result = fake_worker_result (worker);
        assert_int_equal (result->ticket, i + 1);
        assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
        assert_int_equal (cadre_value_int (result->value), i * i);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_revoked_tasks_are_skipped (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("square", WIRE_KIND_CALL, NULL);
    s_task (worker, 1);
    assert_int_equal (fake_worker_result (worker)->ticket, 1);
    s_task (worker, 2);
    s_task (worker, 3);
    uint32_t first;
    assert_int_equal (fake_worker_revoke (worker, &first), 2);
    s_task (worker, 4);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->ticket, 4);
    assert_int_equal (cadre_value_int (result->value), 16);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_late_tasks_are_declined (void **state)
{
    (void) state;
    fake_clock_t fake = {.now_us = 1000};
    clock_source_t clock = fake_clock_of (&fake);
    fake_worker_t *worker = s_worker_with ("square", WIRE_KIND_CALL, &clock);
    for (uint64_t by_us = 998; by_us <= 1001; by_us++) {
        cadre_value_t *payload = cadre_value_build ("[i]", (int64_t) 3);
        fake_worker_task_by (worker, 5, by_us, &payload);
    }
    for (uint64_t by_us = 998; by_us <= 1001; by_us++) {
        fake_result_t *result = fake_worker_result (worker);
        assert_int_equal (result->outcome, by_us < 1000 ? CADRE_OUTCOME_EXPIRED : CADRE_OUTCOME_OK);
        assert_int_equal (cadre_value_int (result->value), by_us < 1000 ? 0 : 9);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_wrong_arguments (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("square", WIRE_KIND_CALL, NULL);
    cadre_value_t *payloads [] = {
        cadre_value_build ("[s]", "7"), cadre_value_build ("[i,i]", (int64_t) 1, (int64_t) 2),
        cadre_value_list (), cadre_value_build ("[u]", UINT64_MAX), cadre_value_nil ()};
    const char *const messages [] = {
        "square takes an integer as argument 1, got text", "square takes (i), got 2 arguments",
        "square takes (i), got 0 arguments",
        "square takes an integer up to 9223372036854775807 as argument 1, got 18446744073709551615",
        "square takes a list of arguments, got something else"};
    for (size_t i = 0; i < 5; i++) {
        fake_worker_task (worker, 5, WINDOW, &payloads [i]);
        fake_result_t *result = fake_worker_result (worker);
        assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
        assert_string_equal (s_detail (result, "kind"), "type");
        assert_string_equal (s_detail (result, "message"), messages [i]);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_unknown_function (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("sqare", WIRE_KIND_CALL, NULL);
    s_task (worker, 1);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_detail (result, "kind"), "function");
    assert_string_equal (s_detail (result, "message"),
                         "no function sqare here: did you mean square?");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_map_with_failing_items (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("fragile", WIRE_KIND_MAP, NULL);
    cadre_value_t *payload =
        cadre_value_build ("[[i],[i],[s],[i]]", (int64_t) 2, (int64_t) 3, "x", (int64_t) 4);
    fake_worker_task (worker, 5, WINDOW, &payload);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_detail (result, "kind"), "odd");
    assert_string_equal (s_detail (result, "message"), "3 is odd");
    assert_int_equal (cadre_value_count (result->value), 4);
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 0)), 2);
    const cadre_value_t *failure = cadre_value_at (result->value, 1);
    assert_int_equal (cadre_value_type (failure), CADRE_TYPE_FAILURE);
    assert_string_equal (cadre_value_text (cadre_value_at (failure, 1)), "3 is odd");
    failure = cadre_value_at (result->value, 2);
    assert_string_equal (cadre_value_text (cadre_value_at (failure, 0)), "type");
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 3)), 4);

    payload = cadre_value_build ("[[i],[i]]", (int64_t) 2, (int64_t) 4);
    fake_worker_task (worker, 5, WINDOW, &payload);
    result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_count (result->value), 2);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_start_once (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("started", WIRE_KIND_CALL, NULL);
    for (int i = 0; i < 2; i++) {
        s_task (worker, 1);
        assert_int_equal (cadre_value_int (fake_worker_result (worker)->value), 1);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
    worker = s_worker_with ("no_start", WIRE_KIND_CALL, NULL);
    s_task (worker, 1);
    fake_result_t *result = fake_worker_result (worker);
    assert_string_equal (s_detail (result, "kind"), "start");
    assert_string_equal (s_detail (result, "message"),
                         "the start of no_start failed: out of memory");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_talk (void **state)
{
    (void) state;
    fake_clock_t fake = {.now_us = 5};
    clock_source_t clock = fake_clock_of (&fake);
    fake_worker_t *worker = s_worker_with ("talk", WIRE_KIND_CALL, &clock);
    s_task (worker, 1);
    fake_result_t *result = fake_worker_result (worker);
    assert_string_equal ((const char *) result->streams [CADRE_STREAM_LOG].data, "at 1");
    cadre_value_t *progress = cadre_value_decode (result->streams [CADRE_STREAM_PROGRESS].data,
                                                  result->streams [CADRE_STREAM_PROGRESS].size);
    assert_string_equal (cadre_value_text (cadre_value_at (progress, 1)), "half");
    cadre_value_t *partial = cadre_value_decode (result->streams [CADRE_STREAM_PARTIAL].data,
                                                 result->streams [CADRE_STREAM_PARTIAL].size);
    assert_int_equal (cadre_value_int (cadre_value_at (partial, 0)), 9);
    assert_string_equal (cadre_value_text (result->value), "done");
    cadre_value_destroy (&progress);
    cadre_value_destroy (&partial);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_output_waits_for_the_window (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("talk", WIRE_KIND_CALL, NULL);
    cadre_value_t *payload = cadre_value_list ();
    uint32_t ticket = fake_worker_task (worker, 5, 4, &payload);
    payload = cadre_value_list ();
    fake_worker_task (worker, 5, WINDOW, &payload);
    assert_int_equal (fake_worker_output (worker), CADRE_STREAM_LOG);
    assert_true (fake_worker_has_begun (worker, ticket));
    fake_worker_window (worker, ticket + 7, WINDOW);
    fake_worker_window (worker, ticket, WINDOW);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->ticket, ticket);
    assert_string_equal (cadre_value_text (result->value), "done");
    assert_int_equal (fake_worker_result (worker)->ticket, ticket + 1);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_cancel_is_seen (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with ("until_cancelled", WIRE_KIND_CALL, NULL);
    uint32_t ticket = s_task (worker, 1);
    assert_int_equal (fake_worker_output (worker), CADRE_STREAM_LOG);
    fake_worker_cancel (worker, ticket);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_detail (result, "message"), "as you wish");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_threads_run_no_commands (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker_with (NULL, WIRE_KIND_COMMAND, NULL);
    cadre_value_t *payload = cadre_value_build ("[s,n,n]", "true");
    fake_worker_task (worker, 5, WINDOW, &payload);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_detail (result, "kind"), "refused");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void s_assert_broken (const void *bytes, size_t size)
{
    fake_worker_t *worker = s_worker_with ("square", WIRE_KIND_CALL, NULL);
    fake_worker_raw (worker, bytes, size);
    assert_true (fake_worker_ended (worker));
    assert_int_equal (fake_worker_destroy (&worker), 70);
}

static void test_messages_without_sense (void **state)
{
    (void) state;
    s_assert_broken ("\0\0\0\0", 4);                              // no verb
    s_assert_broken ("\xff\xff\xff\xff", 4);                      // four GiB
    s_assert_broken ("\0\0\0\1\x99", 5);                          // a verb that nobody knows
    s_assert_broken ("\0\0\0\2\x62\xc0", 6);                      // a task that is nil
    s_assert_broken ("\0\0\0\2\x60\x90", 6);                      // a second start
    s_assert_broken ("\0\0\0\x08\x62\x96\x01\x05\0\1\0\x90", 12); // a ticket that was never offered
    s_assert_broken ("\0\0\0\x08\x62\x96\x01\x09\0\1\0\x90", 12); // a job that is not there
}

static const char *s_plugin (const char *name, char *path, size_t size)
{
    const char *build = getenv ("CADRE_BUILD_DIR");
    snprintf (path, size, "%s/plugins/%s.so", build ? build : ".", name);
    return path;
}

static void test_plugin (void **state)
{
    (void) state;
    char path [512];
    const char *const plugins [] = {s_plugin ("arithmetic", path, sizeof path), NULL};
    fake_worker_t *worker = fake_worker_new (NULL, true, NULL);
    assert_int_equal (fake_worker_start (worker, plugins, NULL), 0);
    assert_string_equal (fake_worker_functions (worker), "square(i) divide(ii)");
    fake_worker_job (worker, 5, WIRE_KIND_CALL, "divide", NULL);
    cadre_value_t *payload = cadre_value_build ("[i,i]", (int64_t) 7, (int64_t) 0);
    fake_worker_task (worker, 5, WINDOW, &payload);
    fake_result_t *result = fake_worker_result (worker);
    assert_string_equal (s_detail (result, "kind"), "division");
    assert_string_equal (s_detail (result, "message"), "7 divided by zero");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void s_assert_no_plugin (const char *path, const char *message)
{
    const char *const plugins [] = {path, NULL};
    fake_worker_t *worker = fake_worker_new (NULL, true, NULL);
    assert_int_equal (fake_worker_start (worker, plugins, NULL), CADRE_ERROR_PLUGIN);
    if (!strstr (fake_worker_message (worker), message))
        fail_msg ("\"%s\" does not say \"%s\"", fake_worker_message (worker), message);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_plugins_that_cannot_be_used (void **state)
{
    (void) state;
    char path [512];
    s_assert_no_plugin (
        "/proc/nowhere/x.so",
        "plugin /proc/nowhere/x.so cannot be read (No such file or directory): give the path of an existing file");
    s_assert_no_plugin (s_plugin ("no_plugin", path, sizeof path), "no cadre plugin");
    s_assert_no_plugin (s_plugin ("future_abi", path, sizeof path),
                        "was built for cadre plugin ABI 9, this cadre has 1: rebuild it");
    s_assert_no_plugin (s_plugin ("bad_takes", path, sizeof path), "'q' is not a type");
    s_assert_no_plugin ("/etc/passwd", "cannot be loaded");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_ready_lists_functions),
        cmocka_unit_test (test_tasks_in_order),
        cmocka_unit_test (test_revoked_tasks_are_skipped),
        cmocka_unit_test (test_late_tasks_are_declined),
        cmocka_unit_test (test_wrong_arguments),
        cmocka_unit_test (test_unknown_function),
        cmocka_unit_test (test_map_with_failing_items),
        cmocka_unit_test (test_start_once),
        cmocka_unit_test (test_talk),
        cmocka_unit_test (test_output_waits_for_the_window),
        cmocka_unit_test (test_cancel_is_seen),
        cmocka_unit_test (test_threads_run_no_commands),
        cmocka_unit_test (test_messages_without_sense),
        cmocka_unit_test (test_plugin),
        cmocka_unit_test (test_plugins_that_cannot_be_used),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
