//  api_test.c - corners of the public header that no other test visits: all types there and back,
//  and what readers say of nothing

#include <cadre.h>

#include <dirent.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define WAIT_MS 20000

static cadre_error_t s_half (cadre_task_t *task)
{
    return cadre_return_double (task, cadre_arg_double (task, 0) / 2);
}

//  Its arguments by the accessor of each type, as a list.
static cadre_error_t s_types (cadre_task_t *task)
{
    size_t size = 0;
    const char *blob = cadre_arg_blob (task, 5, &size);
    cadre_value_t *value = cadre_value_build ("[i, u, d, b, s, B, i]", cadre_arg_int (task, 0),
                                              cadre_arg_uint (task, 1), cadre_arg_double (task, 2),
                                              cadre_arg_bool (task, 3), cadre_arg_text (task, 4),
                                              blob, size, (int64_t) cadre_arg_count (task));
    return cadre_return_value (task, &value);
}

static sem_t s_release; //  Of those that are deaf

//  Stays until it is released, whatever happens.
static cadre_error_t s_deaf (cadre_task_t *task)
{
    while (sem_wait (&s_release))
        continue;
    return cadre_return_nil (task);
}

static const cadre_function_t s_functions [] = {
    {.name = "half", .run = s_half, .takes = "d"},
    {.name = "types", .run = s_types, .takes = "iudbsB"},
    {.name = "deaf", .run = s_deaf},
    {0}};

static cadre_t *s_open (unsigned slots)
{
    cadre_t *pool = cadre_open (
        NULL, &(cadre_options_t){.threads = true, .slots = slots, .functions = s_functions});
    if (!pool)
        fail_msg ("%s", cadre_open_message ());
    return pool;
}

static void test_a_double_comes_back (void **state)
{
    (void) state;
    cadre_t *pool = s_open (1);
    cadre_future_t *future = cadre_submit (pool, "half", "d", 5.0);
    double value = 0;
    assert_int_equal (cadre_future_wait_double (future, &value, WAIT_MS), CADRE_OK);
    assert_true (value == 2.5);
    cadre_future_destroy (&future);
    double items [] = {1, 2, 3}, results [3];
    assert_int_equal (cadre_map_double (pool, "half", items, 3, NULL, results), CADRE_OK);
    assert_true (results [0] == 0.5 && results [1] == 1.0 && results [2] == 1.5);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

static void test_every_type_of_argument (void **state)
{
    (void) state;
    cadre_t *pool = s_open (1);
    cadre_value_t *value = NULL, *expected = cadre_value_build ("[i, u, d, b, s, B, i]", INT64_MIN,
                                                                UINT64_MAX, 0.25, 1, "t\xc3\xa4xt",
                                                                "\0\1", (size_t) 2, (int64_t) 6);
    if (cadre_call (pool, &value, WAIT_MS, "types", "iudbsB", INT64_MIN, UINT64_MAX, 0.25, 1,
                    "t\xc3\xa4xt", "\0\1", (size_t) 2)
        != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    assert_true (cadre_value_equal (value, expected));
    cadre_value_destroy (&value);
    cadre_value_destroy (&expected);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

static void test_types_have_names (void **state)
{
    (void) state;
    for (int i = CADRE_TYPE_NIL; i <= CADRE_TYPE_FAILURE; i++)
        for (int j = CADRE_TYPE_NIL; j < i; j++)
            assert_string_not_equal (cadre_type_name ((cadre_type_t) i),
                                     cadre_type_name ((cadre_type_t) j));
    assert_string_equal (cadre_type_name (cadre_value_type (NULL)),
                         cadre_type_name (CADRE_TYPE_NIL));
}

//  Calls without a pool fail, and do nothing.
static void test_no_pool_at_all (void **state)
{
    (void) state;
    cadre_t *none = NULL;
    assert_null (cadre_submit (NULL, "half", "d", 1.0));
    assert_null (cadre_job_open (NULL, "half", NULL));
    assert_int_not_equal (cadre_call (NULL, NULL, WAIT_MS, "half", "d", 1.0), CADRE_OK);
    assert_int_not_equal (cadre_request (NULL, "broker.info", NULL, NULL, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_close (&none, 0), CADRE_OK);
    assert_int_equal (cadre_close (NULL, 0), CADRE_OK);
    cadre_abort (&none);
    cadre_abort (NULL);
    assert_string_equal (cadre_address (NULL), "");
}

static unsigned s_threads (void)
{
    unsigned count = 0;
    DIR *folder = opendir ("/proc/self/task");
    assert_non_null (folder);
    for (struct dirent *entry; (entry = readdir (folder));)
        count += *entry->d_name != '.';
    closedir (folder);
    return count;
}

//  Those that were left behind end, or they would leak.
static void s_release_all (unsigned deaf, unsigned threads)
{
    while (deaf--)
        sem_post (&s_release);
    for (int i = 0; i < WAIT_MS && s_threads () > threads; i++)
        nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_true (s_threads () <= threads);
}

//  A thread cannot be killed: its task times out, the thread is left behind and another one takes
//  its place. After four of them tasks are refused, with the reason.
static void test_threads_that_do_not_end (void **state)
{
    (void) state;
    unsigned threads = s_threads ();
    sem_init (&s_release, 0, 0);
    cadre_t *pool = s_open (1);
    const cadre_job_options_t hasty = {.timeout_ms = 50, .grace_ms = 50};
    cadre_value_t *none = cadre_value_build ("[]");
    for (int i = 0; i < 4; i++) {
        cadre_future_t *future = cadre_submit_value (pool, "deaf", none, &hasty);
        assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
        assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_TIMEOUT);
        cadre_future_destroy (&future);
        if (i < 3)
            assert_int_equal (cadre_call (pool, NULL, WAIT_MS, "half", "d", 1.0), CADRE_OK);
    }
    cadre_future_t *future = cadre_submit (pool, "half", "d", 1.0);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_non_null (strstr (cadre_future_message (future), "thread"));
    cadre_future_destroy (&future);
    cadre_value_destroy (&none);
    cadre_close (&pool, WAIT_MS);
    s_release_all (4, threads);
    sem_destroy (&s_release);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_double_comes_back),
        cmocka_unit_test (test_every_type_of_argument),
        cmocka_unit_test (test_types_have_names),
        cmocka_unit_test (test_no_pool_at_all),
        cmocka_unit_test (test_threads_that_do_not_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
