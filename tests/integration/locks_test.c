//  locks_test.c - a broker whose doors are locked: whoever has no key, another's, a revoked one, or
//  calls himself by another's name, gets nowhere

#include "tests/lib/hostile/raw_peer.h"
#include "tests/lib/hostile/zmtp.h"
#include "tests/lib/rigs/cluster.h"
#include "tests/lib/rigs/honest_client.h"

#include "common/entropy.h"
#include "common/keydir.h"
#include "common/sockets.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define WAIT_NOTICE_MS 50000

static const char *const s_doors [] = {"front", "back", "sink"};

//  A key that nobody knows, and the broker's own.
static keys_t s_stranger (const cluster_t *self)
{
    keys_t keys = cluster_key (self, "alice");
    zmq_curve_keypair (keys.public_key, keys.secret_key);
    return keys;
}

//  The first worker's lane.
static const char *s_lane (const cluster_t *self)
{
    static char name [32];
    snprintf (name, sizeof name, "lane-%u", cluster_port (self) + 100);
    return name;
}

//  Nobody came in meanwhile: the asker and the honest client are all the clients there are.
static void s_expect_nobody (cluster_t *self, int64_t workers)
{
    cluster_until (self, "clients", 2);
    cluster_until (self, "workers", workers);
}

//  ==== ZAP fails open, and this does not ===========================================

//  Without a handler, with CURVE_ALLOW_ANY, with an empty domain, a key that nobody knows would do.
static void test_unknown_keys (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    int64_t before = cluster_info (self, "refused_peers");
    for (int i = 0; i < 10; i++) {
        keys_t keys = s_stranger (self);
        for (size_t door = 0; door < 3; door++)
            assert_false (raw_peer_is_let_in (cluster_address (self), s_doors [door], &keys));
        assert_false (raw_peer_is_let_in (cluster_address (self), s_lane (self), &keys));
    }
    assert_true (cluster_info (self, "refused_peers") >= before + 40);
    assert_non_null (strstr (cluster_said (self), "was refused at"));
    s_expect_nobody (self, 1);
    honest_client_check (&honest);
}

static void test_without_key (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    for (size_t door = 0; door < 3; door++) {
        zmtp_t peer;
        char endpoint [256];
        assert_false (raw_peer_is_let_in (cluster_address (self), s_doors [door], NULL));
        raw_peer_endpoint (cluster_address (self), s_doors [door], endpoint, sizeof endpoint);
        assert_true (zmtp_connect (&peer, endpoint));
        assert_false (zmtp_shake (&peer, "DEALER", NULL, NULL));
        assert_true (zmtp_is_cut (&peer));
        zmtp_close (&peer);
    }
    assert_false (raw_peer_is_let_in (cluster_address (self), s_lane (self), NULL));
    s_expect_nobody (self, 1);
    honest_client_check (&honest);
}

//  Every key at every door over tcp, and nobody's key anywhere over ipc
static void test_roles_and_doors (void **state)
{
    cluster_t *self = *state;
    static const char *const names [] = {"alice", "web", "eve", "boss", "node", "other"};
    for (size_t i = 0; i < 6; i++) {
        keys_t keys = cluster_key (self, names [i]);
        bool worker = i >= 4;
        for (size_t door = 0; door < 3; door++) {
            assert_int_equal (raw_peer_is_let_in (cluster_address (self), s_doors [door], &keys),
                              worker == (door > 0));
            assert_false (raw_peer_is_let_in (cluster_local (self), s_doors [door], &keys));
        }
    }
}

static void test_swapped_keys (void **state)
{
    cluster_t *self = *state;
    keys_t alice = cluster_key (self, "alice"), eve = cluster_key (self, "eve"), keys = alice;
    memcpy (keys.secret_key, eve.secret_key,
            KEYS_TEXT_BYTES); //  The name of one, the proof of another
    assert_false (raw_peer_is_let_in (cluster_address (self), "front", &keys));
    keys = alice;
    memcpy (keys.server_key, eve.public_key, KEYS_TEXT_BYTES); //  Another broker's
    assert_false (raw_peer_is_let_in (cluster_address (self), "front", &keys));
    keys = alice;
    memcpy (keys.public_key, alice.server_key, KEYS_TEXT_BYTES); //  The broker itself
    assert_false (raw_peer_is_let_in (cluster_address (self), "front", &keys));
    assert_true (raw_peer_is_let_in (cluster_address (self), "front", &alice));
}

