//  embedding_test.c - a pool inside programs that are not kind to it: nothing is left behind

#include <cadre.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 20000

static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

//  What the standard error of a slot is.
static cadre_error_t s_stderr (cadre_task_t *task)
{
    char path [64] = "";
    ssize_t size = readlink ("/proc/self/fd/2", path, sizeof path - 1);
    return cadre_return_text (task, size > 0 ? path : "closed");
}

//  A task that opens a pool: the sum of ten squares.
static cadre_error_t s_sum_by (cadre_task_t *task, cadre_t *pool)
{
    int64_t items [10], sum = 0;
    if (!pool)
        return cadre_fail (task, "open", "%s", cadre_open_message ());
    for (int64_t i = 0; i < 10; i++)
        items [i] = i;
    cadre_error_t error = cadre_map_int (pool, "square", items, 10, NULL, items);
    if (error)
        cadre_fail (task, "map", "%s", cadre_message (pool));
    for (size_t i = 0; i < 10; i++)
        sum += items [i];
    cadre_close (&pool, WAIT_MS);
    return error ? CADRE_ERROR_TASK : cadre_return_int (task, sum);
}

static cadre_error_t s_sum_by_own (cadre_task_t *task)
{
    bool threads = cadre_arg_bool (task, 0);
    return s_sum_by (task, cadre_open (NULL, &(cadre_options_t){.slots = 2, .threads = threads}));
}

static cadre_error_t s_sum_by_outer (cadre_task_t *task)
{
    return s_sum_by (task, cadre_open (cadre_task_broker (task), NULL));
}

//  Working directory and a variable of the slot.
static cadre_error_t s_surroundings (cadre_task_t *task)
{
    char folder [256], text [512];
    const char *variable = getenv ("CADRE_TEST_SURROUNDINGS");
    snprintf (text, sizeof text, "%s in %s", variable ? variable : "none",
              getcwd (folder, sizeof folder) ? folder : "none");
    return cadre_return_text (task, text);
}

static cadre_error_t s_die (cadre_task_t *task)
{
    (void) task;
    raise (SIGKILL);
    return CADRE_OK;
}

static const cadre_function_t s_functions [] = {
    {.name = "square", .run = s_square, .takes = "i"},
    {.name = "stderr", .run = s_stderr},
    {.name = "sum_by_own", .run = s_sum_by_own, .takes = "b"},
    {.name = "sum_by_outer", .run = s_sum_by_outer},
    {.name = "surroundings", .run = s_surroundings},
    {.name = "die", .run = s_die},
    {0}};

static size_t s_entries (const char *folder)
{
    size_t count = 0;
    DIR *handle = opendir (folder);
    assert_non_null (handle);
    for (struct dirent *entry; (entry = readdir (handle));)
        count += entry->d_name [0] != '.';
    closedir (handle);
    return count;
}

//  Children of this process, those included that wait to be reaped.
static size_t s_children (void)
{
    size_t count = 0;
    char path [64];
    snprintf (path, sizeof path, "/proc/self/task/%d/children", (int) getpid ());
    FILE *file = fopen (path, "re");
    int pid;
    while (file && fscanf (file, "%d", &pid) == 1)
        count++;
    if (file)
        fclose (file);
    return count;
}

static void s_use (cadre_t *pool)
{
    for (int64_t i = 0; i < 20; i++) {
        cadre_value_t *value = NULL;
        assert_int_equal (cadre_call (pool, &value, WAIT_MS, "square", "i", i), CADRE_OK);
        assert_int_equal (cadre_value_int (value), i * i);
        cadre_value_destroy (&value);
    }
}

static cadre_t *s_open (bool threads)
{
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 2, .threads = threads});
    if (!pool)
        fail_msg ("%s", cadre_open_message ());
    return pool;
}

