//  stalls_test.c - processes that stop and go on, and wires that are cut: nothing is lost, nothing
//  done twice

#include "tests/lib/fakes/tcp_proxy.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/outcomes.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 100000
#define LANES 24

//  Every thirtieth task takes a millisecond, so that there is something to interrupt.
static cadre_job_t *s_squares (cadre_t *pool, int64_t count)
{
    cadre_job_t *job = cadre_job_open (pool, "slow_square",
                                       &(cadre_job_options_t){.retry_limits = "worker-lost=100"});
    for (int64_t i = 0; i < count; i++)
        assert_int_equal (cadre_job_add (job, NULL, "ii", i, (int64_t) (i % 30 == 0)), CADRE_OK);
    assert_int_equal (cadre_job_seal (job), CADRE_OK);
    return job;
}

//  ---- processes that stop -------------------------------------------------------

//  A worker that is silent for too long: its tasks run elsewhere, what it did is dropped (by itself
//  or by the broker), and it comes back.
static void test_worker_stalls (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 2);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 2);
    cluster_await (cluster, "started-0");
    cluster_await (cluster, "started-1");
    kill (cluster_worker (cluster, 0), SIGSTOP);
    cluster_start_worker (cluster, 1, 2, NULL);
    cluster_until (cluster, "lost_workers", 1);
    cluster_touch (cluster, "go");
    outcomes_squares (job, 2);
    kill (cluster_worker (cluster, 0), SIGCONT);
    cluster_until (cluster, "workers", 2);
    cluster_until (cluster, "slots", 4);
    cadre_job_destroy (&job);
    job = s_squares (pool, 2000);
    outcomes_squares (job, 2000);
    cluster_end (&pool, &job, &cluster);
}

//  The same under load, again and again.
static void test_worker_stalls_under_load (void **state)
{
    enum { TASKS = 20000, STALLS = 3 };
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = s_squares (pool, TASKS);
    for (int i = 0; i < STALLS; i++) {
        cluster_until_at_least (cluster, "tasks_done", 2000 * i);
        kill (cluster_worker (cluster, 0), SIGSTOP);
        cluster_until (cluster, "lost_workers", i + 1);
        kill (cluster_worker (cluster, 0), SIGCONT);
        cluster_until (cluster, "workers", 2);
    }
    outcomes_squares (job, TASKS);
    cluster_end (&pool, &job, &cluster);
}

static void s_stall_broker (const char *scheme, unsigned stall_ms)
{
    enum { TASKS = 10000 };
    cluster_t *cluster = cluster_new (scheme, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = s_squares (pool, TASKS);
    cluster_until_at_least (cluster, "tasks_done", 100);
    kill (cluster_broker (cluster), SIGSTOP);
    usleep (stall_ms * 1000);
    kill (cluster_broker (cluster), SIGCONT);
    outcomes_squares (job, TASKS);
    cluster_until (cluster, "workers", 2);
    assert_int_equal (cluster_info (cluster, "lost_workers"), 0);
    cluster_end (&pool, &job, &cluster);
}

static void test_broker_stalls_shortly (void **state)
{
    s_stall_broker (*state, CLUSTER_LOST_MS / 2);
}

//  It stalled, not they: after it has read what came meanwhile it takes nobody for lost.
static void test_broker_stalls_for_long (void **state)
{
    s_stall_broker (*state, CLUSTER_LOST_MS * 2);
}

//  Tasks run through a stall of the broker; their results come afterwards.
static void test_results_outlive_a_stall_of_the_broker (void **state)
{
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cluster_gates (cluster, pool, NULL, 2);
    cluster_await (cluster, "started-0");
    cluster_await (cluster, "started-1");
    kill (cluster_broker (cluster), SIGSTOP);
    cluster_touch (cluster, "go");
    cluster_await (cluster, "done-0");
    cluster_await (cluster, "done-1");
    usleep (CLUSTER_LOST_MS * 2 * 1000);
    kill (cluster_broker (cluster), SIGCONT);
    outcomes_task_t *entries = outcomes_read (job, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal (entries [i].outcome, CADRE_OUTCOME_OK);
        assert_int_equal (entries [i].value, i * i);
        assert_int_equal (entries [i].attempts, 1);
    }
    free (entries);
    cluster_end (&pool, &job, &cluster);
}

//  ---- wires that are cut -----------------------------------------------------------

static cadre_t *s_open (const char *address)
{
    cadre_t *pool = cadre_open (address, &(cadre_options_t){.connect_timeout_ms = 20000});
    if (!pool)
        fail_msg ("%s", cadre_open_message ());
    return pool;
}

//  When there is something to cut.
static void s_cut_once (tcp_proxy_t *proxy)
{
    for (int64_t waited_ms = 0; tcp_proxy_cut (proxy) == 0; waited_ms += 5) {
        assert_true (waited_ms < WAIT_NOTICE_MS);
        cluster_pause ();
    }
}

//  Cuts everything while a job runs, some thousand results after each other.
static void s_cut (bool client, bool workers)
{
    enum { TASKS = 20000, CUTS = 6 };
    char address [64];
    cluster_t *cluster = cluster_new ("tcp", 0, 1);
    snprintf (address, sizeof address, "tcp://127.0.0.2:%u", cluster_port (cluster));
    tcp_proxy_t *proxy = tcp_proxy_new (cluster_port (cluster), LANES);
    for (unsigned i = 0; i < 2; i++)
        cluster_start_worker (cluster, i, 1, workers ? address : NULL);
    cluster_until (cluster, "slots", 2);
    cadre_t *pool = s_open (client ? address : cluster_address (cluster));
    cadre_job_t *job = s_squares (pool, TASKS);
    for (int i = 0; i < CUTS; i++) {
        cluster_until_at_least (cluster, "tasks_done", 1500 * i);
        s_cut_once (proxy);
    }
    outcomes_squares (job, TASKS);
    cadre_job_destroy (&job);
    assert_int_equal (cadre_close (&pool, 20000), CADRE_OK);
    for (unsigned i = 0; i < 2; i++)
        cluster_kill_worker (cluster, i);
    tcp_proxy_destroy (&proxy);
    cluster_destroy (&cluster);
}

static void test_cut_from_its_client (void **state)
{
    (void) state;
    s_cut (true, false);
}

static void test_cut_from_its_workers (void **state)
{
    (void) state;
    s_cut (false, true);
}

static void test_cut_from_everyone (void **state)
{
    (void) state;
    s_cut (true, true);
}

#define OVER_BOTH(test)                                                                            \
    {#test " over ipc", test, NULL, NULL, "ipc"},                                                  \
    {                                                                                              \
#test " over tcp", test, NULL, NULL, "tcp"                                                 \
    }

int main (void)
{
    const struct CMUnitTest tests [] = {
        OVER_BOTH (test_worker_stalls),
        OVER_BOTH (test_worker_stalls_under_load),
        OVER_BOTH (test_broker_stalls_shortly),
        OVER_BOTH (test_broker_stalls_for_long),
        OVER_BOTH (test_results_outlive_a_stall_of_the_broker),
        cmocka_unit_test (test_cut_from_its_client),
        cmocka_unit_test (test_cut_from_its_workers),
        cmocka_unit_test (test_cut_from_everyone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
