//  closing_test.c - the three ways to close a pool: what becomes of tasks that run, of those that
//  wait, and of callbacks

#include <cadre.h>

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WAIT_MS 20000
#define SLOTS 2
#define TASKS 40
#define WARM 50

static sem_t s_begun; //  Posted by each task that begins
static sem_t s_gate;  //  A held task ends when it is posted

//  Runs until the gate is open.
static cadre_error_t s_hold (cadre_task_t *task)
{
    sem_post (&s_begun);
    sem_wait (&s_gate);
    return cadre_return_nil (task);
}

//  Runs until it is cancelled.
static cadre_error_t s_linger (cadre_task_t *task)
{
    sem_post (&s_begun);
    while (!cadre_task_cancelled (task))
        ;
    return cadre_fail (task, "cancelled", "it was cancelled");
}

static const cadre_function_t s_functions [] = {
    {.name = "hold", .run = s_hold}, {.name = "linger", .run = s_linger}, {0}};

typedef struct batch {
    cadre_t *pool;                   //  With thread slots
    cadre_future_t *futures [TASKS]; //  The first ones run
    atomic_int called [TASKS];       //  How often each was called back
    atomic_int cancelled;            //  Callbacks of cancelled tasks
} batch_t;

static batch_t s_batch;

//  All tasks that wait were cancelled: those that run may end.
static void s_on_done (cadre_future_t *future, void *argument)
{
    atomic_int *called = argument;
    atomic_fetch_add (called, 1);
    if (cadre_future_state (future) != CADRE_STATE_CANCELLED)
        return;
    if (atomic_fetch_add (&s_batch.cancelled, 1) + 1 == TASKS - SLOTS)
        for (int i = 0; i < SLOTS; i++)
            sem_post (&s_gate);
}

//  Tasks that are known to be short are sent ahead: then some wait at the worker.
static void s_warm_up (void)
{
    for (int i = 0; i < WARM; i++)
        sem_post (&s_gate);
    for (int i = 0; i < WARM; i++)
        assert_int_equal (cadre_call (s_batch.pool, NULL, WAIT_MS, "hold", ""), CADRE_OK);
    for (int i = 0; i < WARM; i++)
        sem_wait (&s_begun);
}

static void s_begin (const char *function, bool by_dispatch)
{
    s_batch = (batch_t){
        .pool = cadre_open (NULL, &(cadre_options_t){.threads = true,
                                                     .slots = SLOTS,
                                                     .functions = s_functions,
                                                     .callbacks_by_dispatch = by_dispatch})};
    if (!s_batch.pool)
        fail_msg ("%s", cadre_open_message ());
    sem_init (&s_begun, 0, 0);
    sem_init (&s_gate, 0, 0);
    s_warm_up ();
    for (int i = 0; i < TASKS; i++) {
        s_batch.futures [i] = cadre_submit (s_batch.pool, function, "");
        assert_int_equal (
            cadre_future_on_done (s_batch.futures [i], s_on_done, &s_batch.called [i]), CADRE_OK);
    }
    for (int i = 0; i < SLOTS; i++)
        sem_wait (&s_begun);
}

static void s_end (void)
{
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal (s_batch.called [i], 1);
        cadre_future_destroy (&s_batch.futures [i]);
    }
    int begun = -1;
    sem_getvalue (&s_begun, &begun);
    assert_int_equal (begun, 0); //  Nothing began behind those that ran
    sem_destroy (&s_begun);
    sem_destroy (&s_gate);
}

static int s_count (cadre_state_t state)
{
    int count = 0;
    for (int i = 0; i < TASKS; i++)
        count += cadre_future_state (s_batch.futures [i]) == state;
    return count;
}

static void test_stop_lets_what_runs_end (void **state)
{
    (void) state;
    s_begin ("hold", false);
    assert_int_equal (cadre_stop (&s_batch.pool, WAIT_MS), CADRE_OK);
    assert_null (s_batch.pool);
    assert_int_equal (s_count (CADRE_STATE_OK), SLOTS);
    assert_int_equal (s_count (CADRE_STATE_CANCELLED), TASKS - SLOTS);
    s_end ();
}

static void test_stop_cancels_what_runs_too_long (void **state)
{
    (void) state;
    s_begin ("linger", true);
    assert_int_equal (cadre_stop (&s_batch.pool, 0), CADRE_ERROR_TIMEOUT);
    assert_int_equal (s_count (CADRE_STATE_CANCELLED), TASKS);
    s_end ();
}

static void test_abort_calls_back_too (void **state)
{
    (void) state;
    s_begin ("linger", false);
    cadre_abort (&s_batch.pool);
    assert_int_equal (s_count (CADRE_STATE_CANCELLED) + s_count (CADRE_STATE_LOST), TASKS);
    s_end ();
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_stop_lets_what_runs_end),
        cmocka_unit_test (test_stop_cancels_what_runs_too_long),
        cmocka_unit_test (test_abort_calls_back_too),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