//  A property User-Id of the peer's own, in the clear: whoever comes over ipc is local, whatever
//  name it takes; over tcp no name helps.
static void test_name_of_ones_own_in_the_clear (void **state)
{
    cluster_t *self = *state;
    keys_t eve = cluster_key (self, "eve"), boss = cluster_key (self, "boss");
    const char *names [] = {"local", boss.public_key, ""};
    char endpoint [256];
    zmtp_t peer;
    for (size_t i = 0; i < 3; i++) {
        assert_true (zmtp_connect (&peer, cluster_address (self)));
        assert_false (zmtp_shake (&peer, "DEALER", NULL, names [i]));
        zmtp_close (&peer);
    }
    raw_peer_endpoint (cluster_local (self), "front", endpoint, sizeof endpoint);
    assert_true (zmtp_connect (&peer, endpoint));
    assert_true (zmtp_shake (&peer, "DEALER", NULL, eve.public_key));
    uint64_t code = 0;
    raw_peer_t *session = raw_peer_by_hand (&peer);
    code = raw_peer_request (session, "broker.reload");
    assert_int_equal (code, CADRE_OK); //  Not eve, who may not
    raw_peer_destroy (&session);
    zmtp_close (&peer);
}

//  The same behind a handshake that is right: it is called by its key.
static void test_name_of_ones_own_with_a_key (void **state)
{
    cluster_t *self = *state;
    keys_t eve = cluster_key (self, "eve"), boss = cluster_key (self, "boss"),
           nobody = s_stranger (self);
    const char *names [] = {NULL, "local", boss.public_key, ""};
    for (size_t i = 0; i < 4; i++) {
        zmtp_t peer;
        assert_true (zmtp_connect (&peer, cluster_address (self)));
        assert_false (zmtp_shake (&peer, "DEALER", &nobody, names [i]));
        zmtp_close (&peer);
        assert_true (zmtp_connect (&peer, cluster_address (self)));
        assert_true (zmtp_shake (&peer, "DEALER", &eve, names [i]));
        raw_peer_t *session = raw_peer_by_hand (&peer);
        assert_int_equal (raw_peer_request (session, "broker.info"), CADRE_OK);
        assert_int_equal (raw_peer_request (session, "broker.reload"), CADRE_ERROR_REFUSED);
        raw_peer_destroy (&session);
        zmtp_close (&peer);
    }
}

static bool s_drains (cadre_t *pool)
{
    cadre_value_t *info = NULL;
    assert_int_equal (cadre_request (pool, "broker.info", NULL, &info, WAIT_NOTICE_MS), CADRE_OK);
    bool drains = strcmp (cadre_value_text (cadre_value_get (info, "state")), "draining") == 0;
    cadre_value_destroy (&info);
    return drains;
}

//  The handler outlives SIGTERM: strangers are refused while the broker drains, and those with keys
//  are not.
static void test_drain (void **state)
{
    cluster_t *self = *state;
    cadre_t *pool = cluster_open (self);
    cadre_job_t *job = cadre_job_open (pool, "gate", NULL);
    cadre_event_t event;
    assert_int_equal (cadre_job_add (job, NULL, "si", cluster_folder (self), (int64_t) 0),
                      CADRE_OK);
    cadre_job_seal (job);
    cluster_await (self, "started-0");
    kill (cluster_broker (self), SIGTERM);
    while (!s_drains (pool))
        cluster_pause ();
    keys_t keys = s_stranger (self), alice = cluster_key (self, "alice");
    for (int i = 0; i < 10; i++) {
        for (size_t door = 0; door < 3; door++) {
            assert_false (raw_peer_is_let_in (cluster_address (self), s_doors [door], &keys));
            assert_false (raw_peer_is_let_in (cluster_address (self), s_doors [door], NULL));
        }
        assert_true (raw_peer_is_let_in (cluster_address (self), "front", &alice));
    }
    cluster_touch (self, "go");
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_OK);
    assert_int_equal (event.outcome, CADRE_OUTCOME_OK);
    assert_int_equal (cadre_job_next (job, &event, WAIT_NOTICE_MS), CADRE_ERROR_END);
    cadre_job_destroy (&job);
    cadre_close (&pool, 0);
    assert_int_equal (cluster_await_end (self), 0);
}

