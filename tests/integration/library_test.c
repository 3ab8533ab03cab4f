//  library_test.c - the library as programs use it: threads, processes, and workers over ipc and tcp
//
//  This program is its own worker and its own slots, by cadre_main.

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

#include "tests/lib/child.h"
#include "tests/lib/stage.h"

#define WAIT_MS 20000

//  ---- functions ----------------------------------------------------------------------

static cadre_error_t s_square (cadre_call_t *call)
{
    int64_t n = cadre_arg_int (call, 0);
    return cadre_return_int (call, n * n);
}

static cadre_error_t s_echo (cadre_call_t *call)
{
    cadre_value_t *copy = cadre_value_copy (cadre_arg_value (call, 0));
    return cadre_return_value (call, &copy);
}

static cadre_error_t s_add (cadre_call_t *call)
{
    double sum = 0;
    for (size_t i = 0; i < cadre_arg_count (call); i++)
        sum += cadre_arg_double (call, i);
    return cadre_return_double (call, sum);
}

static cadre_error_t s_sum (cadre_call_t *call)
{
    const cadre_value_t *list = cadre_arg_value (call, 0);
    int64_t sum = 0;
    for (size_t i = 0; i < cadre_value_count (list); i++)
        sum += cadre_value_int (cadre_value_at (list, i));
    return cadre_return_int (call, sum);
}

static cadre_error_t s_picky (cadre_call_t *call)
{
    int64_t n = cadre_arg_int (call, 0);
    cadre_trace (call, "in picky");
    return n > 3 ? cadre_fail (call, "range", "%d is too large", (int) n) : cadre_return_int (call, n);
}

//  Sleeps, and looks whether it should end.
static cadre_error_t s_nap (cadre_call_t *call)
{
    int64_t left_ms = cadre_arg_int (call, 0);
    for (; left_ms > 0 && !cadre_call_cancelled (call); left_ms--)
        nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
    return left_ms > 0 ? cadre_fail (call, "cancelled", "%d ms early", (int) left_ms)
                       : cadre_return_nil (call);
}

static cadre_error_t s_chatty (cadre_call_t *call)
{
    cadre_call_log (call, "hello from %u", cadre_call_task (call));
    cadre_call_progress (call, 0.5, "half");
    for (int64_t i = 0; i < 3; i++) {
        cadre_value_t *value = cadre_value_of_int (i);
        cadre_call_emit (call, &value);
    }
    return cadre_return_text (call, "done");
}

//  What a call knows of itself: a map.
static cadre_error_t s_self (cadre_call_t *call)
{
    cadre_value_t *map =
        cadre_value_build ("{s:u s:u s:i s:s}", "attempt", (uint64_t) cadre_call_attempt (call), "slot",
                           (uint64_t) cadre_call_slot (call), "state",
                           *(const int64_t *) cadre_call_state (call), "broker", cadre_call_broker (call));
    return cadre_call_job (call) ? cadre_return_value (call, &map) : cadre_fail (call, "job", "no number");
}

static cadre_error_t s_start (void **state)
{
    static int64_t answer = 42;
    *state = &answer;
    return CADRE_OK;
}

static void s_stop (void *state)
{
    (void) state;
}

static const cadre_function_t s_functions [] = {
    {.name = "square", .run = s_square, .takes = "i", .says = "the square of an integer"},
    {.name = "echo", .run = s_echo, .takes = "v"},
    {.name = "add", .run = s_add, .takes = "*"},
    {.name = "sum", .run = s_sum, .takes = "v"},
    {.name = "picky", .run = s_picky, .takes = "i"},
    {.name = "nap", .run = s_nap, .takes = "i"},
    {.name = "chatty", .run = s_chatty},
    {.name = "self", .run = s_self, .start = s_start, .end = s_stop},
    {0}};

//  ---- places -------------------------------------------------------------------------------

static const char *s_place = "threads"; //  Or processes, ipc, tcp

typedef struct rig {
    stage_t *stage;
    child_t *worker;
    cadre_t *pool;
} rig_t;

static bool s_runs_commands (void)
{
    return strcmp (s_place, "threads") != 0;
}

