//  zap_gate_test.c - a gate in a real context: who is let in by libzmq, who is not, while keys
//  change, and without it

#include "broker/auth/zap_gate.h"

#include "broker/auth/authz.h"
#include "common/sockets.h"
#include "tests/lib/hostile/raw_peer.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT, OBSERVER, ADMIN, WORKER, OTHER_WORKER, STRANGER, PEERS };

typedef struct scene {
    void *context;                         // the broker's
    zap_gate_t *gate;                      // in it
    void *socket;                          // guarded
    char address [ADDRESS_ENDPOINT_BYTES]; // its own
    char public_key [KEYS_TEXT_BYTES];     // the broker's
    char secret_key [KEYS_TEXT_BYTES];     // the broker's
    keys_t keys [PEERS];                   // of peers
    fault_t fault;                         // why not
} scene_t;

static keyring_t *s_ring (const scene_t *self, unsigned without)
{
    static const role_t roles [] = {ROLE_CLIENT, ROLE_OBSERVER, ROLE_ADMIN, ROLE_WORKER,
                                    ROLE_WORKER};
    keyring_t *ring = keyring_new ();
    for (unsigned i = 0; i < STRANGER; i++)
        if (i != without)
            keyring_add (ring, self->keys [i].public_key,
                         &(rights_t){.name = "peer", .role = roles [i]});
    return ring;
}

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    zmq_curve_keypair (self->public_key, self->secret_key);
    for (int i = 0; i < PEERS; i++) {
        memcpy (self->keys [i].server_key, self->public_key, KEYS_TEXT_BYTES);
        zmq_curve_keypair (self->keys [i].public_key, self->keys [i].secret_key);
    }
    self->context = sockets_context_new (1, 100, NULL);
    keyring_t *ring = s_ring (self, PEERS);
    self->gate = zap_gate_new (self->context, &ring, &self->fault);
    assert_non_null (self->gate);
    assert_null (ring);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    sockets_destroy (&self->socket);
    zap_gate_destroy (&self->gate);
    zap_gate_destroy (&self->gate);
    sockets_context_destroy (&self->context);
    free (self);
    return 0;
}

//  A socket with that door, at a free port; in the clear with secret false.
static void s_open (scene_t *self, int type, const char *domain, bool secret)
{
    sockets_destroy (&self->socket);
    self->socket = sockets_new (self->context, type, NULL);
    sockets_guard (self->socket, domain, secret ? self->secret_key : NULL);
    assert_int_equal (sockets_bind (self->socket, "tcp://127.0.0.1:*", &self->fault), CADRE_OK);
    sockets_endpoint (self->socket, self->address, sizeof self->address);
}

//  "front" adds nothing to the port
static bool s_is_let_in (const scene_t *self, int peer)
{
    return raw_peer_is_let_in (self->address, "front", peer < PEERS ? &self->keys [peer] : NULL);
}

static void s_expect (const scene_t *self, unsigned let_in)
{
    for (int i = 0; i <= PEERS; i++)
        if (s_is_let_in (self, i) != (let_in >> i & 1))
            fail_msg ("peer %d is %slet in", i, let_in >> i & 1 ? "not " : "");
}

static void test_doors (void **state)
{
    scene_t *self = *state;
    char lane [AUTHZ_DOMAIN_BYTES];
    s_open (self, ZMQ_ROUTER, "front", true);
    s_expect (self, 1 << CLIENT | 1 << OBSERVER | 1 << ADMIN);
    assert_int_equal (zap_gate_refused (self->gate), 3); //  The one in the clear never came so far
    s_open (self, ZMQ_ROUTER, "back", true);
    s_expect (self, 1 << WORKER | 1 << OTHER_WORKER);
    s_open (self, ZMQ_ROUTER, "sink", true);
    s_expect (self, 1 << WORKER | 1 << OTHER_WORKER);
    s_open (self, ZMQ_ROUTER, authz_lane (self->keys [WORKER].public_key, lane), true);
    s_expect (self, 1 << WORKER);
    s_open (self, ZMQ_ROUTER, "cadre", true);
    s_expect (self, 0);
}

//  In the clear nobody is let in but where no key is asked for, and there nobody with one.
static void test_in_the_clear (void **state)
{
    scene_t *self = *state;
    s_open (self, ZMQ_ROUTER, "front", false);
    s_expect (self, 0);
    s_open (self, ZMQ_ROUTER, "cadre", false);
    s_expect (self, 0);
    s_open (self, ZMQ_ROUTER, SOCKETS_DOMAIN_LOCAL, false);
    s_expect (self, 1 << PEERS);
    s_open (self, ZMQ_ROUTER, SOCKETS_DOMAIN_LOCAL, true);
    s_expect (self, 0);
}

static void test_swapped_keys (void **state)
{
    scene_t *self = *state;
    s_open (self, ZMQ_ROUTER, "front", true);
    keys_t keys = self->keys [CLIENT];
    memcpy (keys.secret_key, self->keys [STRANGER].secret_key, KEYS_TEXT_BYTES);
    assert_false (
        raw_peer_is_let_in (self->address, "front", &keys)); //  Its public key alone is of no use
    keys = self->keys [CLIENT];
    memcpy (keys.server_key, self->keys [STRANGER].public_key, KEYS_TEXT_BYTES);
    assert_false (raw_peer_is_let_in (self->address, "front", &keys));
}

