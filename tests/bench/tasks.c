//  tasks.c - what a program sees through the library: tasks one by one, a map, single calls, the
//  start of a command

#include "tests/bench/bench.h"

#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

typedef struct reading {
    cadre_job_t *job; //  Whose results
    uint64_t count;   //  How many are expected
    uint64_t right;   //  How many were right
    uint8_t *seen;    //  For each task: it came
} reading_t;

static void *s_read (void *argument)
{
    reading_t *self = argument;
    cadre_event_t event;
    while (cadre_job_next (self->job, &event, 60000) == CADRE_OK) {
        if (event.kind != CADRE_EVENT_RESULT || event.outcome != CADRE_OUTCOME_OK
            || event.index >= self->count)
            continue;
        uint64_t index = event.index;
        if (bench_integer (event.bytes, event.size_bytes) == index * index && !self->seen [index]++)
            self->right++;
    }
    return NULL;
}

//  Submitted one by one by this thread, read and checked by another
int bench_tasks (int argc, char **argv)
{
    const char *where = argc > 0 ? argv [0] : "process";
    uint64_t count = bench_count (argc, argv, 1, 1000000);
    cadre_t *pool = bench_open (where);
    double start_s = bench_now_s ();
    reading_t reading = {
        .job = cadre_job_open (pool, "square", NULL), .count = count, .seen = calloc (count, 1)};
    pthread_t reader;
    pthread_create (&reader, NULL, s_read, &reading);
    for (uint64_t i = 0; i < count; i++)
        if (cadre_job_add (reading.job, NULL, "i", (int64_t) i) != CADRE_OK)
            bench_die ("submit", cadre_job_message (reading.job));
    double submitted_s = bench_now_s () - start_s;
    cadre_job_seal (reading.job);
    pthread_join (reader, NULL);
    double elapsed_s = bench_now_s () - start_s;
    if (reading.right != count)
        bench_die ("tasks", "results are missing or wrong");
    bench_print ("tasks", (double) count / elapsed_s);
    bench_print ("submits", (double) count / submitted_s);
    cadre_job_destroy (&reading.job);
    cadre_close (&pool, 5000);
    free (reading.seen);
    return 0;
}

int bench_map (int argc, char **argv)
{
    uint64_t count = bench_count (argc, argv, 1, 1000000);
    cadre_t *pool = bench_open (argc > 0 ? argv [0] : "process");
    int64_t *items = calloc (count, sizeof *items), *results = calloc (count, sizeof *results),
            value = 0;
    for (uint64_t i = 0; i < count; i++)
        items [i] = (int64_t) i;
    cadre_map_int (pool, "square", &value, 1, NULL, &value); //  Slots have loaded what they need
    double start_s = bench_now_s ();
    if (cadre_map_int (pool, "square", items, count, NULL, results) != CADRE_OK)
        bench_die ("map", cadre_message (pool));
    double elapsed_s = bench_now_s () - start_s;
    for (uint64_t i = 0; i < count; i++)
        if (results [i] != (int64_t) (i * i))
            bench_die ("map", "a result is wrong");
    bench_print ("map", (double) count / elapsed_s);
    cadre_close (&pool, 5000);
    free (items);
    free (results);
    return 0;
}

static double s_call (cadre_t *pool, int64_t number)
{
    cadre_value_t *value = NULL;
    double start_s = bench_now_s ();
    if (cadre_call (pool, &value, 10000, "square", "i", number) != CADRE_OK)
        bench_die ("call", cadre_message (pool));
    double elapsed_s = bench_now_s () - start_s;
    if (cadre_value_int (value) != number * number)
        bench_die ("call", "a result is wrong");
    cadre_value_destroy (&value);
    return elapsed_s * 1e6;
}

int bench_call (int argc, char **argv)
{
    uint64_t count = bench_count (argc, argv, 1, 5000);
    cadre_t *pool = bench_open (argc > 0 ? argv [0] : "process");
    double *samples = calloc (count, sizeof *samples);
    for (int i = 0; i < 100; i++)
        s_call (pool, i);
    for (uint64_t i = 0; i < count; i++)
        samples [i] = s_call (pool, (int64_t) i);
    bench_percentiles ("call", samples, count);
    cadre_close (&pool, 5000);
    free (samples);
    return 0;
}

//  A command from its start to its end, again and again
int bench_start (int argc, char **argv)
{
    uint64_t count = bench_count (argc, argv, 0, 20);
    double *samples = calloc (count, sizeof *samples);
    if (argc < 2)
        bench_die ("start", "no command");
    for (uint64_t i = 0; i < count; i++) {
        pid_t pid;
        int status = 0;
        double start_s = bench_now_s ();
        if (posix_spawnp (&pid, argv [1], NULL, NULL, argv + 1, environ) != 0)
            bench_die (argv [1], "cannot be started");
        waitpid (pid, &status, 0);
        samples [i] = (bench_now_s () - start_s) * 1e3;
        if (status != 0)
            bench_die (argv [1], "failed");
    }
    bench_percentiles ("start", samples, count);
    free (samples);
    return 0;
}
