//  poor_test.c - a program that embeds a pool, in poor surroundings: it is told, and lives on

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 30000
#define NOBODY 65534

static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

static cadre_error_t s_size (cadre_task_t *task)
{
    size_t size = 0;
    cadre_arg_blob (task, 0, &size);
    return cadre_return_int (task, (int64_t) size);
}

static cadre_error_t s_large (cadre_task_t *task)
{
    size_t size = (size_t) cadre_arg_int (task, 0);
    char *bytes = calloc (1, size);
    if (!bytes)
        return cadre_fail (task, "memory", "the function has no memory itself");
    cadre_error_t error = cadre_return_blob (task, bytes, size);
    free (bytes);
    return error;
}

static const cadre_function_t s_functions [] = {{.name = "square", .run = s_square, .takes = "i"},
                                                {.name = "size", .run = s_size, .takes = "B"},
                                                {.name = "large", .run = s_large, .takes = "i"},
                                                {0}};

//  In a child, since limits are those of the whole process. The child ends with 0 when all is
//  right.
static void s_in_child (int (*run) (bool threads), bool threads)
{
    int status = -1;
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        alarm (WAIT_MS / 1000 * 3);
        _exit (run (threads));
    }
    assert_int_equal (waitpid (pid, &status, 0), pid);
    if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
        fail_msg ("the program ended with status 0x%x", (unsigned) status);
}

static cadre_t *s_open (bool threads)
{
    return cadre_open (NULL, &(cadre_options_t){.slots = 1, .threads = threads});
}

//  ---- no thread, no process -------------------------------------------------------

static int s_without_threads (bool threads)
{
    struct rlimit limit = {2, 2};
    if (geteuid () == 0 && (setgid (NOBODY) || setuid (NOBODY)))
        return 2;
    setrlimit (RLIMIT_NPROC, &limit);
    if (s_open (threads) || cadre_open_error () != CADRE_ERROR_MEMORY)
        return 3;
    if (!strstr (cadre_open_message (), "no thread can be started"))
        return 4;
    if (cadre_open ("tcp://127.0.0.1:27990", NULL) || cadre_open_error () != CADRE_ERROR_MEMORY)
        return 5;
    return 0;
}

static void test_without_threads_opening_fails (void **state)
{
    (void) state;
    s_in_child (s_without_threads, false);
    s_in_child (s_without_threads, true);
}

//  ---- few descriptors ------------------------------------------------------------------

static int s_few_descriptors (bool threads)
{
    struct rlimit limit = {100, 100};
    setrlimit (RLIMIT_NOFILE, &limit);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 50, .threads = threads});
    if (!pool)
        return 2;
    if (cadre_open_error () != CADRE_OK || !strstr (cadre_open_message (), "slots instead of 50"))
        return 3;
    cadre_value_t *value = NULL;
    if (cadre_call (pool, &value, WAIT_MS, "square", "i", INT64_C (7))
        || cadre_value_int (value) != 49)
        return 4;
    cadre_value_destroy (&value);
    return cadre_close (&pool, WAIT_MS) ? 5 : 0;
}

static void test_few_descriptors_are_fewer_slots (void **state)
{
    (void) state;
    s_in_child (s_few_descriptors, false);
    s_in_child (s_few_descriptors, true);
}

//  ---- little memory -------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LIMITS_MEMORY 0 //  A sanitizer's own memory would count
#else
#define LIMITS_MEMORY 1
#endif

#define MIB (UINT64_C (1) << 20)
#define LARGE_BYTES (100 * MIB)

//  Arguments that have no room are an error of their future; what is small goes on.
static int s_large_arguments (bool threads)
{
    cadre_t *pool = s_open (threads);
    char *bytes = calloc (1, LARGE_BYTES);
    struct rlimit limit = {900 * MIB, 900 * MIB};
    int64_t number = 0;
    if (!pool || !bytes || cadre_call (pool, NULL, WAIT_MS, "square", "i", INT64_C (3)))
        return 2;
    setrlimit (RLIMIT_AS, &limit);
    bool told = false;
    for (int i = 0; i < 12; i++) {
        cadre_future_t *future = cadre_submit (pool, "size", "B", bytes, (size_t) LARGE_BYTES);
        if (future && cadre_future_wait (future, 0) == CADRE_ERROR_MEMORY)
            told = strstr (cadre_future_message (future), "no memory for arguments of 100.0 MiB")
                   != NULL;
        cadre_future_destroy (&future);
    }
    cadre_future_t *small = cadre_submit (pool, "square", "i", INT64_C (7));
    if (!told || cadre_future_wait_int (small, &number, WAIT_MS) || number != 49)
        return 3;
    cadre_future_destroy (&small);
    cadre_value_t *blob = cadre_value_of_blob (bytes, 900 * MIB);
    if (blob)
        return 4;
    free (bytes);
    cadre_abort (&pool);
    return 0;
}

//  So are results.
static int s_large_results (bool threads)
{
    cadre_t *pool = s_open (threads);
    struct rlimit limit = {600 * MIB, 600 * MIB};
    int64_t number = 0;
    if (!pool || cadre_call (pool, NULL, WAIT_MS, "square", "i", INT64_C (3)))
        return 2;
    setrlimit (RLIMIT_AS, &limit);
    cadre_future_t *future = cadre_submit (pool, "large", "i", (int64_t) (2 * LARGE_BYTES));
    if (cadre_future_wait (future, WAIT_MS) != CADRE_ERROR_TASK
        || !strstr (cadre_future_message (future), "memory"))
        return 3;
    cadre_future_destroy (&future);
    future = cadre_submit (pool, "square", "i", INT64_C (7));
    if (cadre_future_wait_int (future, &number, WAIT_MS) || number != 49)
        return 4;
    cadre_future_destroy (&future);
    cadre_abort (&pool);
    return 0;
}

static void test_large_arguments_are_refused (void **state)
{
    (void) state;
    if (!LIMITS_MEMORY)
        skip ();
    s_in_child (s_large_arguments, false);
    s_in_child (s_large_arguments, true);
}

static void test_large_results_are_refused (void **state)
{
    (void) state;
    if (!LIMITS_MEMORY)
        skip ();
    s_in_child (s_large_results, false);
    s_in_child (s_large_results, true);
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_without_threads_opening_fails),
        cmocka_unit_test (test_few_descriptors_are_fewer_slots),
        cmocka_unit_test (test_large_arguments_are_refused),
        cmocka_unit_test (test_large_results_are_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
