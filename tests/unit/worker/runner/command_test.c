//  command_test.c - commands: what they print, how they end, and that nothing of them stays

#include "common/value.h"
#include "tests/lib/fakes/fake_worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WINDOW (64u << 20)

static fake_worker_t *s_worker (const fake_job_t *options)
{
    fake_worker_t *worker = fake_worker_new (NULL, false, NULL);
    assert_int_equal (fake_worker_start (worker, NULL, NULL), 0);
    fake_worker_job (worker, 8, WIRE_KIND_COMMAND, NULL, options);
    return worker;
}

static uint32_t s_send (fake_worker_t *worker, cadre_value_t *payload)
{
    return fake_worker_task (worker, 8, WINDOW, &payload);
}

static fake_result_t *s_line (fake_worker_t *worker, const char *line)
{
    s_send (worker, cadre_value_build ("[s,n,n]", line));
    return fake_worker_result (worker);
}

static void s_end (fake_worker_t **worker)
{
    assert_int_equal (atomic_load (&fake_worker_page (*worker)->process_group), 0);
    assert_int_equal (fake_worker_destroy (worker), 0);
}

static const char *s_text (const fake_result_t *result, unsigned stream)
{
    return (const char *) result->streams [stream].data;
}

static const char *s_message (const fake_result_t *result)
{
    return cadre_value_text (cadre_value_get (result->detail, "message"));
}

static void test_ok (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    s_send (worker, cadre_value_build ("[[s,s,s],n,n]", "printf", "%s", "a b"));
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_value_type (result->value), CADRE_TYPE_NIL);
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "a b");
    assert_true (cadre_value_int (cadre_value_get (result->detail, "max_rss_bytes")) > 0);
    assert_non_null (cadre_value_get (result->detail, "user_us"));
    assert_non_null (cadre_value_get (result->detail, "system_us"));
    s_end (&worker);
}

static void test_exit_and_signal (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    fake_result_t *result = s_line (worker, "echo out; echo err >&2; exit 3");
    assert_int_equal (result->outcome, CADRE_OUTCOME_EXIT);
    assert_int_equal (result->code, 3);
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "out\n");
    assert_string_equal (s_text (result, CADRE_STREAM_STDERR), "err\n");
    assert_string_equal (s_message (result), "exit code 3");
    result = s_line (worker, "kill -USR1 $$");
    assert_int_equal (result->outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (result->code, SIGUSR1);
    s_end (&worker);
}

static void test_environment (void **state)
{
    (void) state;
    setenv ("CADRE_BROKER", "tcp://not-for-tasks", 1);
    setenv ("KEPT", "yes", 1);
    fake_worker_t *worker = s_worker (NULL);
    s_send (worker, cadre_value_build (
                        "[s,n,{s:s,s:s}]",
                        "echo $CADRE_JOB $CADRE_TASK $CADRE_ATTEMPT $CADRE_SLOT $CADRE_TASK_BROKER "
                        "$CADRE_BROKER $KEPT $MORE",
                        "MORE", "x y", "KEPT", "replaced"));
    assert_string_equal (s_text (fake_worker_result (worker), CADRE_STREAM_STDOUT),
                         "8 101 1 3 ipc:///nowhere replaced x y\n");
    s_end (&worker);
    unsetenv ("CADRE_BROKER");
    unsetenv ("KEPT");
}

static void test_spec (void **state)
{
    (void) state;
    cadre_value_t *spec =
        cadre_value_build ("{s:[s,s],s:s,s:s,s:b}", "env", "ONLY=this", "PATH=/usr/bin:/bin", "dir",
                           "/", "shell", "/bin/bash", "slot_mark", 1);
    fake_worker_t *worker = s_worker (&(fake_job_t){.spec = spec});
    setenv ("HIDDEN", "1", 1);
    fake_result_t *result = s_line (worker, "echo $ONLY$HIDDEN $PWD {%}{%} ${BASH_VERSION:+bash}");
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "this / 33 bash\n");
    unsetenv ("HIDDEN");
    s_end (&worker);
    cadre_value_destroy (&spec);
    worker = s_worker (NULL);
    assert_string_equal (s_text (s_line (worker, "echo {%}"), CADRE_STREAM_STDOUT), "{%}\n");
    s_end (&worker);
}