static void s_open_use_close (bool threads)
{
    cadre_t *pool = s_open (threads);
    s_use (pool);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

static void test_many_pools_leave_nothing (void **state)
{
    (void) state;
    s_open_use_close (true);
    s_open_use_close (false);
    size_t descriptors = s_entries ("/proc/self/fd"), threads = s_entries ("/proc/self/task");
    for (int i = 0; i < 100; i++)
        s_open_use_close (i % 4 != 0);
    assert_int_equal (s_entries ("/proc/self/fd"), descriptors);
    assert_int_equal (s_entries ("/proc/self/task"), threads);
    assert_int_equal (s_children (), 0);
}

static void test_several_pools_at_once (void **state)
{
    (void) state;
    cadre_t *pools [4];
    for (int i = 0; i < 4; i++)
        pools [i] = s_open (i % 2);
    for (int i = 0; i < 4; i++)
        s_use (pools [i]);
    for (int i = 0; i < 4; i++)
        assert_int_equal (cadre_close (&pools [i], WAIT_MS), CADRE_OK);
    assert_int_equal (s_children (), 0);
}

static void s_check_sum (cadre_t *pool, const char *function, const char *types, bool threads)
{
    cadre_value_t *value = NULL;
    if (cadre_call (pool, &value, WAIT_MS, function, types, threads) != CADRE_OK)
        fail_msg ("%s (%d): %s", function, threads, cadre_message (pool));
    assert_int_equal (cadre_value_int (value), 285);
    cadre_value_destroy (&value);
}

//  It has the outer broker's slots, or its own, which are processes or threads.
static void test_a_pool_inside_a_task (void **state)
{
    (void) state;
    for (int threads = 0; threads < 2; threads++) {
        cadre_t *pool = s_open (threads);
        s_check_sum (pool, "sum_by_outer", "", false);
        s_check_sum (pool, "sum_by_own", "b", true);
        s_check_sum (pool, "sum_by_own", "b", false);
        assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
    }
    assert_int_equal (s_children (), 0);
}

static void s_check_surroundings (cadre_t *pool, const char *wanted)
{
    const char *text = NULL;
    cadre_future_t *future = cadre_submit (pool, "surroundings", "");
    assert_int_equal (cadre_future_wait_text (future, &text, WAIT_MS), CADRE_OK);
    assert_string_equal (text, wanted);
    cadre_future_destroy (&future);
}

//  All slots have the environment and the folder that the program had when it opened the pool,
//  whenever they are started.
static void test_a_program_that_changes_its_surroundings (void **state)
{
    (void) state;
    char folder [256], wanted [512];
    assert_non_null (getcwd (folder, sizeof folder));
    setenv ("CADRE_TEST_SURROUNDINGS", "first", 1);
    snprintf (wanted, sizeof wanted, "first in %s", folder);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1});
    assert_non_null (pool);
    setenv ("CADRE_TEST_SURROUNDINGS", "second", 1);
    assert_int_equal (chdir ("/"), 0);
    s_check_surroundings (pool, wanted);
    assert_int_equal (cadre_call (pool, NULL, WAIT_MS, "die", ""), CADRE_ERROR_TASK);
    s_check_surroundings (pool, wanted);
    cadre_t *later = cadre_open (NULL, &(cadre_options_t){.slots = 1});
    s_check_surroundings (later, "second in /");
    assert_int_equal (cadre_close (&later, WAIT_MS), CADRE_OK);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
    assert_int_equal (chdir (folder), 0);
    unsetenv ("CADRE_TEST_SURROUNDINGS");
}

static void test_children_ignored_and_signals_blocked (void **state)
{
    (void) state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigset_t all, mask;
    sigaction (SIGCHLD, &ignore, &before);
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &mask);
    s_open_use_close (true);
    cadre_t *pool = s_open (false);
    s_use (pool);
    const char *argv [] = {"sh", "-c", "exit 4", NULL};
    cadre_future_t *future = cadre_submit_command (pool, argv, NULL);
    assert_int_equal (cadre_future_wait (future, WAIT_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_code (future), 4);
    cadre_future_destroy (&future);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
    struct sigaction after;
    sigset_t now;
    sigaction (SIGCHLD, &before, &after);
    pthread_sigmask (SIG_SETMASK, &mask, &now);
    assert_ptr_equal (after.sa_handler, SIG_IGN);
    assert_int_equal (sigismember (&now, SIGTERM), 1);
}

static void test_a_thousand_descriptors_open (void **state)
{
    (void) state;
    struct rlimit before, wide;
    getrlimit (RLIMIT_NOFILE, &before);
    wide = before;
    if (wide.rlim_max < 4096)
        skip ();
    wide.rlim_cur = 4096;
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &wide), 0);
    int open_fds [1100];
    for (size_t i = 0; i < 1100; i++)
        assert_true ((open_fds [i] = open ("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
    s_open_use_close (true);
    s_open_use_close (false);
    for (size_t i = 0; i < 1100; i++)
        close (open_fds [i]);
    setrlimit (RLIMIT_NOFILE, &before);
}

static void test_too_few_descriptors_are_told (void **state)
{
    (void) state;
    struct rlimit before, narrow;
    getrlimit (RLIMIT_NOFILE, &before);
    narrow = before;
    narrow.rlim_cur = s_entries ("/proc/self/fd") + 20;
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &narrow), 0);
    cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.threads = true, .slots = 2});
    setrlimit (RLIMIT_NOFILE, &before);
    assert_null (pool);
    assert_int_equal (cadre_open_error (), CADRE_ERROR_DESCRIPTORS);
    assert_non_null (strstr (cadre_open_message (), "ulimit -n"));
}

