//  peers_test.c - peers that were written from SPEC.md alone work with the broker, the worker and
//  the library

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/thread_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEER_CLIENT "tests/lib/programs/peer_client"
#define PEER_WORKER "tests/lib/programs/peer_worker"
#define WAIT_NOTICE_MS 60000

//  A peer that must end well
static void s_succeed (child_t **peer, const char *says)
{
    int code = child_wait (*peer, WAIT_NOTICE_MS);
    if (code != 0)
        fail_msg ("exit code %d: %s", code, child_output (*peer));
    assert_non_null (strstr (child_output (*peer), says));
    child_destroy (peer);
}

static cadre_t *s_open (const thread_cluster_t *stage)
{
    cadre_t *pool = cadre_open (thread_cluster_address (stage), NULL);
    if (!pool)
        fail_msg ("%s", cadre_open_message ());
    return pool;
}

static void s_client_with_real_worker (const char *scheme)
{
    thread_cluster_t *stage = thread_cluster_new (scheme, true);
    child_t *peer = child_new (PEER_CLIENT, thread_cluster_address (stage), "20000", NULL);
    s_succeed (&peer, "20000 ok");
    thread_cluster_destroy (&stage);
}

static void test_client_with_real_worker_over_ipc (void **state)
{
    (void) state;
    s_client_with_real_worker ("ipc");
}

static void test_client_with_real_worker_over_tcp (void **state)
{
    (void) state;
    s_client_with_real_worker ("tcp");
}

static void test_two_clients_at_once (void **state)
{
    (void) state;
    thread_cluster_t *stage = thread_cluster_new ("ipc", true);
    child_t *one = child_new (PEER_CLIENT, thread_cluster_address (stage), "10000", NULL);
    child_t *other = child_new (PEER_CLIENT, thread_cluster_address (stage), "10000", NULL);
    s_succeed (&one, "10000 ok");
    s_succeed (&other, "10000 ok");
    thread_cluster_destroy (&stage);
}

static void test_client_with_peer_worker (void **state)
{
    (void) state;
    thread_cluster_t *stage = thread_cluster_new ("ipc", false);
    child_t *worker = child_new (PEER_WORKER, thread_cluster_address (stage), NULL, NULL);
    child_t *client = child_new (PEER_CLIENT, thread_cluster_address (stage), "20000", NULL);
    s_succeed (&client, "20000 ok");
    child_destroy (&worker);
    thread_cluster_destroy (&stage);
}

