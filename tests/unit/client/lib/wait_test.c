//  wait_test.c - waiting for many futures, their states and callbacks, against a broker driven by
//  hand

#include <cadre.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/fakes/fake_broker.h"

#define WAIT_MS 10000
#define COUNT 3

typedef struct rig {
    fake_broker_t *broker;
    cadre_t *pool;
    uint64_t ref;                    //  Of the hidden job
    cadre_future_t *futures [COUNT]; //  Of tasks 0, 1, 2
} rig_t;

static rig_t s_begin (bool by_dispatch)
{
    rig_t self = {.broker = fake_broker_new (FAKE_BROKER_WELCOME, 100)};
    self.pool = cadre_open (fake_broker_address (self.broker),
                            &(cadre_options_t){.callbacks_by_dispatch = by_dispatch});
    assert_non_null (self.pool);
    for (size_t i = 0; i < COUNT; i++)
        self.futures [i] = cadre_submit (self.pool, "f", "");
    cursor_t body = fake_broker_expect (self.broker, WIRE_job_open);
    wire_job_open_t open;
    assert_true (wire_read_job_open (&body, &open));
    self.ref = open.ref;
    fake_broker_expect_tasks (self.broker, COUNT);
    return self;
}

static void s_end (rig_t *self)
{
    for (size_t i = 0; i < COUNT; i++)
        cadre_future_destroy (&self->futures [i]);
    cadre_abort (&self->pool);
    fake_broker_destroy (&self->broker);
}

//  ---- cadre_wait ------------------------------------------------------------------------

static void test_all (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    fake_broker_result (rig.broker, rig.ref, 2, 1);
    fake_broker_result (rig.broker, rig.ref, 0, 1);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ALL, 0), CADRE_ERROR_TIMEOUT);
    fake_broker_result (rig.broker, rig.ref, 1, 1);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ALL, WAIT_MS), CADRE_OK);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal (cadre_future_state (rig.futures [i]), CADRE_STATE_OK);
    s_end (&rig);
}

static void test_all_names_what_failed_first (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    fake_broker_failed (rig.broker, rig.ref, 2, CADRE_OUTCOME_ERROR, "odd", "two is odd");
    fake_broker_failed (rig.broker, rig.ref, 1, CADRE_OUTCOME_ERROR, "odd", "one is odd");
    fake_broker_result (rig.broker, rig.ref, 0, 1);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ALL, WAIT_MS), CADRE_ERROR_TASK);
    assert_string_equal (cadre_message (rig.pool),
                         "2 of 3 tasks failed, number 2 first: two is odd");
    assert_int_equal (cadre_future_state (rig.futures [1]), CADRE_STATE_FAILED);
    s_end (&rig);
}

static void test_any (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ANY, 0), CADRE_ERROR_TIMEOUT);
    assert_non_null (strstr (cadre_message (rig.pool), "3 of 3 tasks have not ended"));
    fake_broker_failed (rig.broker, rig.ref, 1, CADRE_OUTCOME_ERROR, "odd", "one is odd");
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ANY, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_future_state (rig.futures [0]), CADRE_STATE_PENDING);
    assert_int_equal (cadre_future_state (rig.futures [1]), CADRE_STATE_FAILED);
    s_end (&rig);
}

static void test_first_error (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    fake_broker_result (rig.broker, rig.ref, 0, 1);
    assert_int_equal (cadre_future_wait (rig.futures [0], WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ERROR, 0), CADRE_ERROR_TIMEOUT);
    fake_broker_failed (rig.broker, rig.ref, 2, CADRE_OUTCOME_CANCELLED, "cancelled", "early");
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ERROR, WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_state (rig.futures [1]), CADRE_STATE_PENDING);
    assert_int_equal (cadre_future_state (rig.futures [2]), CADRE_STATE_CANCELLED);
    s_end (&rig);
}

static void test_no_error_waits_for_all (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    for (size_t i = 0; i < COUNT; i++)
        fake_broker_result (rig.broker, rig.ref, i, 1);
    assert_int_equal (cadre_wait (rig.futures, COUNT, CADRE_WAIT_ERROR, WAIT_MS), CADRE_OK);
    s_end (&rig);
}

