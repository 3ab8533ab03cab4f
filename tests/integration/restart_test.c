//  restart_test.c - programs that wait while the broker is killed and started again: each result is
//  right, in its order, and comes once

#include <cadre.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rigs/cluster.h"

#define RESTARTS 3
#define PAUSE_US 400000

//  What several threads do with one pool, until the last restart is over.
typedef struct busy {
    cadre_t *pool;         //  Theirs
    atomic_bool over;      //  They may stop
    atomic_uint done;      //  Results that were right
    atomic_uint wrong;     //  Results that were not
    atomic_uint callbacks; //  Futures that called back
} busy_t;

static void s_check (busy_t *self, bool right)
{
    if (!right)
        fprintf (stderr, "wrong: %s\n", cadre_message (self->pool));
    atomic_fetch_add (right ? &self->done : &self->wrong, 1);
}

static void *s_call (void *argument)
{
    busy_t *self = argument;
    for (int64_t i = 0; !atomic_load (&self->over); i++) {
        cadre_value_t *value = NULL;
        cadre_error_t error = cadre_call (self->pool, &value, -1, "square", "i", i);
        s_check (self, error == CADRE_OK && cadre_value_int (value) == i * i);
        cadre_value_destroy (&value);
    }
    return NULL;
}

static void s_called_back (cadre_future_t *future, void *argument)
{
    (void) future;
    atomic_fetch_add ((atomic_uint *) argument, 1);
}

enum { BATCH = 64 };

static void *s_submit (void *argument)
{
    busy_t *self = argument;
    while (!atomic_load (&self->over)) {
        cadre_future_t *futures [BATCH];
        for (int64_t i = 0; i < BATCH; i++) {
            futures [i] = cadre_submit (self->pool, "slow_square", "ii", i, (int64_t) 2);
            cadre_future_on_done (futures [i], s_called_back, &self->callbacks);
        }
        for (int64_t i = 0; i < BATCH; i++) {
            int64_t value = -1;
            cadre_error_t error = cadre_future_wait_int (futures [i], &value, -1);
            s_check (self, error == CADRE_OK && value == i * i);
            cadre_future_destroy (&futures [i]);
        }
    }
    return NULL;
}

static void *s_map (void *argument)
{
    busy_t *self = argument;
    enum { COUNT = 20000 };
    int64_t *items = calloc (COUNT, sizeof *items), *squares = calloc (COUNT, sizeof *squares);
    for (int64_t i = 0; i < COUNT; i++)
        items [i] = i;
    while (!atomic_load (&self->over)) {
        bool right = cadre_map_int (self->pool, "square", items, COUNT, NULL, squares) == CADRE_OK;
        for (int64_t i = 0; i < COUNT; i++)
            right = right && squares [i] == i * i;
        s_check (self, right);
    }
    free (items);
    free (squares);
    return NULL;
}

static cadre_value_t *s_source (void *argument)
{
    int64_t *next = argument;
    return *next < 3000 ? cadre_value_of_int ((*next)++) : NULL;
}

static void *s_iterate (void *argument)
{
    busy_t *self = argument;
    while (!atomic_load (&self->over)) {
        int64_t next = 0;
        size_t expected = 0, index = 0;
        cadre_value_t *value = NULL;
        cadre_imap_t *imap = cadre_imap (self->pool, "square", s_source, &next, NULL);
        cadre_error_t error;
        while ((error = cadre_imap_next (imap, &value, &index, -1)) == CADRE_OK) {
            bool right = index == expected && cadre_value_int (value) == (int64_t) (index * index);
            s_check (self, right);
            expected++;
            cadre_value_destroy (&value);
        }
        s_check (self, error == CADRE_ERROR_END && expected == 3000);
        cadre_imap_destroy (&imap);
    }
    return NULL;
}

static void test_threads_go_on (void **state)
{
    (void) state;
    static void *(*const work []) (void *) = {s_call, s_call, s_submit, s_map, s_iterate};
    pthread_t threads [sizeof work / sizeof *work];
    for (int scheme = 0; scheme < 2; scheme++) {
        cluster_t *cluster = cluster_new (scheme ? "tcp" : "ipc", 2, 1);
        busy_t busy = {.pool = cluster_open (cluster)};
        for (size_t i = 0; i < sizeof work / sizeof *work; i++)
            pthread_create (&threads [i], NULL, work [i], &busy);
        for (int i = 0; i < RESTARTS; i++) {
            usleep (PAUSE_US);
            unsigned done = atomic_load (&busy.done);
            cluster_restart_broker (cluster);
            while (atomic_load (&busy.done) == done)
                cluster_pause ();
        }
        atomic_store (&busy.over, true);
        for (size_t i = 0; i < sizeof work / sizeof *work; i++)
            pthread_join (threads [i], NULL);
        assert_int_equal (busy.wrong, 0);
        assert_true (busy.done > 100);
        assert_int_equal (cadre_close (&busy.pool, 5000), CADRE_OK);
        assert_true (busy.callbacks > 0);
        cluster_destroy (&cluster);
    }
}

//  A job of many tasks, added while its results are read.
enum { MANY = 200000 };

static void *s_add_many (void *argument)
{
    for (int64_t i = 0; i < MANY; i++)
        if (cadre_job_add (argument, NULL, "i", i) != CADRE_OK)
            return "cadre_job_add has failed";
    cadre_job_seal (argument);
    return NULL;
}

static void test_a_large_job_in_order (void **state)
{
    (void) state;
    cluster_t *cluster = cluster_new ("ipc", 2, 2);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, "square", &(cadre_job_options_t){.ordered = true});
    pthread_t adder;
    void *failure = NULL;
    cadre_event_t event;
    uint64_t next = 0;
    assert_int_equal (pthread_create (&adder, NULL, s_add_many, job), 0);
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, -1)) == CADRE_OK) {
        assert_int_equal (event.kind, CADRE_EVENT_RESULT);
        assert_int_equal (event.index, next);
        cadre_value_t *value = cadre_value_decode (event.bytes, event.size_bytes);
        assert_true (cadre_value_uint (value) == next * next);
        cadre_value_destroy (&value);
        next++;
        if (next % (MANY / 4) == 0 && next < MANY)
            cluster_restart_broker (cluster);
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (next, MANY);
    pthread_join (adder, &failure);
    assert_null (failure);
    cadre_job_destroy (&job);
    cadre_close (&pool, 5000);
    cluster_destroy (&cluster);
}

//  Large arguments and values, on their way in parts when the broker dies.
static void test_large_payloads (void **state)
{
    (void) state;
    cluster_t *cluster = cluster_new ("ipc", 2, 1);
    cadre_t *pool = cluster_open (cluster);
    size_t size = 8u << 20;
    char *bytes = calloc (1, size);
    cadre_future_t *futures [8];
    for (int i = 0; i < 8; i++)
        futures [i] = cadre_submit (pool, "weigh", "B", (const void *) bytes, size);
    cluster_restart_broker (cluster);
    for (int i = 0; i < 8; i++) {
        int64_t weight = 0;
        assert_int_equal (cadre_future_wait_int (futures [i], &weight, 60000), CADRE_OK);
        assert_int_equal (weight, size);
        cadre_future_destroy (&futures [i]);
    }
    free (bytes);
    cadre_close (&pool, 5000);
    cluster_destroy (&cluster);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_threads_go_on),
        cmocka_unit_test (test_a_large_job_in_order),
        cmocka_unit_test (test_large_payloads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
