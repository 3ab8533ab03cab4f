//  library_test.c - single tasks, callbacks and ends, in every kind of pool

#include <cadre.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
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

//  ---- one task ---------------------------------------------------------------------------------

static void test_call (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_value_t *value = NULL;
    assert_int_equal (
        cadre_call (rig->pool, &value, POOL_KINDS_WAIT_MS, "square", "i", (int64_t) 12), CADRE_OK);
    assert_int_equal (cadre_value_int (value), 144);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_call (rig->pool, &value, POOL_KINDS_WAIT_MS, "add", "idi", (int64_t) 1,
                                  2.5, (int64_t) 3),
                      CADRE_OK);
    assert_true (cadre_value_double (value) == 6.5);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_call (rig->pool, &value, POOL_KINDS_WAIT_MS, "self", NULL), CADRE_OK);
    assert_int_equal (cadre_value_int (cadre_value_get (value, "state")), 42);
    assert_int_equal (cadre_value_int (cadre_value_get (value, "attempt")), 1);
    assert_true (cadre_value_int (cadre_value_get (value, "slot")) >= 1);
    cadre_value_destroy (&value);
    assert_string_not_equal (cadre_address (rig->pool), "");
    pool_kinds_end (rig);
}

static void test_errors_come_back (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "picky", "i", (int64_t) 7);
    assert_int_equal (cadre_future_wait (future, POOL_KINDS_WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_ERROR);
    assert_string_equal (cadre_future_kind (future), "range");
    assert_string_equal (cadre_future_message (future), "7 is too large");
    assert_non_null (strstr (cadre_future_trace (future), "in picky"));
    assert_int_equal (cadre_future_attempts (future), 1);
    cadre_future_destroy (&future);
    assert_int_equal (cadre_call (rig->pool, NULL, POOL_KINDS_WAIT_MS, "squaer", "i", (int64_t) 7),
                      CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_message (rig->pool), "square"));
    assert_int_equal (cadre_call (rig->pool, NULL, POOL_KINDS_WAIT_MS, "square", "s", "text"),
                      CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_message (rig->pool), "square"));
    pool_kinds_end (rig);
}

static void test_wait_and_cancel (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "nap", "i", (int64_t) 60000);
    assert_int_equal (cadre_future_wait (future, 20), CADRE_ERROR_TIMEOUT);
    assert_false (cadre_future_done (future));
    assert_int_equal (cadre_future_cancel (future), CADRE_OK);
    assert_int_equal (cadre_future_wait (future, POOL_KINDS_WAIT_MS), CADRE_ERROR_TASK);
    cadre_future_destroy (&future);
    assert_int_equal (cadre_call (rig->pool, NULL, 10, "nap", "i", (int64_t) 60000),
                      CADRE_ERROR_TIMEOUT);
    pool_kinds_end (rig);
}

static void test_nested_and_large_values (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_value_t *nested = cadre_value_build ("{s:[i, d, n, b], s:{s:s}}", "list", (int64_t) -1,
                                               0.5, 1, "map", "key", "ü");
    cadre_value_t *arguments = cadre_value_list (), *copy = cadre_value_copy (nested);
    cadre_value_append (arguments, &copy);
    cadre_future_t *future =
        cadre_submit_value (rig->pool, "echo", arguments, &(cadre_job_options_t){.name = "nested"});
    assert_int_equal (cadre_future_wait (future, POOL_KINDS_WAIT_MS), CADRE_OK);
    assert_true (cadre_value_equal (cadre_future_value (future), nested));
    cadre_future_destroy (&future);
    cadre_value_destroy (&nested);
    cadre_value_destroy (&arguments);
    size_t size = 20 * 1024 * 1024 + 1; //  More than a worker may have unacknowledged
    char *bytes = malloc (size);
    for (size_t i = 0; i < size; i++)
        bytes [i] = (char) (i * 7);
    for (int i = 0; i < 3; i++) {
        cadre_value_t *value = NULL;
        assert_int_equal (cadre_call (rig->pool, &value, POOL_KINDS_WAIT_MS, "echo", "B",
                                      (const void *) bytes, size),
                          CADRE_OK);
        size_t got = 0;
        const void *back = cadre_value_blob (value, &got);
        assert_int_equal (got, size);
        assert_memory_equal (back, bytes, size);
        cadre_value_destroy (&value);
    }
    free (bytes);
    pool_kinds_end (rig);
}

static void test_partial_values_and_progress (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "chatty", "");
    cadre_value_t *value = NULL;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal (cadre_future_next (future, &value, POOL_KINDS_WAIT_MS), CADRE_OK);
        assert_int_equal (cadre_value_int (value), i);
        cadre_value_destroy (&value);
    }
    assert_int_equal (cadre_future_next (future, &value, POOL_KINDS_WAIT_MS), CADRE_ERROR_END);
    const char *text = NULL;
    assert_int_equal (cadre_future_wait_text (future, &text, POOL_KINDS_WAIT_MS), CADRE_OK);
    assert_string_equal (text, "done");
    assert_true (cadre_future_progress (future) == 1.0);
    assert_true (cadre_future_run_us (future) >= 0);
    assert_string_equal (cadre_future_worker (future), "");
    cadre_future_destroy (&future);
    pool_kinds_end (rig);
}

