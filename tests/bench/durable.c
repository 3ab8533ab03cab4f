//  durable.c - what durability costs: tasks a second and acknowledgements, each beside the bare log
//  with the same batches
//
//  bench durable ADDRESS FOLDER [COUNT]: a stream of durable jobs of 1,000 and of 10,000 tasks.
//  After each round the bare log, in that folder, makes as many commits of as many bytes as the
//  broker's store has just made: the disk's share of the round.
//
//  bench acks ADDRESS FOLDER: jobs of 1, 100 and 1,000 tasks, one at a time: until cadre_job_sync
//  returns, until all results are here, and how long a bare commit takes of what the store wrote
//  until the sync.

#include "tests/bench/bare.h"
#include "tests/bench/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 4
#define SAMPLES 100

static stream_store_t s_since (cadre_t *pool, const stream_store_t *before)
{
    stream_store_t now = stream_store (pool);
    now.commits -= before->commits;
    now.written_bytes -= before->written_bytes;
    return now;
}

static void s_print (const char *what, uint32_t tasks, const char *suffix, double value)
{
    char name [64];
    snprintf (name, sizeof name, "%s_%u%s", what, tasks, suffix);
    bench_print (name, value);
}

//  ==== throughput ==================================================================

static double s_bare (const char *folder, const stream_store_t *written)
{
    bare_t *bare = bare_new (folder);
    double start_s = bench_now_s ();
    for (uint64_t i = 0; i < written->commits; i++)
        bare_commit (bare, (size_t) (written->written_bytes / written->commits));
    double elapsed_s = bench_now_s () - start_s;
    bare_destroy (&bare);
    return elapsed_s;
}

static void s_throughput (cadre_t *pool, const char *folder, uint64_t count, uint32_t job_tasks)
{
    double stream_s = 0, bare_s = 0, commits = 0, bytes = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        stream_store_t before = stream_store (pool);
        stream_s += stream_run (pool, count / ROUNDS, job_tasks, 0);
        stream_store_t written = s_since (pool, &before);
        bare_s += s_bare (folder, &written);
        commits += (double) written.commits;
        bytes += (double) written.written_bytes;
    }
    double tasks = (double) (count / ROUNDS * ROUNDS);
    s_print ("durable", job_tasks, "", tasks / stream_s);
    s_print ("durable_bare", job_tasks, "", tasks / bare_s);
    s_print ("durable_batch", job_tasks, "", tasks / commits);
    s_print ("durable_batch_bytes", job_tasks, "", bytes / commits);
    s_print ("durable_task_bytes", job_tasks, "", bytes / tasks);
}

int bench_durable (int argc, char **argv)
{
    if (argc < 2)
        bench_die ("durable", "ADDRESS and FOLDER are needed");
    cadre_t *pool = bench_open (argv [0]);
    uint64_t count = bench_count (argc, argv, 2, 1000000);
    stream_run (pool, 20000, 1000, 0); //  Slots have loaded what they need, the store is open
    s_throughput (pool, argv [1], count, 1000);
    s_throughput (pool, argv [1], count, 10000);
    cadre_close (&pool, 5000);
    return 0;
}

//  ==== acknowledgements ============================================================

typedef struct waits {
    double ack [ROUNDS * SAMPLES];    //  Microseconds until a job was acknowledged
    double result [ROUNDS * SAMPLES]; //  Until its results were here
    double bare [ROUNDS * SAMPLES];   //  Of a bare commit of the same bytes
    size_t count;                     //  Of each
    double commits;                   //  That the store made for an acknowledgement, mean
} waits_t;

//  Of jobs that nobody can run, so that what the store writes is what is acknowledged; returns its
//  bytes a job.
static size_t s_acknowledge (cadre_t *pool, waits_t *self, uint32_t tasks)
{
    uint64_t numbers [SAMPLES];
    stream_store_t before = stream_store (pool);
    for (size_t i = 0; i < SAMPLES; i++) {
        double start_s = bench_now_s ();
        numbers [i] = stream_submit (pool, tasks, 0, "nowhere");
        self->ack [self->count + i] = (bench_now_s () - start_s) * 1e6;
    }
    stream_store_t written = s_since (pool, &before);
    self->commits += (double) written.commits / SAMPLES / ROUNDS;
    for (size_t i = 0; i < SAMPLES; i++)
        stream_cancel (pool, numbers [i]);
    return (size_t) (written.written_bytes / SAMPLES);
}

static void s_come_back (cadre_t *pool, waits_t *self, uint32_t tasks)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        double start_s = bench_now_s ();
        uint64_t number = stream_submit (pool, tasks, 0, NULL);
        stream_check (pool, number, tasks);
        self->result [self->count + i] = (bench_now_s () - start_s) * 1e6;
        stream_forget (pool, number);
    }
}

static void s_commit (const char *folder, waits_t *self, size_t bytes)
{
    bare_t *bare = bare_new (folder);
    for (size_t i = 0; i < SAMPLES; i++) {
        double start_s = bench_now_s ();
        bare_commit (bare, bytes);
        self->bare [self->count + i] = (bench_now_s () - start_s) * 1e6;
    }
    bare_destroy (&bare);
}

static void s_acks (cadre_t *pool, const char *folder, uint32_t tasks)
{
    char name [64];
    waits_t *self = calloc (1, sizeof *self);
    for (unsigned round = 0; round < ROUNDS; round++, self->count += SAMPLES) {
        size_t bytes = s_acknowledge (pool, self, tasks);
        s_commit (folder, self, bytes);
        s_come_back (pool, self, tasks);
    }
    snprintf (name, sizeof name, "ack_%u", tasks);
    bench_percentiles (name, self->ack, self->count);
    snprintf (name, sizeof name, "ack_result_%u", tasks);
    bench_percentiles (name, self->result, self->count);
    snprintf (name, sizeof name, "ack_bare_%u", tasks);
    bench_percentiles (name, self->bare, self->count);
    s_print ("ack_commits", tasks, "", self->commits);
    free (self);
}

int bench_acks (int argc, char **argv)
{
    if (argc < 2)
        bench_die ("acks", "ADDRESS and FOLDER are needed");
    cadre_t *pool = bench_open (argv [0]);
    stream_run (pool, 1000, 1000, 0);
    s_acks (pool, argv [1], 1);
    s_acks (pool, argv [1], 100);
    s_acks (pool, argv [1], 1000);
    cadre_close (&pool, 5000);
    return 0;
}
