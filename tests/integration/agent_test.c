//  agent_test.c - a real worker with real slots, and a broker played by the test

#include "common/pack.h"
#include "tests/lib/rigs/worker_rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char s_arithmetic [4096], s_trouble [4096];

static worker_options_t s_options (unsigned slots, bool threads)
{
    static const char *plugins [] = {s_arithmetic, s_trouble, NULL};
    return (worker_options_t){.slots = slots,
                              .threads = threads,
                              .commands = true,
                              .plugins = plugins,
                              .drain_timeout_ms = 5000};
}

//  Children of this test that are left, zombies included.
static int s_children (void)
{
    int count = 0;
    char path [64], line [64];
    DIR *folder = opendir ("/proc");
    for (struct dirent *entry; (entry = readdir (folder));) {
        int pid = (int) strtol (entry->d_name, NULL, 10), parent = 0;
        snprintf (path, sizeof path, "/proc/%d/status", pid);
        FILE *file = pid > 0 ? fopen (path, "re") : NULL;
        while (file && fgets (line, sizeof line, file))
            if (sscanf (line, "PPid: %d", &parent) == 1)
                break;
        if (file)
            fclose (file);
        count += parent == getpid ();
    }
    closedir (folder);
    return count;
}

static int s_descriptors (void)
{
    int count = 0;
    DIR *folder = opendir ("/proc/self/fd");
    while (readdir (folder))
        count++;
    closedir (folder);
    return count;
}

static int64_t s_int (const worker_rig_result_t *result)
{
    int64_t value = -1;
    cursor_t cursor = cursor_of_view (wire_view_of (&result->value));
    cursor_int (&cursor, &value);
    return value;
}

static void s_calls (bool threads)
{
    worker_rig_t *rig = worker_rig_new (s_options (2, threads));
    assert_true (worker_rig_functions (rig) >= 8);
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "square", 0, 1000);
    uint64_t first = worker_rig_call (rig, 1, 0);
    for (int64_t i = 1; i < 2000; i++)
        worker_rig_call (rig, 1, i);
    for (uint64_t i = 0; i < 2000; i++) {
        const worker_rig_result_t *result = worker_rig_wait (rig, first + i);
        assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
        assert_int_equal (s_int (result), i * i);
    }
    worker_rig_destroy (&rig);
    assert_int_equal (s_children (), 0);
}

static void s_calls_in_processes (void **state)
{
    (void) state;
    s_calls (false);
}

static void s_calls_in_threads (void **state)
{
    (void) state;
    s_calls (true);
}

static void s_a_crash_is_blamed_on_one_task (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "square", 0, 1000);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "raise", 0, 1000);
    worker_rig_wait (rig, worker_rig_call (rig, 1, 1));
    uint64_t before = worker_rig_call (rig, 1, 2), culprit = worker_rig_call (rig, 2, SIGSEGV),
             behind = worker_rig_call (rig, 1, 3);
    const worker_rig_result_t *result = worker_rig_wait (rig, culprit);
    assert_int_equal (result->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (result->code, SIGSEGV);
    assert_non_null (strstr (result->detail, "slot 1 of worker alpha was killed by signal 11"));
    assert_int_equal (s_int (worker_rig_wait (rig, before)), 4);
    assert_int_equal (s_int (worker_rig_wait (rig, behind)), 9);
    worker_rig_destroy (&rig);
}

static void s_exit_is_an_error (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "exit", 0, 1000);
    const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_call (rig, 1, 3));
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (result->detail, "exited with code 3"));
    worker_rig_destroy (&rig);
}

static void s_functions_time_out (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (2, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 50, 5000);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "stubborn", 50, 50);
    uint64_t sleeper = worker_rig_call (rig, 1, 60000), stubborn = worker_rig_call (rig, 2, 60000);
    assert_int_equal (worker_rig_wait (rig, sleeper)->outcome, CADRE_OUTCOME_TIMEOUT);
    assert_int_equal (worker_rig_wait (rig, stubborn)->outcome, CADRE_OUTCOME_TIMEOUT);
    worker_rig_destroy (&rig);
    assert_int_equal (s_children (), 0);
}

static void s_running_functions_are_cancelled (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (2, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "doze", 0, 10000);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "sleep", 0, 50);
    uint64_t polite = worker_rig_call (rig, 1, 60000), deaf = worker_rig_call (rig, 2, 60000);
    worker_rig_pass_ms (rig, 100);
    worker_rig_cancel (rig, polite);
    worker_rig_cancel (rig, deaf);
    assert_int_equal (worker_rig_wait (rig, polite)->outcome, CADRE_OUTCOME_CANCELLED);
    assert_int_equal (worker_rig_wait (rig, deaf)->outcome, CADRE_OUTCOME_CANCELLED);
    worker_rig_destroy (&rig);
}

