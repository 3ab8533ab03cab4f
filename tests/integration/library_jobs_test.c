//  library_jobs_test.c - many tasks: futures, maps, iterators and jobs, in every kind of pool

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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rigs/pool_kinds_rig.h"

//  ---- many tasks
//  ---------------------------------------------------------------------------------

static void test_many_futures (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    enum { COUNT = 20000 };
    cadre_future_t **futures = calloc (COUNT, sizeof *futures);
    for (int64_t i = 0; i < COUNT; i++)
        futures [i] = cadre_submit (rig->pool, "square", "i", i);
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t value = -1;
        if (i % 3)
            assert_int_equal (cadre_future_wait_int (futures [i], &value, POOL_KINDS_WAIT_MS),
                              CADRE_OK);
        assert_int_equal (value, i % 3 ? i * i : -1);
        cadre_future_destroy (&futures [i]);
    }
    free (futures);
    pool_kinds_end (rig);
}

static void *s_call_often (void *argument)
{
    for (int64_t i = 0; i < 200; i++) {
        cadre_value_t *value = NULL;
        if (cadre_call (argument, &value, POOL_KINDS_WAIT_MS, "square", "i", i)
            || cadre_value_int (value) != i * i)
            return NULL;
        cadre_value_destroy (&value);
    }
    return argument;
}

static void test_threads_share_a_pool (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    pthread_t threads [8];
    for (int i = 0; i < 8; i++)
        assert_int_equal (pthread_create (&threads [i], NULL, s_call_often, rig->pool), 0);
    for (int i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join (threads [i], &result);
        assert_ptr_equal (result, rig->pool);
    }
    pool_kinds_end (rig);
}

static void test_maps (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    enum { COUNT = 50000 };
    int64_t *items = calloc (COUNT, sizeof *items), *results = calloc (COUNT, sizeof *results);
    for (int64_t i = 0; i < COUNT; i++)
        items [i] = i;
    assert_int_equal (cadre_map_int (rig->pool, "square", items, COUNT, NULL, results), CADRE_OK);
    for (int64_t i = 0; i < COUNT; i++)
        assert_int_equal (results [i], i * i);
    assert_int_equal (cadre_map_int (rig->pool, "picky", items, 6, NULL, results),
                      CADRE_ERROR_TASK);
    assert_string_equal (cadre_message (rig->pool), "item 4: range: 4 is too large");
    assert_int_equal (results [3], 3);
    assert_int_equal (results [5], 0);
    double numbers [3] = {0.5, 1, 2}, sums [3];
    assert_int_equal (cadre_map_double (rig->pool, "add", numbers, 3, NULL, sums), CADRE_OK);
    assert_true (sums [0] == 0.5 && sums [2] == 2);
    free (items);
    free (results);
    cadre_value_t *pairs =
        cadre_value_build ("[[i, i], [i, i]]", (int64_t) 1, (int64_t) 2, (int64_t) 3, (int64_t) 4);
    cadre_value_t *values = NULL;
    assert_int_equal (
        cadre_map (rig->pool, "add", pairs, &(cadre_map_options_t){.spread = true}, &values),
        CADRE_OK);
    assert_true (cadre_value_double (cadre_value_at (values, 1)) == 7);
    cadre_value_destroy (&values);
    cadre_value_destroy (&pairs);
    pairs = cadre_value_build ("[i i i]", (int64_t) 1, (int64_t) 2, (int64_t) 3);
    assert_int_equal (
        cadre_map (rig->pool, "sum", pairs, &(cadre_map_options_t){.batch = 2}, &values), CADRE_OK);
    assert_int_equal (cadre_value_count (values), 2);
    assert_int_equal (cadre_value_int (cadre_value_at (values, 0)), 3);
    cadre_value_destroy (&values);
    cadre_value_destroy (&pairs);
    pool_kinds_end (rig);
}

static cadre_value_t *s_next_number (void *argument)
{
    int64_t *next = argument;
    return *next < 500 ? cadre_value_of_int ((*next)++) : NULL;
}

static void test_imap (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    for (int unordered = 0; unordered < 2; unordered++) {
        int64_t next = 0, sum = 0;
        size_t count = 0, index = 0;
        cadre_map_options_t options = {.unordered = unordered, .chunk = 3, .window = 40};
        cadre_imap_t *imap = cadre_imap (rig->pool, "square", s_next_number, &next, &options);
        cadre_value_t *value = NULL;
        while (cadre_imap_next (imap, &value, &index, POOL_KINDS_WAIT_MS) == CADRE_OK) {
            assert_int_equal (cadre_value_int (value), index * index);
            assert_true (unordered || index == count);
            sum += cadre_value_int (value);
            cadre_value_destroy (&value);
            count++;
        }
        assert_string_equal (cadre_imap_message (imap), "");
        assert_int_equal (count, 500);
        assert_int_equal (sum, 499 * 500 * 999 / 6);
        cadre_imap_destroy (&imap);
    }
    pool_kinds_end (rig);
}

//  ---- jobs
//  -----------------------------------------------------------------------------------------