static void s_await_worker (cadre_t *pool)
{
    for (int i = 0; i < 1000; i++) {
        cadre_value_t *workers = NULL;
        assert_int_equal (cadre_request (pool, "worker.list", NULL, &workers, WAIT_MS), CADRE_OK);
        const char *state = cadre_value_text (cadre_value_get (cadre_value_at (workers, 0), "state"));
        bool ready = state && strcmp (state, "ready") == 0;
        cadre_value_destroy (&workers);
        if (ready)
            return;
        usleep (10000);
    }
    fail_msg ("the worker never came");
}

static rig_t s_rig;

//  Also when a test has failed: nothing stays.
static int s_tear_down (void **state)
{
    (void) state;
    cadre_abort (&s_rig.pool);
    child_destroy (&s_rig.worker);
    stage_destroy (&s_rig.stage);
    return 0;
}

static rig_t *s_begin (void)
{
    rig_t self = {0};
    cadre_options_t options = {
        .slots = 2, .threads = strcmp (s_place, "threads") == 0, .name = "library_test"};
    const char *address = NULL;
    if (strcmp (s_place, "ipc") == 0 || strcmp (s_place, "tcp") == 0) {
        self.stage = stage_new (s_place, false);
        address = stage_address (self.stage);
        self.worker = child_new ("tests/integration/library_test", "--cadre-worker", "--broker", address);
    }
    self.pool = cadre_open (address, &options);
    s_rig = self;
    if (!self.pool)
        fail_msg ("%s", cadre_open_message ());
    s_await_worker (self.pool);
    return &s_rig;
}

static void s_end (rig_t *self)
{
    assert_int_equal (cadre_close (&self->pool, WAIT_MS), CADRE_OK);
    assert_null (self->pool);
    if (self->worker)
        kill (child_pid (self->worker), SIGTERM);
    if (self->worker)
        assert_int_equal (child_wait (self->worker, WAIT_MS), 0);
    child_destroy (&self->worker);
    stage_destroy (&self->stage);
}

//  ---- one task ---------------------------------------------------------------------------------

static void test_call (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_value_t *value = NULL;
    assert_int_equal (cadre_call (rig->pool, &value, WAIT_MS, "square", "i", (int64_t) 12), CADRE_OK);
    assert_int_equal (cadre_value_int (value), 144);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_call (rig->pool, &value, WAIT_MS, "add", "idi", (int64_t) 1, 2.5, (int64_t) 3),
                      CADRE_OK);
    assert_true (cadre_value_double (value) == 6.5);
    cadre_value_destroy (&value);
    assert_int_equal (cadre_call (rig->pool, &value, WAIT_MS, "self", NULL), CADRE_OK);
    assert_int_equal (cadre_value_int (cadre_value_get (value, "state")), 42);
    assert_int_equal (cadre_value_int (cadre_value_get (value, "attempt")), 1);
    assert_true (cadre_value_int (cadre_value_get (value, "slot")) >= 1);
    cadre_value_destroy (&value);
    assert_string_not_equal (cadre_address (rig->pool), "");
    s_end (rig);
}

static void test_errors_come_back (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "picky", "i", (int64_t) 7);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_ERROR);
    assert_string_equal (cadre_future_kind (future), "range");
    assert_string_equal (cadre_future_message (future), "7 is too large");
    assert_non_null (strstr (cadre_future_trace (future), "in picky"));
    assert_int_equal (cadre_future_attempts (future), 1);
    cadre_future_destroy (&future);
    assert_int_equal (cadre_call (rig->pool, NULL, WAIT_MS, "squaer", "i", (int64_t) 7), CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_message (rig->pool), "square"));
    assert_int_equal (cadre_call (rig->pool, NULL, WAIT_MS, "square", "s", "text"), CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_message (rig->pool), "square"));
    s_end (rig);
}

static void test_wait_and_cancel (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "nap", "i", (int64_t) 60000);
    assert_int_equal (cadre_future_wait (future, 20), CADRE_ERROR_TIMEOUT);
    assert_false (cadre_future_done (future));
    assert_int_equal (cadre_future_cancel (future), CADRE_OK);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    cadre_future_destroy (&future);
    assert_int_equal (cadre_call (rig->pool, NULL, 10, "nap", "i", (int64_t) 60000), CADRE_ERROR_TIMEOUT);
    s_end (rig);
}