static void s_commands_run (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (2, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_COMMAND, "", 0, 1000);
    worker_rig_open_job (rig, 2, WIRE_KIND_COMMAND, "", 100, 100);
    assert_int_equal (worker_rig_wait (rig, worker_rig_line (rig, 1, "echo hello"))->outcome,
                      CADRE_OUTCOME_OK);
    assert_memory_equal (worker_rig_output (rig)->data, "hello\n", 6);
    const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_line (rig, 1, "exit 7"));
    assert_int_equal (result->outcome, CADRE_OUTCOME_EXIT);
    assert_int_equal (result->code, 7);
    assert_int_equal (worker_rig_wait (rig, worker_rig_line (rig, 2, "sleep 60"))->outcome,
                      CADRE_OUTCOME_TIMEOUT);
    uint64_t running = worker_rig_line (rig, 1, "sleep 60");
    worker_rig_pass_ms (rig, 100);
    worker_rig_cancel (rig, running);
    assert_int_equal (worker_rig_wait (rig, running)->outcome, CADRE_OUTCOME_CANCELLED);
    worker_rig_destroy (&rig);
}

static void s_stop_leaves_nothing (void **state)
{
    char path [] = "/tmp/cadre-agent-XXXXXX", line [256], text [32] = "";
    (void) state;
    int before = s_descriptors ();
    int file = mkstemp (path);
    worker_rig_t *rig = worker_rig_new (s_options (2, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_COMMAND, "", 0, 1000);
    snprintf (line, sizeof line, "echo $$ >%s; sleep 60", path);
    worker_rig_line (rig, 1, line);
    for (int i = 0; i < 500 && pread (file, text, sizeof text - 1, 0) <= 0; i++)
        worker_rig_pass_ms (rig, 10);
    int pid = (int) strtol (text, NULL, 10);
    assert_true (pid > 1);
    worker_rig_destroy (&rig);
    assert_int_equal (s_children (), 0);
    assert_int_equal (kill (pid, 0), -1);
    close (file);
    unlink (path);
    assert_int_equal (s_descriptors (), before);
}

static void s_large_payloads_both_ways (void **state)
{
    static uint8_t bytes [3000000];
    buffer_t payload = {0};
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "blob", 0, 1000);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "square", 0, 1000);
    const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_call (rig, 1, 5000000));
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_true (result->value.size > 5000000);
    pack_array (&payload, 1);
    pack_blob (&payload, bytes, sizeof bytes);
    result = worker_rig_wait (
        rig, worker_rig_send (rig, 2, &payload)); //  No integer: what matters is that it arrives
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    worker_rig_destroy (&rig);
}

static void s_a_new_session_keeps_leases_or_drops_them (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 0, 50);
    uint64_t kept = worker_rig_call (rig, 1, 300), waiting = worker_rig_call (rig, 1, 1);
    worker_rig_pass_ms (rig, 100);
    worker_rig_forget (rig, true);
    assert_int_equal (s_int (worker_rig_wait (rig, kept)), 300);
    assert_int_equal (s_int (worker_rig_wait (rig, waiting)), 1);
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 0, 50);
    worker_rig_call (rig, 1, 60000);
    worker_rig_pass_ms (rig, 100);
    worker_rig_forget (rig, false);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "square", 0, 50);
    assert_int_equal (s_int (worker_rig_wait (rig, worker_rig_call (rig, 2, 5))),
                      25); //  The slot is free again
    worker_rig_destroy (&rig);
}

//  The rig never grants more than the first window of a session, as a broker that was killed just
//  then
static void s_a_new_session_gives_output_room (void **state)
{
    enum { WINDOW = 1 << 20 };
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_COMMAND, "", 0, 50);
    uint64_t lease = worker_rig_line (rig, 1, "head -c 2500000 /dev/zero; exit 3");
    for (size_t due = WINDOW; due <= 2 * WINDOW; due += WINDOW) {
        for (int left_ms = 10000; left_ms > 0 && worker_rig_output (rig)->size < due; left_ms -= 20)
            worker_rig_pass_ms (rig, 20);
        assert_true (worker_rig_output (rig)->size >= due);
        worker_rig_forget (rig, true); //  What the new session brings may come while it begins
    }
    assert_int_equal (worker_rig_wait (rig, lease)->code, 3);
    assert_int_equal (worker_rig_output (rig)->size, 2500000);
    worker_rig_destroy (&rig);
}

static void s_a_drain_finishes_what_runs (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 0, 50);
    uint64_t running = worker_rig_call (rig, 1, 200), waiting = worker_rig_call (rig, 1, 1);
    worker_rig_pass_ms (rig, 100);
    worker_rig_drain (rig, 5000);
    assert_int_equal (worker_rig_wait (rig, waiting)->outcome, CADRE_OUTCOME_NONE);
    assert_int_equal (worker_rig_wait (rig, running)->outcome, CADRE_OUTCOME_OK);
    worker_rig_wait_end (rig);
    worker_rig_destroy (&rig);
}

static void s_a_drain_returns_what_takes_too_long (void **state)
{
    (void) state;
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 0, 50);
    uint64_t running = worker_rig_call (rig, 1, 60000);
    worker_rig_pass_ms (rig, 100);
    worker_rig_drain (rig, 100);
    assert_int_equal (worker_rig_wait (rig, running)->outcome, CADRE_OUTCOME_NONE);
    worker_rig_wait_end (rig);
    worker_rig_destroy (&rig);
}

