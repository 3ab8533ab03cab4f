//  deaths_test.c - slots and workers are killed in each state of a task: one outcome each, and the
//  right one

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/outcomes.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 100000

static pid_t s_slot_pid (cadre_t *pool)
{
    cadre_value_t *value = NULL;
    if (cadre_call (pool, &value, WAIT_NOTICE_MS, "pid", "") != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    pid_t pid = (pid_t) cadre_value_int (value);
    cadre_value_destroy (&value);
    return pid;
}

//  ---- slots -------------------------------------------------------------------

//  The running task is blamed, by the signal's number; the one that waits behind it is not.
static void test_slot_killed (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 2);
    kill ((pid_t) cluster_await (cluster, "started-0"), SIGKILL);
    cadre_event_t event = {0};
    while (event.kind != CADRE_EVENT_RESULT || event.outcome == CADRE_OUTCOME_NONE)
        assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_OK);
    assert_int_equal (event.index, 0);
    assert_int_equal (event.outcome, CADRE_OUTCOME_SIGNAL);
    assert_int_equal (event.code, SIGKILL);
    assert_non_null (strstr (event.message, "signal 9"));
    cluster_touch (cluster, "go");
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_OK);
    assert_int_equal (event.index, 1);
    assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_ERROR_END);
    cluster_end (&pool, &job, &cluster);
}

static void test_slot_killed_with_retries (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, &(cadre_job_options_t){.retries = 1}, 3);
    kill ((pid_t) cluster_await (cluster, "started-0"), SIGKILL);
    cluster_touch (cluster, "go");
    outcomes_squares (job, 3);
    cluster_end (&pool, &job, &cluster);
}

//  A slot that has nothing to do is replaced, and no task hears of it.
static void test_slot_killed_between_tasks (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = NULL;
    pid_t before = 0;
    for (int i = 0; i < 5; i++) {
        pid_t pid = s_slot_pid (pool);
        assert_int_not_equal (pid, before);
        kill (pid, SIGKILL);
        before = pid;
    }
    job = cluster_squares (pool, NULL, 1000);
    outcomes_squares (job, 1000);
    cluster_end (&pool, &job, &cluster);
}

//  Each kill costs at most one task.
static void test_slots_killed_under_load (void **state)
{
    enum { TASKS = 3000, KILLS = 10 };
    cluster_t *cluster = cluster_new (*state, 2, 2);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, "slow_square", NULL);
    for (int64_t i = 0; i < TASKS; i++)
        assert_int_equal (
            cadre_job_add (job, NULL, "ii", i, i % 100 == 0 ? (int64_t) 5 : (int64_t) 0), CADRE_OK);
    cadre_job_seal (job);
    cadre_t *other = cluster_open (cluster);
    for (int i = 0; i < KILLS; i++)
        kill (s_slot_pid (other), SIGKILL);
    outcomes_task_t *entries = outcomes_read (job, TASKS);
    int blamed = 0;
    for (int64_t i = 0; i < TASKS; i++)
        if (entries [i].outcome == CADRE_OUTCOME_OK) {
            assert_int_equal (entries [i].value, i * i);
        } else {
            assert_int_equal (entries [i].outcome, CADRE_OUTCOME_SIGNAL);
            assert_int_equal (entries [i].code, SIGKILL);
            blamed++;
        }
    assert_true (blamed <= KILLS);
    free (entries);
    cadre_close (&other, 1000);
    cluster_end (&pool, &job, &cluster);
}

//  ---- workers -----------------------------------------------------------------

static void test_worker_killed_while_it_runs (void **state)
{
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 8);
    cluster_until (cluster, "tasks_running", 2);
    cluster_kill_worker (cluster, 0);
    cluster_touch (cluster, "go");
    outcomes_squares (job, 8);
    assert_int_equal (cluster_info (cluster, "workers"), 1);
    cluster_end (&pool, &job, &cluster);
}

//  Without tries left the outcome is worker-lost, and names the worker.
static void test_worker_killed_without_retries (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, &(cadre_job_options_t){.no_rerun = true}, 1);
    cluster_await (cluster, "started-0");
    cluster_kill_worker (cluster, 0);
    outcomes_task_t *entries = outcomes_read (job, 1);
    assert_int_equal (entries [0].outcome, CADRE_OUTCOME_WORKER_LOST);
    assert_non_null (strstr (entries [0].message, "worker0"));
    free (entries);
    cluster_end (&pool, &job, &cluster);
}

//  It dies before the broker has read its HELLO, and once more in the middle of its registration.
static void test_worker_killed_before_it_registered (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    kill (cluster_broker (cluster), SIGSTOP);
    cluster_start_worker (cluster, 1, 1, NULL);
    usleep (300000);
    cluster_kill_worker (cluster, 1);
    kill (cluster_broker (cluster), SIGCONT);
    for (int i = 0; i < 10; i++) {
        cluster_start_worker (cluster, 1, 1, NULL);
        usleep (10000 * (unsigned) i);
        cluster_kill_worker (cluster, 1);
    }
    cadre_job_t *job = cluster_squares (pool, NULL, 1000);
    outcomes_squares (job, 1000);
    cluster_until (cluster, "workers", 1);
    cluster_end (&pool, &job, &cluster);
}