static void test_bad_input (void **state)
{
    (void) state;
    rig_t rig = s_begin (false), other = s_begin (false);
    cadre_future_t *none [2] = {NULL, NULL}, *mixed [2] = {rig.futures [0], other.futures [0]};
    assert_int_equal (cadre_wait (NULL, 1, CADRE_WAIT_ALL, 0), CADRE_ERROR_ARGUMENT);
    assert_int_equal (cadre_wait (NULL, 0, CADRE_WAIT_ALL, 0), CADRE_ERROR_END);
    assert_int_equal (cadre_wait (none, 2, CADRE_WAIT_ANY, -1), CADRE_ERROR_END);
    assert_int_equal (cadre_wait (mixed, 2, CADRE_WAIT_ALL, -1), CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (cadre_message (rig.pool), "several pools"));
    assert_int_equal (cadre_future_state (NULL), CADRE_STATE_LOST);
    s_end (&rig);
    s_end (&other);
}

//  Tasks, a call and a job whose arguments say their types are as any others.
static void test_typed_arguments_travel (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    cadre_future_t *typed = cadre_submit_typed (rig.pool, "f", CADRE_ARGS (7, "seven"), NULL);
    fake_broker_expect_tasks (rig.broker, 1);
    fake_broker_result (rig.broker, rig.ref, COUNT, 5);
    int64_t value = 0;
    assert_int_equal (cadre_future_wait_int (typed, &value, WAIT_MS), CADRE_OK);
    assert_int_equal (value, 5);
    assert_int_equal (cadre_call_typed (rig.pool, NULL, 1, "f", CADRE_ARGS (7)),
                      CADRE_ERROR_TIMEOUT);
    const char *none = NULL;
    assert_int_equal (cadre_call_typed (rig.pool, NULL, -1, "f", CADRE_ARGS (none)),
                      CADRE_ERROR_ARGUMENT);
    cadre_job_t *job = cadre_job_open (rig.pool, "f", NULL);
    assert_int_equal (cadre_job_add_typed (job, NULL, CADRE_ARGS (7)), CADRE_OK);
    assert_int_equal (cadre_job_add_typed (job, NULL, CADRE_ARGS (none)), CADRE_ERROR_ARGUMENT);
    cadre_job_destroy (&job);
    cadre_future_destroy (&typed);
    s_end (&rig);
}

//  ---- as completed ------------------------------------------------------------------------

static void test_the_next_is_the_one_that_ended_first (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    static const size_t order [COUNT] = {1, 2, 0};
    for (size_t i = 0; i < COUNT; i++)
        fake_broker_result (rig.broker, rig.ref, order [i], (int64_t) i);
    assert_int_equal (cadre_future_wait (rig.futures [0], WAIT_MS), CADRE_OK);
    size_t index = 9;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal (cadre_wait_next (rig.futures, COUNT, &index, WAIT_MS), CADRE_OK);
        assert_int_equal (index, order [i]);
        int64_t value = -1;
        assert_int_equal (cadre_future_wait_int (rig.futures [index], &value, 0), CADRE_OK);
        assert_int_equal (value, i);
        cadre_future_destroy (&rig.futures [index]);
    }
    assert_int_equal (cadre_wait_next (rig.futures, COUNT, &index, WAIT_MS), CADRE_ERROR_END);
    s_end (&rig);
}

static void test_the_next_comes_while_it_is_waited_for (void **state)
{
    (void) state;
    rig_t rig = s_begin (false);
    size_t index = 9;
    assert_int_equal (cadre_wait_next (rig.futures, COUNT, &index, 0), CADRE_ERROR_TIMEOUT);
    fake_broker_result (rig.broker, rig.ref, 1, 1);
    assert_int_equal (cadre_wait_next (rig.futures, COUNT, &index, WAIT_MS), CADRE_OK);
    assert_int_equal (index, 1);
    s_end (&rig);
}

//  ---- callbacks -----------------------------------------------------------------------------

//  Which callbacks were called, in order.
typedef struct trail {
    char letters [8]; //  With a NUL
    size_t count;     //  How many
} trail_t;