static void test_not_found (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    char here [256] = "", expected [512];
    gethostname (here, sizeof here - 1);
    for (int i = 0; i < 2; i++) {
        s_send (worker, cadre_value_build ("[[s],n,n]", "no-such-program"));
        fake_result_t *result = fake_worker_result (worker);
        assert_int_equal (result->outcome, CADRE_OUTCOME_EXIT);
        assert_int_equal (result->code, 127);
        snprintf (expected, sizeof expected,
                  "no-such-program: command not found: install it on %s or give its path", here);
        assert_string_equal (s_message (result), expected);
        s_send (worker, cadre_value_build ("[[s],n,n]", "true"));
        assert_int_equal (fake_worker_result (worker)->outcome, CADRE_OUTCOME_OK);
    }
    s_send (worker, cadre_value_build ("[[s],n,n]", "/etc/passwd"));
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_EXIT);
    assert_int_equal (result->code, 126);
    s_end (&worker);
}

static void test_directory (void **state)
{
    (void) state;
    cadre_value_t *spec = cadre_value_build ("{s:s}", "dir", "/proc/no/such/folder");
    fake_worker_t *worker = s_worker (&(fake_job_t){.spec = spec});
    fake_result_t *result = s_line (worker, "true");
    assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
    assert_string_equal (cadre_value_text (cadre_value_get (result->detail, "kind")), "directory");
    assert_non_null (strstr (s_message (result),
                             "/proc/no/such/folder: No such file or directory: create it on "));
    s_end (&worker);
    cadre_value_destroy (&spec);
}

//  A script without an interpreter line is one for the shell.
static void test_script_without_interpreter (void **state)
{
    (void) state;
    char folder [] = "/tmp/cadre-command-XXXXXX", path [64];
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof path, "%s/script", folder);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs ("echo \"$1\"\n", file);
    fclose (file);
    chmod (path, 0700);
    fake_worker_t *worker = s_worker (NULL);
    s_send (worker, cadre_value_build ("[[s,s],n,n]", path, "hello"));
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "hello\n");
    s_end (&worker);
    unlink (path);
    rmdir (folder);
}

static void test_stdin (void **state)
{
    (void) state;
    enum { large = 3000000 };
    fake_worker_t *worker = s_worker (NULL);
    char *bytes = malloc (large);
    for (size_t i = 0; i < large; i++)
        bytes [i] = (char) (i * 7);
    s_send (worker, cadre_value_build ("[[s],B,n]", "cat", bytes, (size_t) large));
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    assert_int_equal (result->streams [CADRE_STREAM_STDOUT].size, large);
    assert_memory_equal (result->streams [CADRE_STREAM_STDOUT].data, bytes, large);
    assert_true (result->outputs > 11);

    s_send (worker,
            cadre_value_build ("[[s],B,n]", "true", bytes, (size_t) large)); // reads none of it
    assert_int_equal (fake_worker_result (worker)->outcome, CADRE_OUTCOME_OK);
    s_send (worker, cadre_value_build ("[[s],B,n]", "cat", bytes, (size_t) 0));
    assert_int_equal (fake_worker_result (worker)->streams [CADRE_STREAM_STDOUT].size, 0);
    assert_int_equal (s_line (worker, "cat")->outcome,
                      CADRE_OUTCOME_OK); // stdin is empty, not the test's
    free (bytes);
    s_end (&worker);
}

static void test_output_stays_in_the_window (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    cadre_value_t *payload = cadre_value_build ("[s,n,n]", "head -c 300000 /dev/zero");
    uint32_t ticket = fake_worker_task (worker, 8, 100000, &payload);
    s_send (worker, cadre_value_build ("[s,n,n]", "echo next"));
    while (fake_worker_gathered (worker, CADRE_STREAM_STDOUT) < 100000)
        assert_int_equal (fake_worker_output (worker), CADRE_STREAM_STDOUT);
    assert_int_equal (fake_worker_gathered (worker, CADRE_STREAM_STDOUT), 100000);
    fake_worker_window (worker, ticket, 1000000);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->ticket, ticket);
    assert_int_equal (result->streams [CADRE_STREAM_STDOUT].size, 300000);
    assert_string_equal (s_text (fake_worker_result (worker), CADRE_STREAM_STDOUT), "next\n");
    s_end (&worker);
}

//  The pipe is full of what may not be sent, and the command has long ended, when it is cancelled.
static void test_cancel_without_window (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (&(fake_job_t){.grace_ms = 30000});
    cadre_value_t *payload = cadre_value_build ("[s,n,n]", "echo 0123456789; echo more");
    uint32_t ticket = fake_worker_task (worker, 8, 5, &payload);
    fake_worker_output (worker);
    fake_worker_cancel (worker, ticket);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_CANCELLED);
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "01234");
    s_end (&worker);
}