static void test_nested_and_large_values (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_value_t *nested =
        cadre_value_build ("{s:[i, d, n, b], s:{s:s}}", "list", (int64_t) -1, 0.5, 1, "map", "key", "ü");
    cadre_value_t *arguments = cadre_value_list (), *copy = cadre_value_copy (nested);
    cadre_value_append (arguments, &copy);
    cadre_future_t *future =
        cadre_submit_value (rig->pool, "echo", arguments, &(cadre_job_options_t){.name = "nested"});
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_OK);
    assert_true (cadre_value_equal (cadre_future_value (future), nested));
    cadre_future_destroy (&future);
    cadre_value_destroy (&nested);
    cadre_value_destroy (&arguments);
    size_t size = 3 * 1024 * 1024 + 1;
    char *bytes = malloc (size);
    for (size_t i = 0; i < size; i++)
        bytes [i] = (char) (i * 7);
    for (int i = 0; i < 3; i++) {
        cadre_value_t *value = NULL;
        assert_int_equal (cadre_call (rig->pool, &value, WAIT_MS, "echo", "B", (const void *) bytes, size),
                          CADRE_OK);
        size_t got = 0;
        const void *back = cadre_value_blob (value, &got);
        assert_int_equal (got, size);
        assert_memory_equal (back, bytes, size);
        cadre_value_destroy (&value);
    }
    free (bytes);
    s_end (rig);
}

static void test_partial_values_and_progress (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "chatty", "");
    cadre_value_t *value = NULL;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_OK);
        assert_int_equal (cadre_value_int (value), i);
        cadre_value_destroy (&value);
    }
    assert_int_equal (cadre_future_next (future, &value, WAIT_MS), CADRE_ERROR_END);
    const char *text = NULL;
    assert_int_equal (cadre_future_wait_text (future, &text, WAIT_MS), CADRE_OK);
    assert_string_equal (text, "done");
    assert_true (cadre_future_progress (future) == 1.0);
    assert_true (cadre_future_run_us (future) >= 0);
    assert_string_equal (cadre_future_worker (future), "");
    cadre_future_destroy (&future);
    s_end (rig);
}

static void test_command (void **state)
{
    (void) state;
    if (!s_runs_commands ())
        return;
    rig_t *rig = s_begin ();
    const char *argv [] = {"sh", "-c", "echo out; echo err >&2; exit 3", NULL};
    cadre_future_t *future = cadre_submit_command (rig->pool, argv, NULL);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_EXIT);
    assert_int_equal (cadre_future_code (future), 3);
    size_t size = 0;
    const cadre_value_t *value = cadre_future_value (future);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stdout"), &size), "out\n", 4);
    assert_memory_equal (cadre_value_blob (cadre_value_get (value, "stderr"), &size), "err\n", 4);
    cadre_future_destroy (&future);
    s_end (rig);
}

//  ---- many tasks ---------------------------------------------------------------------------------

static void test_many_futures (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    enum { COUNT = 20000 };
    cadre_future_t **futures = calloc (COUNT, sizeof *futures);
    for (int64_t i = 0; i < COUNT; i++)
        futures [i] = cadre_submit (rig->pool, "square", "i", i);
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t value = -1;
        if (i % 3)
            assert_int_equal (cadre_future_wait_int (futures [i], &value, WAIT_MS), CADRE_OK);
        assert_int_equal (value, i % 3 ? i * i : -1);
        cadre_future_destroy (&futures [i]);
    }
    free (futures);
    s_end (rig);
}

static void *s_call_often (void *argument)
{
    for (int64_t i = 0; i < 200; i++) {
        cadre_value_t *value = NULL;
        if (cadre_call (argument, &value, WAIT_MS, "square", "i", i) || cadre_value_int (value) != i * i)
            return NULL;
        cadre_value_destroy (&value);
    }
    return argument;
}

static void test_threads_share_a_pool (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    pthread_t threads [8];
    for (int i = 0; i < 8; i++)
        assert_int_equal (pthread_create (&threads [i], NULL, s_call_often, rig->pool), 0);
    for (int i = 0; i < 8; i++) {
        void *result = NULL;
        pthread_join (threads [i], &result);
        assert_ptr_equal (result, rig->pool);
    }
    s_end (rig);
}