typedef struct step {
    trail_t *trail;
    char letter;   //  Left in the trail
    bool destroys; //  The future ends here
} step_t;

static void s_step (cadre_future_t *future, void *argument)
{
    step_t *step = argument;
    step->trail->letters [step->trail->count++] = step->letter;
    if (step->destroys)
        cadre_future_destroy (&future);
}

static void s_add_more (cadre_future_t *future, void *argument)
{
    s_step (future, argument);
    step_t *next = (step_t *) argument + 1;
    assert_int_equal (cadre_future_on_done (future, s_step, next), CADRE_OK);
}

static void test_each_callback_is_called_once_in_order (void **state)
{
    (void) state;
    rig_t rig = s_begin (true);
    trail_t trail = {0};
    step_t steps [] = {
        {&trail, 'a', false}, {&trail, 'b', false}, {&trail, 'c', false}, {&trail, 'd', false}};
    assert_int_equal (cadre_future_on_done (rig.futures [0], s_step, &steps [0]), CADRE_OK);
    assert_int_equal (cadre_future_on_done (rig.futures [0], s_add_more, &steps [1]), CADRE_OK);
    fake_broker_result (rig.broker, rig.ref, 0, 1);
    assert_int_equal (cadre_future_wait (rig.futures [0], WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_dispatch (rig.pool), CADRE_OK);
    assert_string_equal (trail.letters, "abc");
    assert_int_equal (cadre_future_on_done (rig.futures [0], s_step, &steps [3]), CADRE_OK);
    assert_int_equal (cadre_dispatch (rig.pool), CADRE_OK);
    assert_int_equal (cadre_dispatch (rig.pool), CADRE_OK);
    assert_string_equal (trail.letters, "abcd");
    s_end (&rig);
}

static void test_a_callback_that_destroys_is_the_last (void **state)
{
    (void) state;
    rig_t rig = s_begin (true);
    trail_t trail = {0};
    step_t steps [] = {{&trail, 'a', true}, {&trail, 'b', false}};
    cadre_future_on_done (rig.futures [0], s_step, &steps [0]);
    cadre_future_on_done (rig.futures [0], s_step, &steps [1]);
    fake_broker_result (rig.broker, rig.ref, 0, 1);
    assert_int_equal (cadre_future_wait (rig.futures [0], WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_dispatch (rig.pool), CADRE_OK);
    assert_string_equal (trail.letters, "a");
    rig.futures [0] = NULL;
    s_end (&rig);
}

static void s_closing_calls (bool by_dispatch)
{
    rig_t rig = s_begin (by_dispatch);
    trail_t trail = {0};
    step_t steps [] = {{&trail, 'a', false}, {&trail, 'b', false}};
    cadre_future_on_done (rig.futures [0], s_step, &steps [0]);
    cadre_future_on_done (rig.futures [0], s_step, &steps [1]);
    cadre_abort (&rig.pool);
    assert_string_equal (trail.letters, "ab");
    assert_int_equal (cadre_future_state (rig.futures [0]), CADRE_STATE_LOST);
    assert_int_equal (cadre_future_on_done (rig.futures [0], s_step, &steps [0]),
                      CADRE_ERROR_CLOSED);
    assert_string_equal (trail.letters, "ab");
    s_end (&rig);
}

static void test_closing_calls_what_was_not_called (void **state)
{
    (void) state;
    s_closing_calls (false);
    s_closing_calls (true);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_all),
        cmocka_unit_test (test_all_names_what_failed_first),
        cmocka_unit_test (test_any),
        cmocka_unit_test (test_first_error),
        cmocka_unit_test (test_no_error_waits_for_all),
        cmocka_unit_test (test_bad_input),
        cmocka_unit_test (test_typed_arguments_travel),
        cmocka_unit_test (test_the_next_is_the_one_that_ended_first),
        cmocka_unit_test (test_the_next_comes_while_it_is_waited_for),
        cmocka_unit_test (test_each_callback_is_called_once_in_order),
        cmocka_unit_test (test_a_callback_that_destroys_is_the_last),
        cmocka_unit_test (test_closing_calls_what_was_not_called),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