//  ==== keys that come and go =======================================================

static void test_revoked (void **state)
{
    cluster_t *self = *state;
    honest_client_t *honest = honest_client_new (self);
    cursor_t body;
    cluster_add_key (self, "carol", ROLE_CLIENT, NULL);
    keys_t carol = cluster_key (self, "carol");
    assert_false (raw_peer_is_let_in (cluster_address (self), "front", &carol)); //  Not yet
    cluster_reload (self);
    raw_peer_t *session = raw_peer_with (cluster_address (self), "front", &carol);
    uint8_t uuid [WIRE_UUID_BYTES] = {1, 2, 3};
    assert_true (raw_peer_greet (session, uuid));
    assert_int_equal (raw_peer_request (session, "job.list"), CADRE_OK);
    cluster_revoke (self, "carol");
    assert_int_equal (raw_peer_request (session, "job.list"),
                      CADRE_OK); //  Until the keys are read again
    cluster_reload (self);
    assert_true (raw_peer_hear (session, session->socket, WIRE_refused, &body, WAIT_NOTICE_MS));
    assert_false (raw_peer_is_let_in (cluster_address (self), "front", &carol));
    //  The old connection is still there: it is of no use
    assert_false (raw_peer_greet (session, uuid));
    raw_peer_destroy (&session);
    s_expect_nobody (self, 1);
    honest_client_check (&honest);
}

//  A worker whose key the broker does not know yet gets in once it does, without a restart of
//  either.
static void test_worker_let_in_later (void **state)
{
    cluster_t *self = *state;
    int64_t before = cluster_info (self, "refused_peers");
    cluster_add_key (self, "late", ROLE_WORKER, NULL);
    cluster_start_worker_as (self, 1, 1, cluster_access (self, "late"));
    cluster_until_at_least (self, "refused_peers", before + 1);
    assert_int_equal (cluster_info (self, "workers"), 1);
    cluster_reload (self);
    cluster_until (self, "slots", 3);
    honest_client_visit (self);
}

//  A client that comes back to a broker that has forgotten its key gets in again once the broker
//  remembers.
static void test_client_let_in_again (void **state)
{
    cluster_t *self = *state;
    char file [256], aside [256];
    int64_t value = 0;
    cadre_t *pool = cluster_open (self);
    snprintf (file, sizeof file, "%s/alice.pub", cluster_keys (self));
    snprintf (aside, sizeof aside, "%s/aside", cluster_folder (self));
    kill (cluster_broker (self), SIGKILL);
    cluster_await_end (self);
    assert_int_equal (rename (file, aside), 0);
    cluster_start_again (self);
    cluster_until_at_least (self, "refused_peers", 1);
    assert_int_equal (rename (aside, file), 0);
    cluster_reload (self);
    cadre_error_t error = CADRE_ERROR_CLOSED;
    for (int tries = 0; error == CADRE_ERROR_CLOSED && tries < 10;
         tries++) { //  Its first session is gone
        cadre_value_t *result = NULL;
        error = cadre_call (pool, &result, WAIT_NOTICE_MS, "square", "i", (int64_t) 7);
        value = cadre_value_int (result);
        cadre_value_destroy (&result);
    }
    if (error)
        fail_msg ("%s", cadre_message (pool));
    assert_int_equal (value, 49);
    cadre_close (&pool, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, cluster_set_up_curve, cluster_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_unknown_keys),
        TEST (test_without_key),
        TEST (test_roles_and_doors),
        TEST (test_swapped_keys),
        TEST (test_name_of_ones_own_in_the_clear),
        TEST (test_name_of_ones_own_with_a_key),
        TEST (test_drain),
        TEST (test_revoked),
        TEST (test_worker_let_in_later),
        TEST (test_client_let_in_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