static void test_maps (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    enum { COUNT = 50000 };
    int64_t *items = calloc (COUNT, sizeof *items), *results = calloc (COUNT, sizeof *results);
    for (int64_t i = 0; i < COUNT; i++)
        items [i] = i;
    assert_int_equal (cadre_map_int (rig->pool, "square", items, COUNT, NULL, results), CADRE_OK);
    for (int64_t i = 0; i < COUNT; i++)
        assert_int_equal (results [i], i * i);
    assert_int_equal (cadre_map_int (rig->pool, "picky", items, 6, NULL, results), CADRE_ERROR_TASK);
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
    assert_int_equal (cadre_map (rig->pool, "add", pairs, &(cadre_map_options_t){.spread = true}, &values),
                      CADRE_OK);
    assert_true (cadre_value_double (cadre_value_at (values, 1)) == 7);
    cadre_value_destroy (&values);
    cadre_value_destroy (&pairs);
    pairs = cadre_value_build ("[i i i]", (int64_t) 1, (int64_t) 2, (int64_t) 3);
    assert_int_equal (cadre_map (rig->pool, "sum", pairs, &(cadre_map_options_t){.batch = 2}, &values),
                      CADRE_OK);
    assert_int_equal (cadre_value_count (values), 2);
    assert_int_equal (cadre_value_int (cadre_value_at (values, 0)), 3);
    cadre_value_destroy (&values);
    cadre_value_destroy (&pairs);
    s_end (rig);
}

static cadre_value_t *s_next_number (void *argument)
{
    int64_t *next = argument;
    return *next < 500 ? cadre_value_of_int ((*next)++) : NULL;
}

static void test_imap (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    for (int unordered = 0; unordered < 2; unordered++) {
        int64_t next = 0, sum = 0;
        size_t count = 0, index = 0;
        cadre_map_options_t options = {.unordered = unordered, .chunk = 3, .window = 40};
        cadre_imap_t *imap = cadre_imap (rig->pool, "square", s_next_number, &next, &options);
        cadre_value_t *value = NULL;
        while (cadre_imap_next (imap, &value, &index, WAIT_MS) == CADRE_OK) {
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
    s_end (rig);
}

//  ---- jobs -----------------------------------------------------------------------------------------

static void test_job (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_job_t *job = cadre_job_open (rig->pool, "square", &(cadre_job_options_t){.ordered = true});
    for (int64_t i = 0; i < 1000; i++) {
        uint32_t index = 0;
        assert_int_equal (cadre_job_add (job, &index, "i", i), CADRE_OK);
        assert_int_equal (index, i);
    }
    assert_true (cadre_job_number (job, WAIT_MS) > 0);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_OK);
    cadre_progress_t progress;
    assert_int_equal (cadre_job_progress (job, &progress), CADRE_OK);
    assert_int_equal (progress.done, 1000);
    assert_int_equal (progress.failed + progress.running + progress.waiting, 0);
    cadre_event_t event;
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
        assert_int_equal (event.index, i);
        cadre_value_t *value = cadre_value_decode (event.bytes, event.size_bytes);
        assert_int_equal (cadre_value_int (value), i * i);
        cadre_value_destroy (&value);
    }
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_END);
    assert_string_equal (cadre_job_message (job), "");
    cadre_job_destroy (&job);
    s_end (rig);
}

static void test_job_of_commands (void **state)
{
    (void) state;
    if (!s_runs_commands ())
        return;
    rig_t *rig = s_begin ();
    cadre_job_t *job =
        cadre_job_open (rig->pool, NULL, &(cadre_job_options_t){.ordered = true, .directory = "/"});
    const char *cat [] = {"cat", NULL}, *variables [] = {"WORD=hello", NULL};
    assert_int_equal (cadre_job_add_command (job, NULL, cat, "from stdin", 10, NULL), CADRE_OK);
    assert_int_equal (cadre_job_add_line (job, NULL, "pwd; echo $WORD", NULL, 0, variables), CADRE_OK);
    cadre_job_seal (job);
    char output [2][100] = {{0}};
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, WAIT_MS)) == CADRE_OK) {
        if (event.kind == CADRE_EVENT_OUTPUT)
            strncat (output [event.index], event.bytes, event.size_bytes);
        else
            assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_string_equal (output [0], "from stdin");
    assert_string_equal (output [1], "/\nhello\n");
    cadre_job_destroy (&job);
    s_end (rig);
}

