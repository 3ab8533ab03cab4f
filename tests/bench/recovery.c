//  recovery.c - a broker that comes back to many queued tasks
//
//  bench fill ADDRESS TASKS BYTES JOBS: durable jobs of TASKS in all, each task with a text of so
//  many bytes; prints the number of the first one. bench recovery ADDRESS JOB COMMAND...: starts
//  that broker, and measures until broker.info is answered, and until the first result of that job
//  is here; the broker goes on afterwards, and its process id is printed.

#include "tests/bench/stream.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>

extern char **environ;

#define WAIT_NOTICE_MS 120000

int bench_fill (int argc, char **argv)
{
    if (argc < 4)
        bench_die ("fill", "ADDRESS, TASKS, BYTES and JOBS are needed");
    cadre_t *pool = bench_open (argv [0]);
    uint64_t tasks = bench_count (argc, argv, 1, 0), jobs = bench_count (argc, argv, 3, 1),
             first = 0;
    size_t pad = (size_t) bench_count (argc, argv, 2, 0);
    double start_s = bench_now_s ();
    for (uint64_t i = 0; i < jobs; i++) {
        uint64_t latest = stream_submit (pool, tasks / jobs, pad, NULL);
        first = first ? first : latest;
    }
    bench_print ("fill", (double) tasks / (bench_now_s () - start_s));
    printf ("fill_job %llu\n", (unsigned long long) first);
    cadre_close (&pool, 5000);
    return 0;
}

static void s_first_result (cadre_t *pool, uint64_t number)
{
    cadre_job_t *job = cadre_job_follow (pool, number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
    cadre_event_t event;
    do {
        if (cadre_job_next (job, &event, WAIT_NOTICE_MS) != CADRE_OK)
            bench_die ("recovery", cadre_job_message (job));
    } while (event.kind != CADRE_EVENT_RESULT);
    if (event.outcome != CADRE_OUTCOME_OK)
        bench_die ("recovery", event.message);
    cadre_job_destroy (&job);
}

//  Its output is not ours, which whoever reads figures waits for the end of.
static pid_t s_start (char **argv)
{
    pid_t pid;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, 2, 1);
    if (posix_spawnp (&pid, argv [0], &actions, NULL, argv, environ) != 0)
        bench_die (argv [0], "cannot be started");
    posix_spawn_file_actions_destroy (&actions);
    return pid;
}

int bench_recovery (int argc, char **argv)
{
    if (argc < 3)
        bench_die ("recovery", "ADDRESS, JOB and COMMAND are needed");
    cadre_value_t *body = NULL;
    double start_s = bench_now_s ();
    pid_t pid = s_start (argv + 2);
    printf ("recovery_pid %d\n", (int) pid);
    fflush (stdout); //  Who reads it ends the broker, whatever comes
    cadre_options_t options = {.connect_timeout_ms = WAIT_NOTICE_MS};
    cadre_t *pool = cadre_open (argv [0], &options);
    if (!pool || cadre_request (pool, "broker.info", NULL, &body, WAIT_NOTICE_MS) != CADRE_OK)
        bench_die ("recovery", pool ? cadre_message (pool) : cadre_open_message ());
    double answered_s = bench_now_s () - start_s;
    s_first_result (pool, strtoull (argv [1], NULL, 10));
    double first_s = bench_now_s () - start_s;
    bench_print ("recovery_answer", answered_s);
    bench_print ("recovery_first", first_s);
    bench_print ("recovery_waiting", cadre_value_double (cadre_value_get (body, "tasks_waiting")));
    cadre_value_destroy (&body);
    cadre_close (&pool, 5000);
    return 0;
}