static void test_job (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_job_t *job =
        cadre_job_open (rig->pool, "square", &(cadre_job_options_t){.ordered = true});
    for (int64_t i = 0; i < 1000; i++) {
        uint32_t index = 0;
        assert_int_equal (cadre_job_add (job, &index, "i", i), CADRE_OK);
        assert_int_equal (index, i);
    }
    assert_true (cadre_job_number (job, POOL_KINDS_WAIT_MS) > 0);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_wait (job, POOL_KINDS_WAIT_MS), CADRE_OK);
    cadre_progress_t progress;
    assert_int_equal (cadre_job_progress (job, &progress), CADRE_OK);
    assert_int_equal (progress.done, 1000);
    assert_int_equal (progress.failed + progress.running + progress.waiting, 0);
    cadre_event_t event;
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal (cadre_job_next (job, &event, POOL_KINDS_WAIT_MS), CADRE_OK);
        assert_int_equal (event.index, i);
        cadre_value_t *value = cadre_value_decode (event.bytes, event.size_bytes);
        assert_int_equal (cadre_value_int (value), i * i);
        cadre_value_destroy (&value);
    }
    assert_int_equal (cadre_job_next (job, &event, POOL_KINDS_WAIT_MS), CADRE_ERROR_END);
    assert_string_equal (cadre_job_message (job), "");
    cadre_job_destroy (&job);
    pool_kinds_end (rig);
}

static void test_job_of_commands (void **state)
{
    (void) state;
    if (!pool_kinds_runs_commands ())
        return;
    rig_t *rig = pool_kinds_begin ();
    cadre_job_t *job =
        cadre_job_open (rig->pool, NULL, &(cadre_job_options_t){.ordered = true, .directory = "/"});
    const char *cat [] = {"cat", NULL}, *variables [] = {"WORD=hello", NULL};
    assert_int_equal (cadre_job_add_command (job, NULL, cat, "from stdin", 10, NULL), CADRE_OK);
    assert_int_equal (cadre_job_add_line (job, NULL, "pwd; echo $WORD", NULL, 0, variables),
                      CADRE_OK);
    cadre_job_seal (job);
    char output [2][100] = {{0}};
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, POOL_KINDS_WAIT_MS)) == CADRE_OK) {
        if (event.kind == CADRE_EVENT_OUTPUT)
            strncat (output [event.index], event.bytes, event.size_bytes);
        else
            assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_string_equal (output [0], "from stdin");
    assert_string_equal (output [1], "/\nhello\n");
    cadre_job_destroy (&job);
    pool_kinds_end (rig);
}

static void test_cancel_a_job (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_job_t *job = cadre_job_open (rig->pool, "nap", NULL);
    for (int i = 0; i < 20; i++)
        cadre_job_add (job, NULL, "i", (int64_t) 60000);
    assert_int_equal (cadre_job_cancel_task (job, 19), CADRE_OK);
    assert_int_equal (cadre_job_cancel (job), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_wait (job, POOL_KINDS_WAIT_MS), CADRE_ERROR_TASK);
    cadre_event_t event;
    for (int i = 0; i < 20; i++) {
        assert_int_equal (cadre_job_next (job, &event, POOL_KINDS_WAIT_MS), CADRE_OK);
        assert_int_not_equal (event.outcome, CADRE_OUTCOME_OK);
    }
    cadre_job_destroy (&job);
    pool_kinds_end (rig);
}

static void test_detached_job_is_followed (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_job_t *job =
        cadre_job_open (rig->pool, "square", &(cadre_job_options_t){.detached = true});
    for (int64_t i = 0; i < 100; i++)
        cadre_job_add (job, NULL, "i", i);
    cadre_job_seal (job);
    uint64_t number = cadre_job_number (job, POOL_KINDS_WAIT_MS);
    assert_true (number > 0);
    cadre_job_destroy (&job);
    job = cadre_job_follow (rig->pool, number,
                            CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_OUTPUT | CADRE_FOLLOW_WAIT);
    size_t count = 0;
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, POOL_KINDS_WAIT_MS)) == CADRE_OK)
        count += event.kind == CADRE_EVENT_RESULT && event.outcome == CADRE_OUTCOME_OK;
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (count, 100);
    cadre_job_destroy (&job);
    job = cadre_job_follow (rig->pool, number + 1000, CADRE_FOLLOW_RESULTS);
    assert_int_equal (cadre_job_next (job, &event, POOL_KINDS_WAIT_MS), CADRE_ERROR_NOT_FOUND);
    cadre_job_destroy (&job);
    pool_kinds_end (rig);
}

//  Its client may never say that no task follows: cancelled, it can be forgotten all the same
static void test_a_job_that_stays_open_is_forgotten (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    static const struct {
        const char *what;    //  Asked
        cadre_error_t error; //  Answered
    } steps [] = {{"job.forget", CADRE_ERROR_REFUSED},
                  {"job.cancel", CADRE_OK},
                  {"job.forget", CADRE_OK},
                  {"job.info", CADRE_ERROR_NOT_FOUND}};
    cadre_job_t *job =
        cadre_job_open (rig->pool, "square", &(cadre_job_options_t){.detached = true});
    uint64_t number = cadre_job_number (job, POOL_KINDS_WAIT_MS);
    cadre_value_t *arguments = cadre_value_build ("{s:u}", "job", number);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        cadre_value_t *body = NULL;
        assert_int_equal (
            cadre_request (rig->pool, steps [i].what, arguments, &body, POOL_KINDS_WAIT_MS),
            steps [i].error);
        cadre_value_destroy (&body);
    }
    cadre_value_destroy (&arguments);
    cadre_job_destroy (&job);
    pool_kinds_end (rig);
}

int main (int argc, char **argv)
{
    pool_kinds_main (argc, argv);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_teardown (test_many_futures, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_threads_share_a_pool, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_maps, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_imap, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_job, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_job_of_commands, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_cancel_a_job, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_detached_job_is_followed, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_a_job_that_stays_open_is_forgotten, pool_kinds_tear_down),
    };
    return pool_kinds_run (argc, argv, "tests/integration/library_jobs_test", tests,
                           sizeof tests / sizeof *tests);
}