static void test_the_program_forks (void **state)
{
    (void) state;
    cadre_t *pool = s_open (false);
    s_use (pool);
    pid_t child = fork ();
    if (child == 0) {
        bool fine = !cadre_submit (pool, "square", "i", (int64_t) 1);
        cadre_close (&pool, 1000);
#ifndef __SANITIZE_THREAD__ //  It cannot follow threads of a forked child
        //  A pool of its own is fine
        pool = cadre_open (NULL, &(cadre_options_t){.slots = 1, .threads = true});
        fine = fine && pool
               && cadre_call (pool, NULL, WAIT_MS, "square", "i", (int64_t) 1) == CADRE_OK;
        cadre_close (&pool, 1000);
#endif
        _exit (fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_int_equal (status, 0);
    s_use (pool);
    assert_int_equal (cadre_close (&pool, WAIT_MS), CADRE_OK);
}

//  A daemon without standard descriptors: their numbers go to sockets and events of its pool, which
//  slots must not write to.
static void test_standard_descriptors_closed (void **state)
{
    (void) state;
    pid_t child = fork ();
    if (child == 0) {
        close (STDIN_FILENO);
        close (STDOUT_FILENO);
        close (STDERR_FILENO);
        cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 1});
        cadre_future_t *future = cadre_submit (pool, "stderr", "");
        const char *path = "";
        bool fine = cadre_future_wait_text (future, &path, WAIT_MS) == CADRE_OK;
        fine = fine && strcmp (path, "/dev/null") == 0;
        cadre_future_destroy (&future);
        _exit (fine && cadre_close (&pool, WAIT_MS) == CADRE_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_int_equal (status, 0);
}

//  What a program leaves that ends with a pool open; grandchildren are handed to this process.
static void s_ends_without_closing (int how)
{
    int pipes [2];
    char folder [128] = "";
    assert_int_equal (pipe (pipes), 0);
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork ();
    if (child == 0) {
        cadre_t *pool = cadre_open (NULL, &(cadre_options_t){.slots = 2});
        const char *argv [] = {"sleep", "1000", NULL};
        cadre_future_t *future = cadre_submit_command (pool, argv, NULL);
        cadre_future_wait (future, 200);
        const char *address = cadre_address (pool);
        if (write (pipes [1], address + 6, strlen (address + 6)) < 0)
            _exit (1);
        if (how == 0)
            exit (0);
        kill (getpid (), SIGKILL);
    }
    assert_true (read (pipes [0], folder, sizeof folder - 1) > 0);
    close (pipes [0]);
    close (pipes [1]);
    assert_int_equal (waitpid (child, NULL, 0), child);
    for (int i = 0; i < 1000 && s_children () > 0; i++) {
        while (waitpid (-1, NULL, WNOHANG) > 0)
            continue;
        usleep (10000);
    }
    assert_int_equal (s_children (), 0);
    if (how != 0) { //  The next pool tidies up, once the folder is old enough
        const struct timespec old [2] = {{.tv_sec = 1}, {.tv_sec = 1}};
        assert_int_equal (utimensat (AT_FDCWD, folder, old, 0), 0);
        cadre_t *pool = cadre_open (NULL, NULL);
        assert_non_null (pool);
        cadre_close (&pool, 5000);
    }
    assert_int_equal (access (folder, F_OK), -1);
    prctl (PR_SET_CHILD_SUBREAPER, 0);
}

static void test_exit_without_closing (void **state)
{
    (void) state;
    s_ends_without_closing (0);
}

static void test_killed_without_closing (void **state)
{
    (void) state;
    s_ends_without_closing (1);
}

int main (int argc, char **argv)
{
    cadre_main (argc, argv, s_functions);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_many_pools_leave_nothing),
        cmocka_unit_test (test_several_pools_at_once),
        cmocka_unit_test (test_a_pool_inside_a_task),
        cmocka_unit_test (test_a_program_that_changes_its_surroundings),
        cmocka_unit_test (test_children_ignored_and_signals_blocked),
        cmocka_unit_test (test_a_thousand_descriptors_open),
        cmocka_unit_test (test_too_few_descriptors_are_told),
        cmocka_unit_test (test_standard_descriptors_closed),
        cmocka_unit_test (test_the_program_forks),
        cmocka_unit_test (test_exit_without_closing),
        cmocka_unit_test (test_killed_without_closing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
