//  clients_test.c - clients that die, that do not read, and many at once: each gets its own, nobody
//  another's trouble

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/outcomes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 100000

//  ---- the client that dies: this program, started with other arguments ------------

static void s_say (const char *word)
{
    printf ("%s\n", word);
    fflush (stdout);
}

//  Tasks of a job that is never sealed, for as long as it lives.
static void s_submits (cadre_t *pool)
{
    cadre_job_t *job = cadre_job_open (pool, "square", NULL);
    for (int64_t i = 0; cadre_job_add (job, NULL, "i", i) == CADRE_OK; i++)
        if (i == 5000)
            s_say ("ready");
}

//  One task that runs for ever, and some behind it.
static void s_runs (cadre_t *pool, const char *folder, bool detached)
{
    cadre_job_t *job = cadre_job_open (pool, "gate", &(cadre_job_options_t){.detached = detached});
    for (int64_t i = 0; i < 6; i++)
        cadre_job_add (job, NULL, "si", folder, i);
    cadre_job_seal (job);
    if (cadre_job_number (job, WAIT_NOTICE_MS))
        s_say ("ready");
    pause ();
}

//  Results that it never reads, far beyond its window.
static void s_hoards (cadre_t *pool)
{
    cadre_job_t *job = cadre_job_open (pool, "blob", NULL);
    for (int64_t i = 0; i < 4000; i++) {
        cadre_job_add (job, NULL, "i", (int64_t) 10000);
        if (i == 100)
            s_say ("ready");
    }
    pause ();
}

static int s_client (const char *what, const char *address, const char *folder)
{
    cadre_t *pool = cadre_open (
        address,
        &(cadre_options_t){.connect_timeout_ms = 20000, .window_bytes = 100000, .name = "mortal"});
    if (!pool) {
        fprintf (stderr, "%s\n", cadre_open_message ());
        return 1;
    }
    if (strcmp (what, "submits") == 0)
        s_submits (pool);
    else if (strcmp (what, "hoards") == 0)
        s_hoards (pool);
    else
        s_runs (pool, folder, strcmp (what, "detached") == 0);
    return 1;
}

static child_t *s_start_client (cluster_t *cluster, const char *what)
{
    const char *argv [] = {"tests/integration/clients_test", what, cluster_address (cluster),
                           cluster_folder (cluster), NULL};
    child_t *client = child_start (argv);
    for (int64_t waited_ms = 0; !strstr (child_output (client), "ready"); waited_ms += 5) {
        if (child_wait (client, 0) != -1 || waited_ms > WAIT_NOTICE_MS)
            fail_msg ("the client that %s is not ready: %s", what, child_output (client));
        cluster_pause ();
    }
    return client;
}

//  ---- deaths of a client --------------------------------------------------------------

//  What an attached client leaves: no job, no task, no client; and others have noticed nothing.
static void s_is_forgotten (cluster_t *cluster, cadre_t *pool, cadre_job_t **job, size_t count)
{
    outcomes_squares (*job, count);
    cadre_job_destroy (job);
    cluster_until (cluster, "clients", 2);
    cluster_until (cluster, "jobs", 0);
    cluster_until (cluster, "tasks_waiting", 0);
    cluster_until (cluster, "tasks_running", 0);
    *job = cluster_squares (pool, NULL, 1000);
    outcomes_squares (*job, 1000);
}

static void test_client_killed_while_it_submits (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 2);
    cadre_t *pool = cluster_open (cluster);
    child_t *client = s_start_client (cluster, "submits");
    cadre_job_t *job = cluster_squares (pool, NULL, 5000);
    child_destroy (&client);
    s_is_forgotten (cluster, pool, &job, 5000);
    cluster_end (&pool, &job, &cluster);
}

//  Its task runs at the only slot; it is cancelled there, and the others get through.
static void test_client_killed_while_its_tasks_run (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    child_t *client = s_start_client (cluster, "runs");
    cluster_await (cluster, "started-0");
    cadre_job_t *job = cluster_squares (pool, NULL, 100);
    child_destroy (&client);
    s_is_forgotten (cluster, pool, &job, 100);
    assert_false (cluster_has (cluster, "started-1"));
    cluster_end (&pool, &job, &cluster);
}

static void test_client_killed_while_results_wait (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 2);
    cadre_t *pool = cluster_open (cluster);
    child_t *client = s_start_client (cluster, "hoards");
    cluster_until_at_least (cluster, "tasks_done", 50);
    cadre_job_t *job = cluster_squares (pool, NULL, 5000);
    child_destroy (&client);
    s_is_forgotten (cluster, pool, &job, 5000);
    cluster_end (&pool, &job, &cluster);
}

//  A detached job goes on, and others may read it.
static void test_detached_jobs_outlive_their_client (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 1);
    cadre_t *pool = cluster_open (cluster);
    child_t *client = s_start_client (cluster, "detached");
    cluster_await (cluster, "started-0");
    child_destroy (&client);
    cluster_until (cluster, "clients", 2);
    cadre_value_t *jobs = NULL;
    assert_int_equal (cadre_request (pool, "job.list", NULL, &jobs, WAIT_NOTICE_MS), CADRE_OK);
    assert_int_equal (cadre_value_count (jobs), 1);
    uint64_t number = cadre_value_uint (cadre_value_get (cadre_value_at (jobs, 0), "job"));
    cadre_value_destroy (&jobs);
    cluster_touch (cluster, "go");
    cadre_job_t *job = cadre_job_follow (pool, number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
    outcomes_squares (job, 6);
    cluster_end (&pool, &job, &cluster);
}

//  ---- clients that are no good neighbours -----------------------------------------------

//  One never reads its results, which fill its window; another one is served all the same.
static void test_a_client_that_does_not_read (void **state)
{
    cluster_t *cluster = cluster_new (*state, 1, 2);
    cadre_t *pool = cluster_open (cluster);
    child_t *client = s_start_client (cluster, "hoards");
    cadre_job_t *job = cluster_squares (pool, NULL, 20000);
    outcomes_squares (job, 20000);
    assert_int_equal (child_wait (client, 0), -1);
    child_destroy (&client);
    cluster_end (&pool, &job, &cluster);
}

static void test_two_clients_at_once (void **state)
{
    cluster_t *cluster = cluster_new (*state, 2, 1);
    cadre_t *one = cluster_open (cluster), *other = cluster_open (cluster);
    cadre_job_t *first = cluster_squares (one, NULL, 7000),
                *second = cluster_squares (other, NULL, 9000);
    cadre_job_t *third = cluster_squares (one, NULL, 3000);
    outcomes_squares (second, 9000);
    cadre_job_destroy (&second);
    cadre_abort (&other);
    outcomes_squares (third, 3000);
    outcomes_squares (first, 7000);
    cadre_job_destroy (&third);
    cluster_end (&one, &first, &cluster);
}

#define OVER_BOTH(test)                                                                            \
    {#test " over ipc", test, NULL, NULL, "ipc"},                                                  \
    {                                                                                              \
#test " over tcp", test, NULL, NULL, "tcp"                                                 \
    }

int main (int argc, char **argv)
{
    const struct CMUnitTest tests [] = {
        OVER_BOTH (test_client_killed_while_it_submits),
        OVER_BOTH (test_client_killed_while_its_tasks_run),
        OVER_BOTH (test_client_killed_while_results_wait),
        OVER_BOTH (test_detached_jobs_outlive_their_client),
        OVER_BOTH (test_a_client_that_does_not_read),
        OVER_BOTH (test_two_clients_at_once),
    };
    if (argc == 4)
        return s_client (argv [1], argv [2], argv [3]);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