static void test_cancel_a_job (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_job_t *job = cadre_job_open (rig->pool, "nap", NULL);
    for (int i = 0; i < 20; i++)
        cadre_job_add (job, NULL, "i", (int64_t) 60000);
    assert_int_equal (cadre_job_cancel_task (job, 19), CADRE_OK);
    assert_int_equal (cadre_job_cancel (job), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    assert_int_equal (cadre_job_wait (job, WAIT_MS), CADRE_ERROR_TASK);
    cadre_event_t event;
    for (int i = 0; i < 20; i++) {
        assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_OK);
        assert_int_not_equal (event.outcome, CADRE_OUTCOME_OK);
    }
    cadre_job_destroy (&job);
    s_end (rig);
}

static void test_detached_job_is_followed (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_job_t *job = cadre_job_open (rig->pool, "square", &(cadre_job_options_t){.detached = true});
    for (int64_t i = 0; i < 100; i++)
        cadre_job_add (job, NULL, "i", i);
    cadre_job_seal (job);
    uint64_t number = cadre_job_number (job, WAIT_MS);
    assert_true (number > 0);
    cadre_job_destroy (&job);
    job =
        cadre_job_follow (rig->pool, number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_OUTPUT | CADRE_FOLLOW_WAIT);
    size_t count = 0;
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, WAIT_MS)) == CADRE_OK)
        count += event.kind == CADRE_EVENT_RESULT && event.outcome == CADRE_OUTCOME_OK;
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (count, 100);
    cadre_job_destroy (&job);
    job = cadre_job_follow (rig->pool, number + 1000, CADRE_FOLLOW_RESULTS);
    assert_int_equal (cadre_job_next (job, &event, WAIT_MS), CADRE_ERROR_NOT_FOUND);
    cadre_job_destroy (&job);
    s_end (rig);
}

//  ---- event loops, callbacks, ends ------------------------------------------------------------------

static void s_count (cadre_future_t *future, void *argument)
{
    (void) future;
    __atomic_add_fetch ((int *) argument, 1, __ATOMIC_SEQ_CST);
}

static void test_callbacks (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
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
    s_end (rig);
}

static void test_futures_outlive_the_pool (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "square", "i", (int64_t) 9);
    s_end (rig);
    assert_int_equal (cadre_value_int (cadre_future_value (future)), 81);
    cadre_future_destroy (&future);
}

static void test_abort_is_quick (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    cadre_future_t *future = cadre_submit (rig->pool, "nap", "i", (int64_t) 3000);
    cadre_future_wait (future, 50);
    struct timespec begin, end;
    clock_gettime (CLOCK_MONOTONIC, &begin);
    cadre_abort (&rig->pool);
    clock_gettime (CLOCK_MONOTONIC, &end);
    assert_true (end.tv_sec - begin.tv_sec <= 3);
    assert_int_not_equal (cadre_future_wait (future, 0), CADRE_OK);
    cadre_future_destroy (&future);
    s_end (rig);
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_teardown (test_call, s_tear_down),
        cmocka_unit_test_teardown (test_errors_come_back, s_tear_down),
        cmocka_unit_test_teardown (test_wait_and_cancel, s_tear_down),
        cmocka_unit_test_teardown (test_nested_and_large_values, s_tear_down),
        cmocka_unit_test_teardown (test_partial_values_and_progress, s_tear_down),
        cmocka_unit_test_teardown (test_command, s_tear_down),
        cmocka_unit_test_teardown (test_many_futures, s_tear_down),
        cmocka_unit_test_teardown (test_threads_share_a_pool, s_tear_down),
        cmocka_unit_test_teardown (test_maps, s_tear_down),
        cmocka_unit_test_teardown (test_imap, s_tear_down),
        cmocka_unit_test_teardown (test_job, s_tear_down),
        cmocka_unit_test_teardown (test_job_of_commands, s_tear_down),
        cmocka_unit_test_teardown (test_cancel_a_job, s_tear_down),
        cmocka_unit_test_teardown (test_detached_job_is_followed, s_tear_down),
        cmocka_unit_test_teardown (test_callbacks, s_tear_down),
        cmocka_unit_test_teardown (test_futures_outlive_the_pool, s_tear_down),
        cmocka_unit_test_teardown (test_abort_is_quick, s_tear_down),
    };
    const char *places [] = {"threads", "processes", "ipc", "tcp"};
    int failed = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        s_place = places [i];
        if (argc < 2 || strcmp (argv [1], s_place) == 0)
            failed += cmocka_run_group_tests_name (s_place, tests, NULL, NULL);
    }
    return failed != 0;
}
