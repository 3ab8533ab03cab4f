//  pool_kinds_rig.c - rig: the same tests in every kind of pool

#include "tests/lib/rigs/pool_kinds_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

//  ---- functions ----------------------------------------------------------------------

static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

static cadre_error_t s_echo (cadre_task_t *task)
{
    cadre_value_t *copy = cadre_value_copy (cadre_arg_value (task, 0));
    return cadre_return_value (task, &copy);
}

static cadre_error_t s_add (cadre_task_t *task)
{
    double sum = 0;
    for (size_t i = 0; i < cadre_arg_count (task); i++)
        sum += cadre_arg_double (task, i);
    return cadre_return_double (task, sum);
}

static cadre_error_t s_sum (cadre_task_t *task)
{
    const cadre_value_t *list = cadre_arg_value (task, 0);
    int64_t sum = 0;
    for (size_t i = 0; i < cadre_value_count (list); i++)
        sum += cadre_value_int (cadre_value_at (list, i));
    return cadre_return_int (task, sum);
}

static cadre_error_t s_picky (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    cadre_trace (task, "in picky");
    return n > 3 ? cadre_fail (task, "range", "%d is too large", (int) n)
                 : cadre_return_int (task, n);
}

//  Sleeps, and looks whether it should end.
static cadre_error_t s_nap (cadre_task_t *task)
{
    int64_t left_ms = cadre_arg_int (task, 0);
    for (; left_ms > 0 && !cadre_task_cancelled (task); left_ms--)
        nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
    return left_ms > 0 ? cadre_fail (task, "cancelled", "%d ms early", (int) left_ms)
                       : cadre_return_nil (task);
}

static cadre_error_t s_chatty (cadre_task_t *task)
{
    cadre_task_log (task, "hello from %u", cadre_task_index (task));
    cadre_task_progress (task, 0.5, "half");
    for (int64_t i = 0; i < 3; i++) {
        cadre_value_t *value = cadre_value_of_int (i);
        cadre_task_emit (task, &value);
    }
    return cadre_return_text (task, "done");
}

//  What a call knows of itself: a map.
static cadre_error_t s_self (cadre_task_t *task)
{
    cadre_value_t *map = cadre_value_build (
        "{s:u s:u s:i s:s}", "attempt", (uint64_t) cadre_task_attempt (task), "slot",
        (uint64_t) cadre_task_slot (task), "state", *(const int64_t *) cadre_task_state (task),
        "broker", cadre_task_broker (task));
    return cadre_task_job (task) ? cadre_return_value (task, &map)
                                 : cadre_fail (task, "job", "no number");
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
static const char *s_program;           //  Below the build folder

bool pool_kinds_runs_commands (void)
{
    return strcmp (s_place, "threads") != 0;
}

static void s_await_worker (cadre_t *pool)
{
    for (int i = 0; i < 1000; i++) {
        cadre_value_t *workers = NULL;
        assert_int_equal (cadre_request (pool, "worker.list", NULL, &workers, POOL_KINDS_WAIT_MS),
                          CADRE_OK);
        const char *state =
            cadre_value_text (cadre_value_get (cadre_value_at (workers, 0), "state"));
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
int pool_kinds_tear_down (void **state)
{
    (void) state;
    cadre_abort (&s_rig.pool);
    child_destroy (&s_rig.worker);
    thread_cluster_destroy (&s_rig.stage);
    return 0;
}

rig_t *pool_kinds_begin (void)
{
    rig_t self = {0};
    cadre_options_t options = {
        .slots = 2, .threads = strcmp (s_place, "threads") == 0, .name = "library_test"};
    const char *address = NULL;
    if (strcmp (s_place, "ipc") == 0 || strcmp (s_place, "tcp") == 0) {
        self.stage = thread_cluster_new (s_place, false);
        address = thread_cluster_address (self.stage);
        self.worker = child_new (s_program, "--cadre-worker", "--broker", address);
    }
    self.pool = cadre_open (address, &options);
    s_rig = self;
    if (!self.pool)
        fail_msg ("%s", cadre_open_message ());
    s_await_worker (self.pool);
    return &s_rig;
}

void pool_kinds_end (rig_t *self)
{
    assert_int_equal (cadre_close (&self->pool, POOL_KINDS_WAIT_MS), CADRE_OK);
    assert_null (self->pool);
    if (self->worker)
        kill (child_pid (self->worker), SIGTERM);
    if (self->worker)
        assert_int_equal (child_wait (self->worker, POOL_KINDS_WAIT_MS), 0);
    child_destroy (&self->worker);
    thread_cluster_destroy (&self->stage);
}


int pool_kinds_run (int argc, char **argv, const char *program, const struct CMUnitTest *tests,
                    size_t count)
{
    static const char *const places [] = {"threads", "processes", "ipc", "tcp"};
    int failed = 0;
    s_program = program;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        s_place = places [i];
        if (argc < 2 || strcmp (argv [1], s_place) == 0)
            failed += _cmocka_run_group_tests (s_place, tests, count, NULL, NULL);
    }
    return failed != 0;
}

void pool_kinds_main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
}
