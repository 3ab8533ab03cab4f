//  program_test.c - functions served by programs in other languages, good ones and bad ones

#include "common/value.h"
#include "tests/lib/fakes/fake_worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>

#define WINDOW (1u << 20)

static const char *s_path (const char *name, char *path, size_t size)
{
    const char *source = getenv ("CADRE_SOURCE_DIR");
    snprintf (path, size, "%s/%s", source ? source : ".", name);
    return path;
}

static const char *s_text (const fake_result_t *result, const char *key)
{
    return cadre_value_text (cadre_value_get (result->detail, key));
}

static fake_result_t *s_call (fake_worker_t *worker, uint64_t job, cadre_value_t *payload)
{
    fake_worker_task (worker, job, WINDOW, &payload);
    return fake_worker_result (worker);
}

static void test_python (void **state)
{
    (void) state;
    char path [512];
    const char *const program [] = {
        s_path ("client/examples/programs/squares.py", path, sizeof path), NULL};
    fake_worker_t *worker = fake_worker_new (NULL, false, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, program), 0);
    assert_string_equal (fake_worker_functions (worker), "square(i) mean(v)");
    fake_worker_job (worker, 1, WIRE_KIND_CALL, "square", NULL);
    fake_worker_job (worker, 2, WIRE_KIND_CALL, "mean", NULL);
    fake_worker_job (worker, 3, WIRE_KIND_MAP, "square", NULL);
    for (int64_t i = -300; i <= 300; i += 100)
        assert_int_equal (cadre_value_int (s_call (worker, 1, cadre_value_build ("[i]", i))->value),
                          i * i);
    fake_result_t *result =
        s_call (worker, 2, cadre_value_build ("[[d,i,i]]", 0.5, (int64_t) 1, (int64_t) 70000));
    assert_true (cadre_value_double (result->value) == 23333.833333333332);
    result = s_call (worker, 2, cadre_value_build ("[[]]"));
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_text (result, "kind"), "ZeroDivisionError");
    assert_string_equal (s_text (result, "message"), "division by zero");
    assert_non_null (strstr (s_text (result, "trace"), "squares.py"));
    result = s_call (worker, 1, cadre_value_build ("[s]", "x"));
    assert_string_equal (s_text (result, "message"),
                         "square takes an integer as argument 1, got text");
    result = s_call (worker, 3, cadre_value_build ("[[i],[s],[i]]", (int64_t) 4, "x", (int64_t) 5));
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 0)), 16);
    assert_int_equal (cadre_value_type (cadre_value_at (result->value, 1)), CADRE_TYPE_FAILURE);
    assert_int_equal (cadre_value_int (cadre_value_at (result->value, 2)), 25);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_perl (void **state)
{
    (void) state;
    char path [512];
    const char *const program [] = {
        s_path ("client/examples/programs/squares.pl", path, sizeof path), NULL};
    fake_worker_t *worker = fake_worker_new (NULL, true, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, program), 0);
    assert_string_equal (fake_worker_functions (worker), "cube(i) words(s)");
    fake_worker_job (worker, 1, WIRE_KIND_CALL, "cube", NULL);
    fake_worker_job (worker, 2, WIRE_KIND_CALL, "words", NULL);
    for (int64_t i = -300; i <= 300; i += 100)
        assert_int_equal (cadre_value_int (s_call (worker, 1, cadre_value_build ("[i]", i))->value),
                          i * i * i);
    char words [70000];
    memset (words, 'x', sizeof words);
    words [100] = words [300] = ' ';
    words [sizeof words - 1] = 0;
    assert_int_equal (cadre_value_int (s_call (worker, 2, cadre_value_build ("[s]", words))->value),
                      3);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static int s_start_odd (fake_worker_t **worker, const char *how)
{
    char path [512];
    const char *const program [] = {s_path ("tests/lib/hostile/bad_program.py", path, sizeof path),
                                    how, NULL};
    *worker = fake_worker_new (NULL, false, NULL);
    int code = fake_worker_start (*worker, NULL, program);
    if (code == 0)
        fake_worker_job (*worker, 1, WIRE_KIND_CALL, "odd", &(fake_job_t){.grace_ms = 30000});
    return code;
}

static void s_assert_no_start (const char *how, const char *message)
{
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, how), CADRE_ERROR_PLUGIN);
    if (!strstr (fake_worker_message (worker), message))
        fail_msg ("\"%s\" does not say \"%s\"", fake_worker_message (worker), message);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_no_hello (void **state)
{
    (void) state;
    s_assert_no_start ("silent-end", "ended without a hello");
    s_assert_no_start ("prints", "writes other data than messages to its stdout");
    s_assert_no_start ("no-hello", "sends no valid hello");
    const char *const program [] = {"/proc/no/such/program", NULL};
    fake_worker_t *worker = fake_worker_new (NULL, false, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, program), CADRE_ERROR_PLUGIN);
    assert_string_equal (
        fake_worker_message (worker),
        "program /proc/no/such/program cannot be started (No such file or directory): give the path of an "
        "executable file");
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