//  The peer is called by its key, and by nothing else.
static void test_name (void **state)
{
    scene_t *self = *state;
    zmq_msg_t message;
    sockets_route_t route;
    s_open (self, ZMQ_ROUTER, "front", true);
    raw_peer_t *peer = raw_peer_with (self->address, "front", &self->keys [CLIENT]);
    raw_peer_send (peer, "hello", 5);
    zmq_pollitem_t item = {.socket = self->socket, .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&item, 1, 20000), 1);
    zmq_msg_init (&message);
    assert_int_equal (sockets_receive_from (self->socket, &route, &message), CADRE_OK);
    assert_string_equal (sockets_peer (&message), self->keys [CLIENT].public_key);
    zmq_msg_close (&message);
    raw_peer_destroy (&peer);
}

static void test_change (void **state)
{
    scene_t *self = *state;
    s_open (self, ZMQ_ROUTER, "front", true);
    assert_true (s_is_let_in (self, CLIENT));
    keyring_t *ring = s_ring (self, CLIENT);
    zap_gate_change (self->gate, &ring);
    assert_null (ring);
    assert_false (s_is_let_in (self, CLIENT)); //  From the return on
    assert_true (s_is_let_in (self, ADMIN));
    ring = keyring_new ();
    zap_gate_change (self->gate, &ring);
    s_expect (self, 0);
    ring = s_ring (self, PEERS);
    zap_gate_change (self->gate, &ring);
    assert_true (s_is_let_in (self, CLIENT));
}

typedef struct crowd {
    const scene_t *scene; // where to
    int peer;             // whose key
    atomic_bool *ending;  // it shall end
    unsigned in, out;     // how often it was let in, and not
} crowd_t;

static void *s_come (void *argument)
{
    crowd_t *self = argument;
    while (!atomic_load (self->ending))
        if (s_is_let_in (self->scene, self->peer))
            self->in++;
        else
            self->out++;
    return NULL;
}

//  Keys change two hundred times while peers come: who is always in the ring is always let in, who
//  never is never is.
static void test_change_while_peers_come (void **state)
{
    scene_t *self = *state;
    atomic_bool ending = false;
    pthread_t threads [3];
    crowd_t crowds [3] = {{.peer = ADMIN}, {.peer = CLIENT}, {.peer = STRANGER}};
    s_open (self, ZMQ_ROUTER, "front", true);
    for (int i = 0; i < 3; i++) {
        crowds [i].scene = self;
        crowds [i].ending = &ending;
        assert_int_equal (pthread_create (&threads [i], NULL, s_come, &crowds [i]), 0);
    }
    for (unsigned i = 0; i < 200; i++) {
        keyring_t *ring = s_ring (self, i % 2 ? CLIENT : PEERS);
        zap_gate_change (self->gate, &ring);
        nanosleep (&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    atomic_store (&ending, true);
    for (int i = 0; i < 3; i++)
        pthread_join (threads [i], NULL);
    assert_true (crowds [0].in > 0 && crowds [0].out == 0);
    assert_true (crowds [2].out > 0 && crowds [2].in == 0);
    assert_int_equal (zap_gate_refused (self->gate), crowds [1].out + crowds [2].out);
}

//  ZAP lets everybody in where nobody answers; our sockets do not.
static void test_without_gate (void **state)
{
    scene_t *self = *state;
    s_open (self, ZMQ_ROUTER, "front", true);
    assert_true (s_is_let_in (self, CLIENT));
    zap_gate_destroy (&self->gate);
    assert_null (self->gate);
    s_expect (self, 0);
    s_open (self, ZMQ_ROUTER, "front", true);
    s_expect (self, 0);
    s_open (self, ZMQ_ROUTER, SOCKETS_DOMAIN_LOCAL, false);
    s_expect (self, 0);
}

static void test_never_a_gate (void **state)
{
    scene_t *self = *state;
    zap_gate_destroy (&self->gate);
    sockets_context_destroy (&self->context);
    self->context = sockets_context_new (1, 100, NULL);
    s_open (self, ZMQ_ROUTER, "front", true);
    s_expect (self, 0);
}

static void test_second_gate (void **state)
{
    scene_t *self = *state;
    keyring_t *ring = s_ring (self, PEERS);
    assert_null (zap_gate_new (self->context, &ring, &self->fault));
    assert_int_equal (self->fault.code, CADRE_ERROR_INTERNAL);
    assert_non_null (strstr (self->fault.text, "another ZAP handler"));
    s_open (self, ZMQ_ROUTER, "front", true); //  The first one serves on
    assert_true (s_is_let_in (self, CLIENT));
    zap_gate_destroy (&self->gate);
    ring = s_ring (self, PEERS);
    self->gate = zap_gate_new (self->context, &ring, &self->fault); //  Now there is room
    assert_non_null (self->gate);
    assert_true (s_is_let_in (self, CLIENT));
}

//  czmq would take SIGTERM and end its actors, and then everybody is let in
static void test_signals_are_left_alone (void **state)
{
    (void) state;
    static const int signals [] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        struct sigaction action;
        sigaction (signals [i], NULL, &action);
        assert_true (action.sa_handler == SIG_DFL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_doors),        TEST (test_in_the_clear),
        TEST (test_swapped_keys), TEST (test_name),
        TEST (test_change),       TEST (test_change_while_peers_come),
        TEST (test_without_gate), TEST (test_never_a_gate),
        TEST (test_second_gate),  TEST (test_signals_are_left_alone),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