static void test_command (void **state)
{
    (void) state;
    if (!pool_kinds_runs_commands ())
        return;
    rig_t *rig = pool_kinds_begin ();
    const char *argv [] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
    cadre_future_t *future = cadre_submit_command (rig->pool, argv, NULL);
    assert_int_equal (cadre_future_wait (future, POOL_KINDS_WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_EXIT);
    assert_int_equal (cadre_future_code (future), 3);
    size_t size = 0;
    const cadre_value_t *value = cadre_future_value (future);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stdout"), &size), "out\n", 4);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stderr"), &size), "err\n", 4);
    cadre_future_destroy (&future);
    pool_kinds_end (rig);
}

//  ---- event loops, callbacks, ends
//  ------------------------------------------------------------------

static void s_count (cadre_future_t *future, void *argument)
{
    (void) future;
    __atomic_add_fetch ((int *) argument, 1, __ATOMIC_SEQ_CST);
}

static void test_callbacks (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *futures [50];
    int called = 0;
    for (int i = 0; i < 50; i++) {
        futures [i] = cadre_submit (rig->pool, "square", "i", (int64_t) i);
        assert_int_equal (cadre_future_on_done (futures [i], s_count, &called), CADRE_OK);
    }
    struct pollfd item = {.fd = cadre_descriptor (rig->pool), .events = POLLIN};
    for (int i = 0; i < 1000 && __atomic_load_n (&called, __ATOMIC_SEQ_CST) < 50; i++) {
        poll (&item, 1, 20);
        assert_int_equal (cadre_dispatch (rig->pool), CADRE_OK);
    }
    assert_int_equal (__atomic_load_n (&called, __ATOMIC_SEQ_CST), 50);
    for (int i = 0; i < 50; i++)
        cadre_future_destroy (&futures [i]);
    pool_kinds_end (rig);
}

typedef struct lull {
    sem_t begun; //  Posted when the callback runs
    int ended;   //  It has returned, or is about to
} lull_t;

static void s_lull (cadre_future_t *future, void *argument)
{
    lull_t *self = argument;
    sem_post (&self->begun);
    usleep (100000);
    assert_int_equal (cadre_value_int (cadre_future_value (future)), 81);
    __atomic_store_n (&self->ended, 1, __ATOMIC_SEQ_CST);
}

//  Who destroys a future whose callback still reads it waits
static void test_destroyed_while_called_back (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    lull_t lull = {.ended = 0};
    sem_init (&lull.begun, 0, 0);
    cadre_future_t *future = cadre_submit (rig->pool, "square", "i", (int64_t) 9);
    assert_int_equal (cadre_future_on_done (future, s_lull, &lull), CADRE_OK);
    sem_wait (&lull.begun);
    cadre_future_destroy (&future);
    assert_int_equal (__atomic_load_n (&lull.ended, __ATOMIC_SEQ_CST), 1);
    sem_destroy (&lull.begun);
    pool_kinds_end (rig);
}

static void s_destroy (cadre_future_t *future, void *argument)
{
    cadre_future_destroy (&future);
    sem_post (argument);
}

static void test_destroyed_by_its_callback (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    sem_t called;
    sem_init (&called, 0, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal (
            cadre_future_on_done (cadre_submit (rig->pool, "square", "i", (int64_t) i), s_destroy,
                                  &called),
            CADRE_OK);
    for (int i = 0; i < 10; i++)
        sem_wait (&called);
    sem_destroy (&called);
    pool_kinds_end (rig);
}

static void test_futures_outlive_the_pool (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "square", "i", (int64_t) 9);
    pool_kinds_end (rig);
    assert_int_equal (cadre_value_int (cadre_future_value (future)), 81);
    cadre_future_destroy (&future);
}

static void test_abort_is_quick (void **state)
{
    (void) state;
    rig_t *rig = pool_kinds_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "nap", "i", (int64_t) 3000);
    cadre_future_wait (future, 50);
    struct timespec begin, end;
    clock_gettime (CLOCK_MONOTONIC, &begin);
    cadre_abort (&rig->pool);
    clock_gettime (CLOCK_MONOTONIC, &end);
    assert_true (end.tv_sec - begin.tv_sec <= 3);
    assert_int_not_equal (cadre_future_wait (future, 0), CADRE_OK);
    cadre_future_destroy (&future);
    pool_kinds_end (rig);
}

int main (int argc, char **argv)
{
    pool_kinds_main (argc, argv);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_teardown (test_call, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_errors_come_back, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_wait_and_cancel, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_nested_and_large_values, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_partial_values_and_progress, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_command, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_callbacks, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_destroyed_while_called_back, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_destroyed_by_its_callback, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_futures_outlive_the_pool, pool_kinds_tear_down),
        cmocka_unit_test_teardown (test_abort_is_quick, pool_kinds_tear_down),
    };
    return pool_kinds_run (argc, argv, "tests/integration/library_test", tests,
                           sizeof tests / sizeof *tests);
}
