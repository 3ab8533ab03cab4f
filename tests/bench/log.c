//  log.c - durable records: bare commits of batches, and the store with the same ones, in turn on
//  the same disk
//
//  bench log [FOLDER [SECONDS]]. A batch is 100 or 1,000 records of 80 bytes. Bare: one thread that
//  inserts and commits in a loop, one row a batch, as fast as SQLite lets it. Store: a full queue
//  for throughput, and one batch at a time for how long it takes until its owner knows. Rounds of
//  both alternate, since a shared disk changes its mind.

#include "tests/bench/bench.h"

#ifndef CADRE_STORE_SQLITE

int bench_log (int argc, char **argv)
{
    (void) argc, (void) argv;
    return 0;
}

#else

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/sqlite.h"
#include "tests/bench/bare.h"

#define RECORD_BYTES 80
#define ROUNDS 5
#define SAMPLES_MAX 100000
#define SLICES 100000
#define SLICES_AHEAD 1000
#define AHEAD_BYTES (8u << 20) //  Of batches that wait for the store

typedef struct course {
    char folder [256];            //  Where all of it is
    char path [288];              //  Of the file at work
    size_t records;               //  In a batch
    double seconds;               //  Of a round
    uint8_t *body;                //  A batch
    uint64_t batches [2];         //  Bare, store
    double spent_s [2];           //  Bare, store
    double samples [SAMPLES_MAX]; //  Until a batch is durable, microseconds
    size_t count;                 //  Of them
    double bare [SAMPLES_MAX];    //  The same for a bare commit
    size_t bare_count;            //  Of them
    double scanned_bytes, scan_s; //  Opening what throughput left
    double slices, slices_s;      //  Reading records of it back
} course_t;

static void s_remove (const course_t *self)
{
    static const char *const suffixes [] = {"", "-wal", "-shm", ".lock"};
    char path [320];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf (path, sizeof path, "%s%s", self->path, suffixes [i]);
        unlink (path);
    }
}

static void s_bare (course_t *self)
{
    bare_t *bare = bare_new (self->folder);
    double start_s = bench_now_s (), now_s = start_s;
    while (now_s - start_s < self->seconds) {
        double before_s = now_s;
        bare_commit (bare, self->records * RECORD_BYTES);
        now_s = bench_now_s ();
        self->batches [0]++;
        if (self->bare_count < SAMPLES_MAX)
            self->bare [self->bare_count++] = (now_s - before_s) * 1e6;
    }
    self->spent_s [0] += now_s - start_s;
    bare_destroy (&bare);
}

static store_t *s_open (const course_t *self)
{
    fault_t fault = {0};
    store_t *store = sqlite_open (self->path, NULL, &fault);
    if (!store || store_scan (store, NULL, NULL, &fault))
        bench_die ("store", fault.text);
    return store;
}

static uint64_t s_append (const course_t *self, store_t *store)
{
    buffer_t body = {0};
    buffer_append (&body, self->body, self->records * RECORD_BYTES);
    return store_append (store, &body, NULL);
}

static void s_await (store_t *store, uint64_t seq)
{
    fault_t fault = {0};
    while (store_durable (store) < seq) {
        struct pollfd readable = {.fd = store_fd (store), .events = POLLIN};
        poll (&readable, 1, -1);
        if (store_turn (store, &fault))
            bench_die ("store", fault.text);
    }
}

static void s_take_slices (store_t *store, size_t *taken)
{
    store_slice_t slice;
    store_turn (store, NULL);
    for (; store_next_slice (store, &slice); (*taken)++) {
        if (slice.fault.code)
            bench_die ("store", slice.fault.text);
        buffer_free (&slice.body);
    }
}

//  Record after record, as tasks are dispatched whose payloads were put away; with SLICES_AHEAD
//  asked for and not taken.
static void s_read_back (course_t *self, store_t *store)
{
    size_t asked = 0, taken = 0;
    double start_s = bench_now_s ();
    while (taken < SLICES) {
        for (; asked < SLICES && asked < taken + SLICES_AHEAD; asked++)
            store_read (store, asked, 1 + asked / self->records,
                        asked % self->records * RECORD_BYTES, RECORD_BYTES);
        struct pollfd readable = {.fd = store_fd (store), .events = POLLIN};
        poll (&readable, 1, -1);
        s_take_slices (store, &taken);
    }
    self->slices += SLICES;
    self->slices_s += bench_now_s () - start_s;
}

