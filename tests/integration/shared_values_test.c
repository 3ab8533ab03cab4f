//  shared_values_test.c - large values within one machine: right, also when workers die, and
//  nothing of them is left when they are done

#include <cadre.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/rigs/cluster.h"

#define SIZE ((size_t) 8 << 20)
#define COUNT 12
#define WAIT_MS 60000

//  Files in memory that a process has open.
static unsigned s_files (pid_t pid)
{
    char folder [64], path [400], target [64];
    unsigned count = 0;
    snprintf (folder, sizeof folder, "/proc/%d/fd", (int) pid);
    DIR *entries = opendir (folder);
    assert_non_null (entries);
    for (const struct dirent *entry; (entry = readdir (entries));) {
        snprintf (path, sizeof path, "%s/%s", folder, entry->d_name);
        ssize_t size = readlink (path, target, sizeof target - 1);
        target [size > 0 ? size : 0] = 0;
        count += strstr (target, "memfd:cadre-value") != NULL;
    }
    closedir (entries);
    return count;
}

//  Waits until a process has only the file that it offers to its peers.
static void s_until_one_is_left (pid_t pid)
{
    for (unsigned i = 0; s_files (pid) > 1 && i < 500; i++)
        cluster_pause ();
    assert_true (s_files (pid) <= 1);
}

static void s_send (cadre_t *pool, cadre_future_t **futures, const uint8_t *bytes)
{
    for (int i = 0; i < COUNT; i++)
        futures [i] = cadre_submit (pool, "weigh", "B", (const void *) bytes, SIZE);
}

static void s_expect (cadre_future_t **futures)
{
    for (int i = 0; i < COUNT; i++) {
        int64_t weight = 0;
        assert_int_equal (cadre_future_wait_int (futures [i], &weight, WAIT_MS), CADRE_OK);
        assert_int_equal (weight, SIZE);
        cadre_future_destroy (&futures [i]);
    }
}

static void s_there (cadre_t *pool)
{
    cadre_future_t *futures [COUNT];
    uint8_t *bytes = calloc (1, SIZE);
    assert_non_null (bytes);
    s_send (pool, futures, bytes);
    s_expect (futures);
    free (bytes);
}

static void s_back (cadre_t *pool)
{
    for (int i = 0; i < COUNT; i++) {
        size_t size = 0;
        cadre_value_t *value = NULL;
        assert_int_equal (cadre_call (pool, &value, WAIT_MS, "blob", "i", (int64_t) SIZE),
                          CADRE_OK);
        assert_non_null (cadre_value_blob (value, &size));
        assert_int_equal (size, SIZE);
        cadre_value_destroy (&value);
    }
}

//  By a map, whose chunk is packed before it is sent.
static void s_mapped (cadre_t *pool)
{
    uint8_t *bytes = calloc (1, SIZE);
    cadre_value_t *items = cadre_value_list (), *results = NULL;
    assert_non_null (bytes);
    for (int i = 0; i < COUNT; i++) {
        cadre_value_t *item = cadre_value_of_blob (bytes, SIZE - (size_t) i);
        cadre_value_append (items, &item);
    }
    free (bytes);
    assert_int_equal (cadre_map (pool, "weigh", items, NULL, &results), CADRE_OK);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal (cadre_value_int (cadre_value_at (results, (size_t) i)),
                          SIZE - (size_t) i);
    cadre_value_destroy (&items);
    cadre_value_destroy (&results);
}

static void test_values_are_right_over (const char *scheme)
{
    cluster_t *cluster = cluster_new (scheme, 2, 1);
    cadre_t *pool = cluster_open (cluster);
    s_there (pool);
    s_back (pool);
    s_mapped (pool);
    cadre_close (&pool, 5000);
    s_until_one_is_left (cluster_broker (cluster));
    s_until_one_is_left (cluster_worker (cluster, 0));
    s_until_one_is_left (cluster_worker (cluster, 1));
    assert_true (s_files (getpid ()) <= 1); //  The cluster has a connection, too
    cluster_destroy (&cluster);
}

static void test_values_are_right (void **state)
{
    (void) state;
    test_values_are_right_over ("ipc");
    test_values_are_right_over ("tcp");
}

//  The bytes stay out of the broker.
static void test_the_broker_does_not_hold_the_bytes (void **state)
{
    (void) state;
    char path [64], line [256];
    long peak_kb = 0;
    cluster_t *cluster = cluster_new ("ipc", 1, 2);
    cadre_t *pool = cluster_open (cluster);
    int64_t files = 0;
    s_there (pool);
    s_back (pool);
    snprintf (path, sizeof path, "/proc/%d/status", (int) cluster_broker (cluster));
    FILE *status = fopen (path, "r");
    assert_non_null (status);
    while (fgets (line, sizeof line, status))
        if (sscanf (line, "RssAnon: %ld", &peak_kb) == 1)
            files++;
    fclose (status);
    assert_int_equal (files, 1);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true (peak_kb < 3 * (long) (SIZE >> 10)); //  Of twelve such values, there and back
#endif
    cadre_close (&pool, 5000);
    cluster_destroy (&cluster);
}

//  Their worker dies with them: another one gets the same file.
static void test_a_lost_worker_loses_no_value (void **state)
{
    (void) state;
    cadre_future_t *futures [COUNT];
    cluster_t *cluster = cluster_new ("ipc", 2, 1);
    cadre_t *pool = cluster_open (cluster);
    uint8_t *bytes = calloc (1, SIZE);
    assert_non_null (bytes);
    for (int i = 0; i < 3; i++) {
        s_send (pool, futures, bytes);
        cluster_kill_worker (cluster, 0);
        s_expect (futures);
        cluster_start_worker (cluster, 0, 1, NULL);
        cluster_until (cluster, "workers", 2);
    }
    cadre_close (&pool, 5000);
    s_until_one_is_left (cluster_broker (cluster));
    free (bytes);
    cluster_destroy (&cluster);
}

//  Nothing more is sent, and the files go.
static void test_a_client_that_leaves_takes_its_files_along (void **state)
{
    (void) state;
    cadre_future_t *futures [COUNT];
    cluster_t *cluster = cluster_new ("ipc", 1, 1);
    cadre_t *pool = cluster_open (cluster);
    uint8_t *bytes = calloc (1, SIZE);
    assert_non_null (bytes);
    s_send (pool, futures, bytes);
    cadre_abort (&pool);
    for (int i = 0; i < COUNT; i++)
        cadre_future_destroy (&futures [i]);
    s_until_one_is_left (cluster_broker (cluster));
    s_until_one_is_left (cluster_worker (cluster, 0));
    assert_true (s_files (getpid ()) <= 1); //  The cluster has a connection, too
    free (bytes);
    cluster_destroy (&cluster);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_values_are_right),
        cmocka_unit_test (test_the_broker_does_not_hold_the_bytes),
        cmocka_unit_test (test_a_lost_worker_loses_no_value),
        cmocka_unit_test (test_a_client_that_leaves_takes_its_files_along),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
