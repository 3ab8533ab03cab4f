//  churn.c - a store over a long run: what its file takes up beside what is needed of it
//
//  bench churn ADDRESS FILE [COUNT]. Jobs come, end and are forgotten, while one that nobody can
//  run stays from the beginning: compaction has to carry it along. A thread looks at the files and
//  at what the broker says is needed, ten times a second.
//
//  Compaction begins when more is used than twice what is needed plus 64 MiB; the file may be
//  larger by the empty pages that are kept for the next batches, a quarter of what is used and 16
//  MiB.

#include "tests/bench/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define MIB 1048576.0
#define STAYS 100000
#define STAYS_BYTES 100
#define JOB_TASKS 10000
#define LOOK_NS 100000000

typedef struct look {
    cadre_t *pool;     //  A connection of its own
    const char *file;  //  The store
    atomic_bool ended; //  The run is over
    double file_mb;    //  Most
    double wal_mb;     //  Most of its write-ahead log
    double live_mb;    //  Most that was needed
    double ratio;      //  Most of file / (2 * live + 64 MiB)
} look_t;

static double s_size_mb (const char *file, const char *suffix)
{
    char path [512];
    struct stat status;
    snprintf (path, sizeof path, "%s%s", file, suffix);
    return stat (path, &status) == 0 ? (double) status.st_size / MIB : 0;
}

static double s_more (double one, double other)
{
    return one > other ? one : other;
}

static void s_look (look_t *self)
{
    double file_mb = s_size_mb (self->file, ""),
           live_mb = (double) stream_store (self->pool).live_bytes / MIB;
    self->file_mb = s_more (self->file_mb, file_mb);
    self->wal_mb = s_more (self->wal_mb, s_size_mb (self->file, "-wal"));
    self->live_mb = s_more (self->live_mb, live_mb);
    self->ratio = s_more (self->ratio, file_mb / (2 * live_mb + 64));
}

static void *s_watch (void *argument)
{
    look_t *self = argument;
    while (!self->ended) {
        s_look (self);
        nanosleep (&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return NULL;
}

int bench_churn (int argc, char **argv)
{
    if (argc < 2)
        bench_die ("churn", "ADDRESS and FILE are needed");
    uint64_t count = bench_count (argc, argv, 2, 20000000);
    cadre_t *pool = bench_open (argv [0]);
    look_t look = {.pool = bench_open (argv [0]), .file = argv [1]};
    pthread_t watcher;
    uint64_t stays = stream_submit (pool, STAYS, STAYS_BYTES, "nowhere");
    pthread_create (&watcher, NULL, s_watch, &look);
    double elapsed_s = stream_run (pool, count, JOB_TASKS, 0);
    look.ended = true;
    pthread_join (watcher, NULL);
    stream_store_t end = stream_store (pool);
    bench_print ("churn", (double) count / elapsed_s);
    bench_print ("churn_written_mb", (double) end.written_bytes / MIB);
    bench_print ("churn_file_mb", look.file_mb);
    bench_print ("churn_wal_mb", look.wal_mb);
    bench_print ("churn_live_mb", look.live_mb);
    bench_print ("churn_bound", look.ratio);
    bench_print ("churn_end_file_mb", s_size_mb (argv [1], ""));
    bench_print ("churn_end_live_mb", (double) end.live_bytes / MIB);
    stream_cancel (pool, stays);
    cadre_close (&look.pool, 5000);
    cadre_close (&pool, 5000);
    return 0;
}