//  The broker is stopped while results are made, so that they are not acknowledged when the worker
//  dies.
static void test_worker_killed_with_results_unacknowledged (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 2);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 2);
    cluster_await (cluster, "started-0");
    cluster_await (cluster, "started-1");
    kill (cluster_broker (cluster), SIGSTOP);
    cluster_touch (cluster, "go");
    cluster_await (cluster, "done-0");
    cluster_await (cluster, "done-1");
    cluster_kill_worker (cluster, 0);
    cluster_start_worker (cluster, 0, 2, NULL);
    kill (cluster_broker (cluster), SIGCONT);
    outcomes_squares (job, 2);
    cluster_end (&pool, &job, &cluster);
}

static void s_drain (cadre_t *pool, const char *worker)
{
    cadre_value_t *arguments =
        cadre_value_build ("{s:s, s:i}", "worker", worker, "timeout_ms", (int64_t) 30000);
    if (cadre_request (pool, "worker.drain", arguments, NULL, 20000) != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    cadre_value_destroy (&arguments);
}

static void test_worker_killed_during_drain (void **state)
{
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 6);
    cluster_until (cluster, "tasks_running", 2);
    s_drain (pool, "worker0");
    cluster_kill_worker (cluster, 0);
    cluster_touch (cluster, "go");
    outcomes_squares (job, 6);
    cluster_end (&pool, &job, &cluster);
}

//  Each death comes when some thousand results more are there, so that it always hits tasks that
//  run.
static void test_worker_restarted_under_load (void **state)
{
    enum { TASKS = 20000, KILLS = 5 };
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, "slow_square",
                                       &(cadre_job_options_t){.retry_limits = "worker-lost=100"});
    for (int64_t i = 0; i < TASKS; i++)
        assert_int_equal (cadre_job_add (job, NULL, "ii", i, (int64_t) (i % 50 == 0)), CADRE_OK);
    cadre_job_seal (job);
    for (int i = 0; i < KILLS; i++) {
        cluster_until_at_least (cluster, "tasks_done", 2500 * i);
        assert_true (cluster_info (cluster, "tasks_done") < TASKS);
        cluster_kill_worker (cluster, 0);
        cluster_start_worker (cluster, 0, 1, NULL);
    }
    outcomes_squares (job, TASKS);
    cluster_until_at_least (cluster, "lost_workers", 1);
    cluster_end (&pool, &job, &cluster);
}

//  The only worker dies, and tasks wait until there is another one.
static void test_the_only_worker_is_replaced (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 4);
    cluster_await (cluster, "started-0");
    cluster_kill_worker (cluster, 0);
    cluster_until (cluster, "workers", 0);
    assert_int_equal (cluster_info (cluster, "lost_workers"), 1);
    cluster_touch (cluster, "go");
    cluster_start_worker (cluster, 0, 1, NULL);
    outcomes_squares (job, 4);
    cluster_end (&pool, &job, &cluster);
}

//  The main job from a shell, while one of its two workers is killed.
static void test_run_with_a_worker_killed (void **state)
{
    enum { TASKS = 60 };
    char line [256], expected [12 * TASKS] = "";
    cluster_t *cluster = cluster_new (*state, 2, 1);
    snprintf (line, sizeof line, "touch %s/begun-{}; sleep 0.03; echo {}",
              cluster_folder (cluster));
    const char *argv [TASKS + 8] = {"bin/cadre", "run", "--broker", cluster_address (cluster),
                                    "-k",        line,  ":::"};
    char numbers [TASKS][12];
    size_t used = 0;
    for (int i = 0; i < TASKS; i++) {
        snprintf (numbers [i], sizeof numbers [i], "%d", i);
        argv [7 + i] = numbers [i];
        used += (size_t) snprintf (expected + used, sizeof expected - used, "%d\n", i);
    }
    child_t *run = child_start (argv);
    cluster_await (cluster, "begun-9");
    cluster_kill_worker (cluster, 0);
    int code = child_wait (run, WAIT_NOTICE_MS);
    if (code != 0)
        fail_msg ("exit code %d: %s", code, child_output (run));
    assert_string_equal (child_output (run), expected);
    child_destroy (&run);
    cluster_destroy (&cluster);
}

#define OVER_BOTH(test)                                                                            \
    {#test " over ipc", test, NULL, NULL, "ipc"},                                                  \
    {                                                                                              \
#test " over tcp", test, NULL, NULL, "tcp"                                                 \
    }

int main (void)
{
    const struct CMUnitTest tests [] = {
        OVER_BOTH (test_slot_killed),
        OVER_BOTH (test_slot_killed_with_retries),
        OVER_BOTH (test_slot_killed_between_tasks),
        OVER_BOTH (test_slots_killed_under_load),
        OVER_BOTH (test_worker_killed_while_it_runs),
        OVER_BOTH (test_worker_killed_without_retries),
        OVER_BOTH (test_worker_killed_before_it_registered),
        OVER_BOTH (test_worker_killed_with_results_unacknowledged),
        OVER_BOTH (test_worker_killed_during_drain),
        OVER_BOTH (test_worker_restarted_under_load),
        OVER_BOTH (test_the_only_worker_is_replaced),
        OVER_BOTH (test_run_with_a_worker_killed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
