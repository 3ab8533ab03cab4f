//  narrow_test.c - results that are larger than the window of the pool that waits for them

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_MS 20000

static cadre_error_t s_blob (cadre_task_t *task)
{
    size_t size = (size_t) cadre_arg_int (task, 0);
    void *bytes = calloc (1, size);
    cadre_error_t error = cadre_return_blob (task, bytes, size);
    free (bytes);
    return error;
}

//  Writes a partial result of that size, too.
static cadre_error_t s_emit (cadre_task_t *task)
{
    size_t size = (size_t) cadre_arg_int (task, 0);
    void *bytes = calloc (1, size);
    cadre_value_t *value = cadre_value_of_blob (bytes, size);
    free (bytes);
    cadre_error_t error = cadre_task_emit (task, &value);
    return error ? cadre_fail (task, "emit", "%s", cadre_error_name (error))
                 : cadre_return_nil (task);
}

static const cadre_function_t s_functions [] = {{.name = "blob", .run = s_blob, .takes = "i"},
                                                {.name = "emit", .run = s_emit, .takes = "i"},
                                                {0}};

static const int64_t s_sizes [] = {100, 5000, 200000, 700000};
#define SIZES (sizeof s_sizes / sizeof *s_sizes)

static cadre_t *s_open (size_t window_bytes)
{
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1,
                                                         .threads = true,
                                                         .functions = s_functions,
                                                         .window_bytes = window_bytes});
    assert_non_null (pool);
    return pool;
}

static void test_calls (void **state)
{
    (void) state;
    for (size_t window_bytes = 1; window_bytes <= 100000; window_bytes *= 100000) {
        cadre_t *pool = s_open (window_bytes);
        for (size_t i = 0; i < SIZES; i++) {
            cadre_value_t *value = NULL;
            size_t size = 0;
            assert_int_equal (cadre_call (pool, &value, WAIT_MS, "blob", "i", s_sizes [i]),
                              CADRE_OK);
            cadre_value_blob (value, &size);
            assert_int_equal (size, s_sizes [i]);
            cadre_value_destroy (&value);
        }
        assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
    }
}

//  What waits unread takes up the window, and each event that is read opens it again.
static void test_job (void **state)
{
    (void) state;
    cadre_t *pool = s_open (1);
    for (unsigned k = 0; k < 2; k++) {
        cadre_job_t *job = cadre_job_open (pool, k ? "emit" : "blob", NULL);
        for (size_t i = 0; i < 12; i++)
            assert_int_equal (cadre_job_add (job, NULL, "i", s_sizes [i % 2]), CADRE_OK);
        assert_int_equal (cadre_job_seal (job), CADRE_OK);
        cadre_event_t event;
        size_t results = 0, outputs = 0;
        while (cadre_job_next (job, &event, WAIT_MS) == CADRE_OK) {
            results += event.kind == CADRE_EVENT_RESULT && event.outcome == CADRE_OUTCOME_OK;
            outputs += event.kind == CADRE_EVENT_OUTPUT && event.size_bytes > 100;
        }
        assert_int_equal (results, 12);
        assert_int_equal (outputs, k ? 12 : 0);
        cadre_job_destroy (&job);
    }
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

//  Unread results hold up what comes behind them, and whoever waits for that is told.
static void test_unread_results_are_named (void **state)
{
    (void) state;
    cadre_t *pool = s_open (1000);
    cadre_job_t *job = cadre_job_open (pool, "blob", NULL);
    cadre_event_t event;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (cadre_job_add (job, NULL, "i", INT64_C (2000)), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
    cadre_error_t error = cadre_call (pool, NULL, 300, "blob", "i", INT64_C (1));
    assert_int_equal (error, CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_message (pool), "read them first"));
    while (cadre_job_next (job, &event, WAIT_MS) == CADRE_OK)
        ;
    assert_int_equal (cadre_call (pool, NULL, WAIT_MS, "blob", "i", INT64_C (1)), CADRE_OK);
    cadre_job_destroy (&job);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_calls), cmocka_unit_test (test_job),
                                        cmocka_unit_test (test_unread_results_are_named)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