static void s_map (cadre_t *pool, size_t count)
{
    int64_t *items = malloc (count * sizeof *items), *results = calloc (count, sizeof *results);
    assert_true (items && results);
    for (size_t i = 0; i < count; i++)
        items [i] = (int64_t) i - 50;
    if (cadre_map_int (pool, "square", items, count, NULL, results) != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    for (size_t i = 0; i < count; i++)
        assert_int_equal (results [i], items [i] * items [i]);
    free (items);
    free (results);
}

static void s_single_tasks (cadre_t *pool)
{
    cadre_future_t *futures [500];
    for (int64_t i = 0; i < 500; i++)
        futures [i] = cadre_submit (pool, "square", "i", i);
    for (int64_t i = 0; i < 500; i++) {
        int64_t value = -1;
        assert_int_equal (cadre_future_wait_int (futures [i], &value, WAIT_NOTICE_MS), CADRE_OK);
        assert_int_equal (value, i * i);
        cadre_future_destroy (&futures [i]);
    }
}

//  There and back in parts
static void s_large_value (cadre_t *pool, child_t *worker)
{
    size_t size = 3000000, got_size = 0;
    uint8_t *bytes = malloc (size);
    assert_non_null (bytes);
    for (size_t i = 0; i < size; i++)
        bytes [i] = (uint8_t) (i * 31 >> 3);
    cadre_value_t *value = NULL;
    if (cadre_call (pool, &value, WAIT_NOTICE_MS, "echo", "B", bytes, size) != CADRE_OK)
        fail_msg ("%s; the worker says: %s", cadre_message (pool), child_output (worker));
    const void *got = cadre_value_blob (value, &got_size);
    assert_int_equal (got_size, size);
    assert_memory_equal (got, bytes, size);
    cadre_value_destroy (&value);
    free (bytes);
}

//  A function's error keeps kind and message on its way
static void s_failure (cadre_t *pool)
{
    cadre_future_t *future = cadre_submit (pool, "square", "s", "seven");
    assert_int_equal (cadre_future_wait (future, WAIT_NOTICE_MS), CADRE_ERROR_TASK);
    assert_int_equal (cadre_future_outcome (future), CADRE_OUTCOME_ERROR);
    assert_string_equal (cadre_future_kind (future), "peer");
    assert_string_equal (cadre_future_message (future), "square takes an integer");
    cadre_future_destroy (&future);
}

static void s_order_workers (cadre_t *pool, const char *what)
{
    cadre_value_t *arguments =
        cadre_value_build ("{s:s, s:i}", "worker", "all", "timeout_ms", (int64_t) 5000);
    if (cadre_request (pool, what, arguments, NULL, WAIT_NOTICE_MS) != CADRE_OK)
        fail_msg ("%s", cadre_message (pool));
    cadre_value_destroy (&arguments);
}

static void s_library_with_peer_worker (const char *scheme, const char *order)
{
    thread_cluster_t *stage = thread_cluster_new (scheme, false);
    child_t *worker = child_new (PEER_WORKER, thread_cluster_address (stage), NULL, NULL);
    cadre_t *pool = s_open (stage);
    s_single_tasks (pool);
    s_map (pool, 10000);
    s_large_value (pool, worker);
    s_failure (pool);
    s_order_workers (pool, order);
    s_succeed (&worker, "");
    assert_int_equal (cadre_close (&pool, 5000), CADRE_OK);
    thread_cluster_destroy (&stage);
}

static void test_library_with_peer_worker_over_ipc (void **state)
{
    (void) state;
    s_library_with_peer_worker ("ipc", "worker.drain");
}

static void test_library_with_peer_worker_over_tcp (void **state)
{
    (void) state;
    s_library_with_peer_worker ("tcp", "worker.stop");
}

//  A peer that dies in the middle costs nobody a result: the other worker does its tasks
static void test_peer_worker_killed (void **state)
{
    (void) state;
    thread_cluster_t *stage = thread_cluster_new ("ipc", true);
    child_t *worker = child_new (PEER_WORKER, thread_cluster_address (stage), NULL, NULL);
    child_t *client = child_new (PEER_CLIENT, thread_cluster_address (stage), "50000", NULL);
    for (int i = 0; i < 3 && child_wait (client, 50) == -1; i++) {
        child_destroy (&worker);
        worker = child_new (PEER_WORKER, thread_cluster_address (stage), NULL, NULL);
    }
    s_succeed (&client, "50000 ok");
    child_destroy (&worker);
    thread_cluster_destroy (&stage);
}

static void s_refused (const char *program, const thread_cluster_t *stage, const char *one,
                       const char *two)
{
    child_t *peer = child_new (program, thread_cluster_address (stage), one, two);
    assert_int_equal (child_wait (peer, WAIT_NOTICE_MS), 2);
    const char *says = child_output (peer);
    if (!strchr (says, '1') || !strchr (says, '2') || !strstr (says, "protocol"))
        fail_msg ("the refusal names not both versions: %s", says);
    child_destroy (&peer);
}

static void test_another_major_version_is_refused (void **state)
{
    (void) state;
    thread_cluster_t *stage = thread_cluster_new ("ipc", true);
    s_refused (PEER_CLIENT, stage, "10", "2");
    s_refused (PEER_WORKER, stage, "2", NULL);
    child_t *peer = child_new (PEER_CLIENT, thread_cluster_address (stage), "100", NULL);
    s_succeed (&peer, "100 ok");
    thread_cluster_destroy (&stage);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_client_with_real_worker_over_ipc),
        cmocka_unit_test (test_client_with_real_worker_over_tcp),
        cmocka_unit_test (test_two_clients_at_once),
        cmocka_unit_test (test_client_with_peer_worker),
        cmocka_unit_test (test_library_with_peer_worker_over_ipc),
        cmocka_unit_test (test_library_with_peer_worker_over_tcp),
        cmocka_unit_test (test_peer_worker_killed),
        cmocka_unit_test (test_another_major_version_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