static void s_stuck_threads_are_left_behind (void **state)
{
    worker_options_t options = s_options (2, true);
    (void) state;
    options.embedded = true;
    worker_rig_t *rig = worker_rig_new (options);
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "sleep", 50, 50);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "square", 0, 50);
    for (int i = 0; i < 4; i++) {
        const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_call (rig, 1, 3000));
        assert_int_equal (result->outcome, CADRE_OUTCOME_TIMEOUT);
        assert_true (result->abandoned);
    }
    const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_call (rig, 2, 3));
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_non_null (strstr (result->detail, "abandoned-threads"));
    worker_rig_pass_ms (rig, 3500); //  They come back, and it serves again
    assert_int_equal (s_int (worker_rig_wait (rig, worker_rig_call (rig, 2, 3))), 9);
    worker_rig_destroy (&rig);
}

static void s_hosts_that_ignore_children_and_block_signals (void **state)
{
    sigset_t all, before;
    (void) state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
    sigaction (SIGCHLD, &ignore, &old);
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_CALL, "raise", 0, 1000);
    worker_rig_open_job (rig, 2, WIRE_KIND_CALL, "sleep", 50, 1000);
    const worker_rig_result_t *result = worker_rig_wait (rig, worker_rig_call (rig, 1, SIGSEGV));
    assert_int_equal (result->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (result->code, SIGSEGV);
    assert_int_equal (worker_rig_wait (rig, worker_rig_call (rig, 2, 60000))->outcome,
                      CADRE_OUTCOME_TIMEOUT);
    worker_rig_destroy (&rig);
    assert_int_equal (s_children (), 0);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    sigaction (SIGCHLD, &old, NULL);
}

static void s_descriptors_of_the_host_do_not_leak (void **state)
{
    int open_fds [1000];
    char text [32];
    (void) state;
    for (size_t i = 0; i < 1000; i++)
        open_fds [i] = dup (0); //  Not close-on-exec
    worker_rig_t *rig = worker_rig_new (s_options (1, false));
    worker_rig_open_job (rig, 1, WIRE_KIND_COMMAND, "", 0, 1000);
    worker_rig_wait (rig, worker_rig_line (rig, 1, "ls /proc/$PPID/fd | wc -l"));
    snprintf (text, sizeof text, "%.*s", (int) worker_rig_output (rig)->size,
              (const char *) worker_rig_output (rig)->data);
    assert_in_range ((int) strtol (text, NULL, 10), 3, 16);
    worker_rig_destroy (&rig);
    for (size_t i = 0; i < 1000; i++)
        if (open_fds [i] >= 0)
            close (open_fds [i]);
}

static void s_a_bad_plugin_is_named_at_the_start (void **state)
{
    static const char *plugins [] = {"/proc/nowhere/at-all.so", NULL};
    worker_options_t options = {.broker = "inproc://nobody", .slots = 1, .plugins = plugins};
    fault_t fault = {0};
    (void) state;
    assert_null (worker_new (NULL, &options, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_PLUGIN);
    assert_non_null (strstr (fault.text, "/proc/nowhere/at-all.so"));
    options.slot_path = "/proc/nowhere/cadre-slot";
    assert_null (worker_new (NULL, &options, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (fault.text, "/proc/nowhere/cadre-slot"));
    assert_int_equal (s_children (), 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (s_calls_in_processes),
        cmocka_unit_test (s_calls_in_threads),
        cmocka_unit_test (s_a_crash_is_blamed_on_one_task),
        cmocka_unit_test (s_exit_is_an_error),
        cmocka_unit_test (s_functions_time_out),
        cmocka_unit_test (s_running_functions_are_cancelled),
        cmocka_unit_test (s_commands_run),
        cmocka_unit_test (s_stop_leaves_nothing),
        cmocka_unit_test (s_large_payloads_both_ways),
        cmocka_unit_test (s_a_new_session_keeps_leases_or_drops_them),
        cmocka_unit_test (s_a_new_session_gives_output_room),
        cmocka_unit_test (s_a_drain_finishes_what_runs),
        cmocka_unit_test (s_a_drain_returns_what_takes_too_long),
        cmocka_unit_test (s_stuck_threads_are_left_behind),
        cmocka_unit_test (s_hosts_that_ignore_children_and_block_signals),
        cmocka_unit_test (s_descriptors_of_the_host_do_not_leak),
        cmocka_unit_test (s_a_bad_plugin_is_named_at_the_start),
    };
    const char *build = getenv ("CADRE_BUILD_DIR");
    snprintf (s_arithmetic, sizeof s_arithmetic, "%.4000s/plugins/arithmetic.so",
              build ? build : ".");
    snprintf (s_trouble, sizeof s_trouble, "%.4000s/plugins/trouble.so", build ? build : ".");
    return cmocka_run_group_tests (tests, NULL, NULL);
}