static void test_timeout (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (&(fake_job_t){.timeout_ms = 50, .grace_ms = 30000});
    fake_result_t *result = s_line (worker, "exec sleep 1000");
    assert_int_equal (result->outcome, CADRE_OUTCOME_TIMEOUT);
    assert_string_equal (s_message (result), "timed out after 0.05 s");
    s_end (&worker);
    worker = s_worker (&(fake_job_t){.timeout_ms = 50, .grace_ms = 10}); // one that ignores SIGTERM
    result = s_line (worker, "trap '' TERM; while :; do sleep 1000; done");
    assert_int_equal (result->outcome, CADRE_OUTCOME_TIMEOUT);
    s_end (&worker);
}

static void test_cancel (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (&(fake_job_t){.grace_ms = 30000});
    uint32_t ticket = s_send (
        worker,
        cadre_value_build ("[s,n,n]",
                           "trap 'echo bye; exit 0' TERM; echo hi; while :; do sleep 0.01; done"));
    assert_int_equal (fake_worker_output (worker), CADRE_STREAM_STDOUT);
    assert_true (atomic_load (&fake_worker_page (worker)->process_group) > 0);
    fake_worker_cancel (worker, ticket);
    fake_result_t *result = fake_worker_result (worker);
    assert_int_equal (result->outcome, CADRE_OUTCOME_CANCELLED);
    assert_string_equal (s_text (result, CADRE_STREAM_STDOUT), "hi\nbye\n");
    s_end (&worker);
}

static int s_pidfd (const char *text)
{
    return (int) syscall (SYS_pidfd_open, (pid_t) strtol (text, NULL, 10), 0);
}

//  A process that no longer exists, or whose end this waits for.
static void s_assert_ends (int pidfd)
{
    if (pidfd < 0)
        return;
    assert_int_equal (poll (&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 30000), 1);
    close (pidfd);
}

static void test_background_processes_are_killed (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    fake_result_t *result = s_line (worker, "sleep 1000 & echo $!");
    assert_int_equal (result->outcome, CADRE_OUTCOME_OK);
    s_assert_ends (s_pidfd (s_text (result, CADRE_STREAM_STDOUT)));
    s_end (&worker);
}

static void test_nothing_outlives_the_worker (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    s_send (worker, cadre_value_build ("[s,n,n]", "trap '' TERM; sleep 1000 & echo started; wait"));
    fake_worker_output (worker);
    int pidfd =
        (int) syscall (SYS_pidfd_open, atomic_load (&fake_worker_page (worker)->process_group), 0);
    assert_true (pidfd >= 0);
    assert_int_equal (fake_worker_destroy (&worker), 0);
    s_assert_ends (pidfd);
}

static void test_payloads_without_sense (void **state)
{
    (void) state;
    fake_worker_t *worker = s_worker (NULL);
    cadre_value_t *payloads [] = {cadre_value_nil (),
                                  cadre_value_build ("[s]", "true"),
                                  cadre_value_build ("[[],n,n]"),
                                  cadre_value_build ("[[i],n,n]", (int64_t) 1),
                                  cadre_value_build ("[s,i,n]", "true", (int64_t) 1),
                                  cadre_value_build ("[s,n,{s:i}]", "true", "A", (int64_t) 1),
                                  cadre_value_build ("[s,n,{s:s}]", "true", "A=B", "x"),
                                  cadre_value_build ("[[S],n,n]", "a\0b", (size_t) 3)};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        s_send (worker, payloads [i]);
        fake_result_t *result = fake_worker_result (worker);
        assert_int_equal (result->outcome, CADRE_OUTCOME_ERROR);
        assert_string_equal (cadre_value_text (cadre_value_get (result->detail, "kind")), "type");
    }
    s_end (&worker);
}

int main (void)
{
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_ok),
        cmocka_unit_test (test_exit_and_signal),
        cmocka_unit_test (test_environment),
        cmocka_unit_test (test_spec),
        cmocka_unit_test (test_not_found),
        cmocka_unit_test (test_directory),
        cmocka_unit_test (test_script_without_interpreter),
        cmocka_unit_test (test_stdin),
        cmocka_unit_test (test_output_stays_in_the_window),
        cmocka_unit_test (test_cancel_without_window),
        cmocka_unit_test (test_timeout),
        cmocka_unit_test (test_cancel),
        cmocka_unit_test (test_background_processes_are_killed),
        cmocka_unit_test (test_nothing_outlives_the_worker),
        cmocka_unit_test (test_payloads_without_sense),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