//  It fails twice, by a program that was started again in between.
static void s_assert_fails (const char *how, cadre_outcome_t outcome, int code, const char *message)
{
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, how), 0);
    for (int i = 0; i < 2; i++) {
        fake_result_t *result = s_call (worker, 1, cadre_value_list ());
        assert_int_equal (result->outcome, outcome);
        assert_int_equal (result->code, code);
        if (!strstr (s_text (result, "message"), message))
            fail_msg ("\"%s\" does not say \"%s\"", s_text (result, "message"), message);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_trouble (void **state)
{
    (void) state;
    s_assert_fails ("crash", CADRE_OUTCOME_SIGNAL, SIGUSR1, "was killed by signal");
    s_assert_fails ("exit", CADRE_OUTCOME_EXIT, 5, "ended with exit code 5 during odd");
    s_assert_fails ("end", CADRE_OUTCOME_ERROR, 0, "ended during odd without an answer");
    s_assert_fails ("garbled", CADRE_OUTCOME_ERROR, 0, "is not an answer to odd");
    s_assert_fails ("huge", CADRE_OUTCOME_ERROR, 0, "is not an answer to odd");
    s_assert_fails ("cut", CADRE_OUTCOME_ERROR, 0, "is not an answer to odd");
    s_assert_fails ("wrong-id", CADRE_OUTCOME_ERROR, 0, "is not an answer to odd");
    s_assert_fails ("fails", CADRE_OUTCOME_ERROR, 0, "too large");
}

//  The place is named, and the program goes on.
static void test_values_that_cannot_travel (void **state)
{
    (void) state;
    s_assert_fails ("ext2", CADRE_OUTCOME_ERROR, 0,
                    "odd returned an invalid value: value: ext type 2");
    s_assert_fails ("ext9", CADRE_OUTCOME_ERROR, 0, "value[3][\"name\"]: ext type 9");
    s_assert_fails ("deep", CADRE_OUTCOME_ERROR, 0, "[0]: nested deeper than 20");
    s_assert_fails ("deeper", CADRE_OUTCOME_ERROR, 0, "[0]: nested deeper than 20");
    s_assert_fails ("text", CADRE_OUTCOME_ERROR, 0, "value[\"name\"]: a text that is not UTF-8");
    s_assert_fails ("key", CADRE_OUTCOME_ERROR, 0,
                    "value[0]: a map with a key that is neither text nor integer");
    s_assert_fails ("odd-partial", CADRE_OUTCOME_ERROR, 0,
                    "odd returned an invalid partial value: value[0]: ext type 9");
    s_assert_fails ("large-partial", CADRE_OUTCOME_ERROR, 0, "400005 bytes, more than 256 KiB");
}

static void test_texts_are_made_text (void **state)
{
    (void) state;
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, "odd-texts"), 0);
    fake_result_t *result = s_call (worker, 1, cadre_value_list ());
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (s_text (result, "kind"), "?k");
    assert_string_equal (s_text (result, "message"), "?m");
    assert_string_equal (s_text (result, "trace"), "?t");
    assert_string_equal ((const char *) result->streams [CADRE_STREAM_LOG].data, "?x");
    assert_memory_equal (result->streams [CADRE_STREAM_PROGRESS].data + 10, "\xa2?y", 3);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_values_that_travel (void **state)
{
    (void) state;
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, "keys"), 0);
    fake_result_t *result = s_call (worker, 1, cadre_value_list ());
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_string_equal (cadre_value_text (cadre_value_get_int (result->value, 1)), "one");
    assert_int_equal (fake_worker_destroy (&worker), 0);
    assert_int_equal (s_start_odd (&worker, "deepest"), 0);
    result = s_call (worker, 1, cadre_value_list ());
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_count (result->value), 1);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

//  It starts, and answers each call with 1.
static void s_assert_answers (const char *how)
{
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, how), 0);
    for (int i = 0; i < 3; i++) {
        fake_result_t *result = s_call (worker, 1, cadre_value_list ());
        assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
        assert_int_equal (cadre_value_int (result->value), 1);
        assert_int_equal (result->streams [CADRE_STREAM_LOG].size, 0);
        assert_int_equal (result->streams [CADRE_STREAM_PARTIAL].size, 0);
    }
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

//  Neither a second answer nor later messages of a call are taken for those of the next one.
static void test_messages_of_earlier_calls (void **state)
{
    (void) state;
    s_assert_answers ("twice");
    s_assert_answers ("late");
}

static void test_nil_for_takes_and_says (void **state)
{
    (void) state;
    s_assert_answers ("nil");
}

static void test_talk (void **state)
{
    (void) state;
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, "talks"), 0);
    fake_result_t *result = s_call (worker, 1, cadre_value_list ());
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_string_equal (cadre_value_text (result->value), "done");
    assert_string_equal ((const char *) result->streams [CADRE_STREAM_LOG].data, "line");
    cadre_value_t *progress = cadre_value_decode (result->streams [CADRE_STREAM_PROGRESS].data,
                                                  result->streams [CADRE_STREAM_PROGRESS].size);
    assert_true (cadre_value_double (cadre_value_at (progress, 0)) == 0.5);
    cadre_value_destroy (&progress);
    assert_memory_equal (result->streams [CADRE_STREAM_PARTIAL].data, "\x91\x09", 2);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

static void test_cancel (void **state)
{
    (void) state;
    fake_worker_t *worker;
    assert_int_equal (s_start_odd (&worker, "hangs"), 0);
    cadre_value_t *payload = cadre_value_list ();
    uint32_t ticket = fake_worker_task (worker, 1, WINDOW, &payload);
    assert_int_equal (fake_worker_output (worker), CADRE_STREAM_LOG);
    assert_true (atomic_load (&fake_worker_page (worker)->process_group) > 0);
    fake_worker_cancel (worker, ticket);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_CANCELLED);
    assert_int_equal (fake_worker_destroy (&worker), 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_python),
        cmocka_unit_test (test_perl),
        cmocka_unit_test (test_no_hello),
        cmocka_unit_test (test_trouble),
        cmocka_unit_test (test_talk),
        cmocka_unit_test (test_cancel),
        cmocka_unit_test (test_values_that_cannot_travel),
        cmocka_unit_test (test_texts_are_made_text),
        cmocka_unit_test (test_values_that_travel),
        cmocka_unit_test (test_messages_of_earlier_calls),
        cmocka_unit_test (test_nil_for_takes_and_says),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