//  What a restart costs, and what is read back after it.
static void s_again (course_t *self, uint64_t batches)
{
    double start_s = bench_now_s ();
    store_t *store = s_open (self);
    self->scan_s += bench_now_s () - start_s;
    self->scanned_bytes += (double) (batches * self->records * RECORD_BYTES);
    if (batches * self->records >= SLICES)
        s_read_back (self, store);
    store_close (&store, NULL);
}

//  Until all that was appended is durable.
static void s_throughput (course_t *self)
{
    store_t *store = s_open (self);
    uint64_t first = 0, last = 0, ahead = AHEAD_BYTES / (self->records * RECORD_BYTES);
    double start_s = bench_now_s ();
    while (bench_now_s () - start_s < self->seconds) {
        last = s_append (self, store);
        first = first ? first : last;
        if (last > first + ahead)
            s_await (store, last - ahead);
    }
    s_await (store, last);
    self->spent_s [1] += bench_now_s () - start_s;
    self->batches [1] += last - first + 1;
    store_close (&store, NULL);
    s_again (self, last - first + 1);
    s_remove (self);
}

static void s_latency (course_t *self)
{
    store_t *store = s_open (self);
    double start_s = bench_now_s (), now_s = start_s;
    while (now_s - start_s < self->seconds && self->count < SAMPLES_MAX) {
        double before_s = now_s;
        s_await (store, s_append (self, store));
        now_s = bench_now_s ();
        self->samples [self->count++] = (now_s - before_s) * 1e6;
    }
    store_close (&store, NULL);
    s_remove (self);
}

static void s_print (const course_t *self, const char *what, double value)
{
    char name [64];
    snprintf (name, sizeof name, "%s_%zu", what, self->records);
    bench_print (name, value);
}

static void s_run (course_t *self, size_t records)
{
    char name [64];
    self->records = records;
    self->count = self->bare_count = 0;
    memset (self->batches, 0, sizeof self->batches);
    memset (self->spent_s, 0, sizeof self->spent_s);
    self->scan_s = self->scanned_bytes = self->slices = self->slices_s = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        s_bare (self);
        s_throughput (self);
        s_latency (self);
    }
    s_print (self, "log_bare", (double) (self->batches [0] * records) / self->spent_s [0]);
    s_print (self, "log_store", (double) (self->batches [1] * records) / self->spent_s [1]);
    s_print (self, "log_scan", self->scanned_bytes / 1e6 / self->scan_s);
    s_print (self, "log_slices", self->slices / self->slices_s);
    snprintf (name, sizeof name, "log_bare_commit_%zu", records);
    bench_percentiles (name, self->bare, self->bare_count);
    snprintf (name, sizeof name, "log_durable_%zu", records);
    bench_percentiles (name, self->samples, self->count);
}

int bench_log (int argc, char **argv)
{
    course_t *self = calloc (1, sizeof *self);
    if (!self)
        bench_die ("log", "no memory");
    snprintf (self->folder, sizeof self->folder, "%s/cadre-bench-XXXXXX",
              argc > 0 ? argv [0] : "/tmp");
    if (!mkdtemp (self->folder))
        bench_die (self->folder, "cannot be made");
    snprintf (self->path, sizeof self->path, "%s/log", self->folder);
    self->seconds = argc > 1 ? strtod (argv [1], NULL) : 0.6;
    self->body = malloc (1000 * RECORD_BYTES);
    if (!self->body)
        bench_die ("log", "no memory");
    for (size_t i = 0; i < 1000 * RECORD_BYTES; i++)
        self->body [i] = (uint8_t) (i * 7 + (i >> 8));
    s_run (self, 100);
    s_run (self, 1000);
    rmdir (self->folder);
    free (self->body);
    free (self);
    return 0;
}

#endif
