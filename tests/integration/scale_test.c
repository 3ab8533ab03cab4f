//  scale_test.c - a million tasks, ten thousand commands, and a submitter that is too fast: memory
//  stays bounded

#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/outcomes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 100000
#define INPUT_BYTES 100000
#define MEMORY_MAX_KB (200l * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 //  Memory is no measure then, and time is short
#else
#define SANITIZED 0
#endif

//  The most memory that the broker has had.
static long s_peak_kb (const cluster_t *cluster)
{
    char path [64], line [256];
    long peak_kb = 0;
    snprintf (path, sizeof path, "/proc/%d/status", (int) cluster_broker (cluster));
    FILE *file = fopen (path, "re");
    assert_non_null (file);
    while (fgets (line, sizeof line, file))
        if (sscanf (line, "VmHWM: %ld kB", &peak_kb) == 1)
            break;
    fclose (file);
    assert_true (peak_kb > 0);
    return peak_kb;
}

static void s_is_bounded (const cluster_t *cluster)
{
    long peak_kb = s_peak_kb (cluster);
    if (!SANITIZED && peak_kb >= MEMORY_MAX_KB)
        fail_msg ("the broker had %ld KB", peak_kb);
}

static void s_end (cadre_t **pool, cadre_job_t **job, cluster_t **cluster)
{
    cadre_job_destroy (job);
    assert_int_equal (cadre_close (pool, 20000), CADRE_OK);
    cluster_destroy (cluster);
}

static void test_a_million_tasks (void **state)
{
    (void) state;
    const int64_t count = SANITIZED ? 50000 : 1000000;
    cluster_t *cluster = cluster_new ("ipc", 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, "square", NULL);
    for (int64_t i = 0; i < count; i++)
        assert_int_equal (cadre_job_add (job, NULL, "i", i), CADRE_OK);
    cadre_job_seal (job);
    outcomes_squares (job, (size_t) count);
    s_is_bounded (cluster);
    assert_int_equal (cluster_info (cluster, "tasks_done"), count);
    s_end (&pool, &job, &cluster);
}

typedef struct feed {
    cadre_job_t *job; //  Gets the tasks
    int64_t count;    //  How many
    int64_t added;    //  So far
} feed_t;

static void *s_feed (void *argument)
{
    feed_t *self = argument;
    char *bytes = calloc (1, INPUT_BYTES);
    for (int64_t i = 0; bytes && i < self->count; i++)
        if (cadre_job_add (self->job, NULL, "B", bytes, (size_t) INPUT_BYTES) == CADRE_OK)
            __atomic_add_fetch (&self->added, 1, __ATOMIC_SEQ_CST);
    free (bytes);
    cadre_job_seal (self->job);
    return NULL;
}

//  A thousand million bytes of input, and the only slot is busy: the submitting call waits, and the
//  broker keeps to its limit.
static void test_a_submitter_that_is_too_fast (void **state)
{
    (void) state;
    feed_t feed = {.count = SANITIZED ? 1500 : 10000};
    setenv ("CADRE_MEMORY", "64M", 1);
    cluster_t *cluster = cluster_new ("ipc", 1, 1);
    unsetenv ("CADRE_MEMORY");
    cadre_t *pool = cluster_open (cluster);
    cadre_future_t *gate = cadre_submit (pool, "gate", "si", cluster_folder (cluster), (int64_t) 1);
    cluster_await (cluster, "started-1");
    feed.job = cadre_job_open (pool, "weigh", NULL);
    pthread_t thread;
    assert_int_equal (pthread_create (&thread, NULL, s_feed, &feed), 0);
    cluster_until_at_least (cluster, "memory_bytes", 20 << 20);
    for (int still = 0, before = -1; still < 100; still++, cluster_pause ()) {
        int now = (int) __atomic_load_n (&feed.added, __ATOMIC_SEQ_CST);
        still = now == before ? still : 0;
        before = now;
    }
    assert_true (__atomic_load_n (&feed.added, __ATOMIC_SEQ_CST) < feed.count);
    cluster_touch (cluster, "go");
    outcomes_task_t *entries = outcomes_read (feed.job, (size_t) feed.count);
    pthread_join (thread, NULL);
    for (int64_t i = 0; i < feed.count; i++) {
        assert_int_equal (entries [i].outcome, CADRE_OUTCOME_OK);
        assert_int_equal (entries [i].value, INPUT_BYTES);
    }
    s_is_bounded (cluster);
    free (entries);
    cadre_future_destroy (&gate);
    s_end (&pool, &feed.job, &cluster);
}

//  Results of as many bytes: the caller reads them late, and all are there.
static void test_results_that_are_read_late (void **state)
{
    (void) state;
    const size_t count = SANITIZED ? 500 : 5000, size = 100000;
    cluster_t *cluster = cluster_new ("ipc", 1, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, "blob", NULL);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (cadre_job_add (job, NULL, "i", (int64_t) size), CADRE_OK);
    cadre_job_seal (job);
    cluster_until_at_least (cluster, "tasks_done", 100);
    cadre_event_t event;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_OK);
        assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
        assert_true (event.size_bytes > size);
    }
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_ERROR_END);
    s_is_bounded (cluster);
    s_end (&pool, &job, &cluster);
}

static void test_ten_thousand_commands (void **state)
{
    (void) state;
    const size_t count = SANITIZED ? 500 : 10000;
    cluster_t *cluster = cluster_new ("ipc", 2, 1);
    cadre_t *pool = cluster_open (cluster);
    cadre_job_t *job = cadre_job_open (pool, NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        char number [24];
        snprintf (number, sizeof number, "%zu", i);
        const char *argv [] = {"/bin/echo", number, NULL};
        assert_int_equal (cadre_job_add_command (job, NULL, argv, NULL, 0, NULL), CADRE_OK);
    }
    cadre_job_seal (job);
    char *seen = calloc (count, 1);
    size_t results = 0;
    cadre_event_t event;
    cadre_error_t error;
    while ((error = cadre_job_next (job, &event, WAIT_NOTICE_MS)) == CADRE_OK) {
        assert_true (event.index < count);
        if (event.kind == CADRE_EVENT_OUTPUT) {
            char expected [24];
            int length = snprintf (expected, sizeof expected, "%u\n", event.index);
            assert_int_equal (event.size_bytes, length);
            assert_memory_equal (event.bytes, expected, (size_t) length);
            assert_int_equal (seen [event.index]++, 0);
        } else if (event.kind == CADRE_EVENT_RESULT) {
            assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
            results++;
        }
    }
    assert_int_equal (error, CADRE_ERROR_END);
    assert_int_equal (results, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (seen [i], 1);
    s_is_bounded (cluster);
    free (seen);
    s_end (&pool, &job, &cluster);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_million_tasks),
        cmocka_unit_test (test_a_submitter_that_is_too_fast),
        cmocka_unit_test (test_results_that_are_read_late),
        cmocka_unit_test (test_ten_thousand_commands),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
