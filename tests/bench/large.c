//  large.c - large values: there, there and back, and small calls beside them

#include "tests/bench/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 120000
#define SMALL_CALLS 2000

typedef struct large {
    cadre_t *pool;            //  Where
    uint8_t *bytes;           //  The argument
    size_t size_bytes;        //  Of it
    size_t count;             //  How many at once
    cadre_future_t **futures; //  One each
} large_t;

static void s_take (const large_t *self, cadre_future_t *future, bool back)
{
    if (cadre_future_wait (future, WAIT_MS) != CADRE_OK)
        bench_die ("large", cadre_future_message (future));
    const cadre_value_t *value = cadre_future_value (future);
    size_t size = 0;
    if (back)
        cadre_value_blob (value, &size);
    else
        size = (size_t) cadre_value_int (value);
    if (size != self->size_bytes)
        bench_die ("large", "a result is wrong");
}

static void s_round (const large_t *self, const char *function, bool back)
{
    for (size_t i = 0; i < self->count; i++)
        self->futures [i] = cadre_submit (self->pool, function, "B", self->bytes, self->size_bytes);
    for (size_t i = 0; i < self->count; i++) {
        s_take (self, self->futures [i], back);
        cadre_future_destroy (&self->futures [i]);
    }
}

//  MB/s of what goes there.
static double s_rate (const large_t *self, const char *function, bool back)
{
    double start_s = bench_now_s ();
    s_round (self, function, back);
    double elapsed_s = bench_now_s () - start_s;
    return (double) self->size_bytes * (double) self->count / 1e6 / elapsed_s;
}

//  The same by one map, whose list of items is made before.
static double s_map_rate (const large_t *self, const char *function)
{
    cadre_value_t *items = cadre_value_list (), *results = NULL;
    for (size_t i = 0; i < self->count; i++) {
        cadre_value_t *item = cadre_value_of_blob (self->bytes, self->size_bytes);
        cadre_value_append (items, &item);
    }
    double start_s = bench_now_s ();
    if (cadre_map (self->pool, function, items, NULL, &results) != CADRE_OK)
        bench_die ("large", cadre_message (self->pool));
    double elapsed_s = bench_now_s () - start_s;
    if (cadre_value_count (results) != self->count)
        bench_die ("large", "results are missing");
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
    return (double) self->size_bytes * (double) self->count / 1e6 / elapsed_s;
}

static void s_open (large_t *self, int argc, char **argv)
{
    *self = (large_t){.pool = bench_open (argc > 0 ? argv [0] : "process"),
                      .size_bytes = (size_t) bench_count (argc, argv, 1, 1000000),
                      .count = (size_t) bench_count (argc, argv, 2, 100)};
    self->bytes = malloc (self->size_bytes);
    self->futures = calloc (self->count, sizeof *self->futures);
    if (!self->bytes || !self->futures)
        bench_die ("large", "no memory");
    memset (self->bytes, 'x', self->size_bytes);
}

static void s_close (large_t *self)
{
    cadre_close (&self->pool, 5000);
    free (self->bytes);
    free (self->futures);
}

int bench_large (int argc, char **argv)
{
    large_t self;
    s_open (&self, argc, argv);
    s_round (&self, "size", false); //  Slots and memory are there
    bench_print ("there", s_rate (&self, "size", false));
    bench_print ("back", s_rate (&self, "same", true));
    bench_print ("map_there", s_map_rate (&self, "size"));
    bench_print ("map_back", s_map_rate (&self, "same"));
    s_close (&self);
    return 0;
}

typedef struct beside {
    large_t large;    //  What goes beside
    atomic_bool over; //  It shall end
} beside_t;

static void *s_go_on (void *argument)
{
    beside_t *self = argument;
    while (!atomic_load (&self->over))
        s_round (&self->large, "size", false);
    return NULL;
}

static void s_small (cadre_t *pool, const char *name)
{
    static double samples [SMALL_CALLS];
    for (size_t i = 0; i < SMALL_CALLS; i++) {
        double start_s = bench_now_s ();
        if (cadre_call (pool, NULL, WAIT_MS, "square", "i", (int64_t) i) != CADRE_OK)
            bench_die ("beside", cadre_message (pool));
        samples [i] = (bench_now_s () - start_s) * 1e6;
    }
    bench_percentiles (name, samples, SMALL_CALLS);
}

int bench_beside (int argc, char **argv)
{
    beside_t self = {0};
    pthread_t thread;
    s_open (&self.large, argc, argv);
    s_round (&self.large, "size", false);
    s_small (self.large.pool, "alone");
    pthread_create (&thread, NULL, s_go_on, &self);
    s_small (self.large.pool, "beside");
    atomic_store (&self.over, true);
    pthread_join (thread, NULL);
    s_close (&self.large);
    return 0;
}
