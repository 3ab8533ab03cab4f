//  sockets_test.c - settings, binding with its faults, and frames that arrive or are dropped

#include "common/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct pair {
    void *context; // of both
    void *here;    // bound
    void *there;   // connected
} pair_t;

static int s_setup (void **state)
{
    static pair_t pair;
    pair = (pair_t){.context = sockets_context_new (1, 100, NULL)};
    *state = &pair;
    return pair.context ? 0 : -1;
}

static int s_teardown (void **state)
{
    pair_t *pair = *state;
    sockets_destroy (&pair->here);
    sockets_destroy (&pair->there);
    sockets_destroy (&pair->there);
    sockets_context_destroy (&pair->context);
    sockets_context_destroy (&pair->context);
    return 0;
}

static void s_join (pair_t *pair, int here, int there)
{
    pair->here = sockets_new (pair->context, here, NULL);
    pair->there = sockets_new (pair->context, there, NULL);
    assert_int_equal (sockets_bind (pair->here, "inproc://pair", NULL), CADRE_OK);
    assert_int_equal (sockets_connect (pair->there, "inproc://pair", NULL), CADRE_OK);
}

static void s_wait (void *socket)
{
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&item, 1, 10000), 1);
}

static int s_option (void *socket, int option)
{
    int value = 0;
    size_t size = sizeof value;
    assert_int_equal (zmq_getsockopt (socket, option, &value, &size), 0);
    return value;
}

static void test_settings (void **state)
{
    pair_t *pair = *state;
    pair->here = sockets_new (pair->context, ZMQ_DEALER, NULL);
    int64_t largest = 0;
    size_t size = sizeof largest;
    zmq_getsockopt (pair->here, ZMQ_MAXMSGSIZE, &largest, &size);
    assert_int_equal (largest, 1024 * 1024 + 64);
    assert_int_equal (s_option (pair->here, ZMQ_LINGER), 1000);
    assert_int_equal (s_option (pair->here, ZMQ_HANDSHAKE_IVL), 5000);
    assert_int_equal (s_option (pair->here, ZMQ_SNDHWM), 0);
    assert_int_equal (s_option (pair->here, ZMQ_RCVHWM), 0);
    assert_int_equal (s_option (pair->here, ZMQ_TCP_KEEPALIVE), 1);
    assert_int_equal (s_option (pair->here, ZMQ_TCP_KEEPALIVE_IDLE), 30);
    assert_int_equal (s_option (pair->here, ZMQ_TCP_KEEPALIVE_INTVL), 10);
    assert_int_equal (s_option (pair->here, ZMQ_TCP_KEEPALIVE_CNT), 6);
    assert_int_equal (s_option (pair->here, ZMQ_TCP_MAXRT), 90000);
    assert_int_equal (s_option (pair->here, ZMQ_CONNECT_TIMEOUT), 2000);
    assert_int_equal (s_option (pair->here, ZMQ_BACKLOG), 4096);
    assert_int_equal (s_option (pair->here, ZMQ_IPV6), 1);
    assert_int_equal (s_option (pair->here, ZMQ_HEARTBEAT_IVL), 0);
    assert_int_equal (s_option (pair->here, ZMQ_RECONNECT_IVL), 100);
    sockets_set_linger (pair->here, 0);
    assert_int_equal (s_option (pair->here, ZMQ_LINGER), 0);
    pair->there = sockets_new_once (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (s_option (pair->there, ZMQ_RECONNECT_IVL), -1);
    assert_true (sockets_descriptor (pair->here) >= 0);
}

static void test_context_refused (void **state)
{
    (void) state;
    fault_t fault = {0};
    assert_null (sockets_context_new (1, 70000, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_ARGUMENT);
    assert_string_equal (
        fault.text,
        "1 I/O threads and 70000 sockets are not possible: choose at least 1, and at most "
        "65535 sockets");
    assert_null (sockets_context_new (0, 1, &fault));
}

static void test_too_many_sockets (void **state)
{
    (void) state;
    void *context = sockets_context_new (1, 1, NULL);
    void *first = sockets_new (context, ZMQ_PUSH, NULL);
    fault_t fault = {0};
    assert_non_null (first);
    assert_null (sockets_new (context, ZMQ_PUSH, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_DESCRIPTORS);
    assert_non_null (strstr (fault.text, "raise ulimit -n"));
    sockets_destroy (&first);
    sockets_context_destroy (&context);
}

static void test_one_frame (void **state)
{
    pair_t *pair = *state;
    s_join (pair, ZMQ_PULL, ZMQ_PUSH);
    zmq_msg_t message;
    zmq_msg_init (&message);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_TIMEOUT);
    assert_int_equal (sockets_send_bytes (pair->there, "one", 3, ZMQ_DONTWAIT), CADRE_OK);
    assert_int_equal (sockets_send_bytes (pair->there, "", 0, ZMQ_SNDMORE), CADRE_OK);
    s_wait (pair->here);
    assert_true (sockets_events (pair->here) & ZMQ_POLLIN);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_OK);
    assert_int_equal (zmq_msg_size (&message), 3);
    assert_memory_equal (zmq_msg_data (&message), "one", 3);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_OK);
    assert_int_equal (zmq_msg_size (&message), 0);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_TIMEOUT);
    zmq_msg_close (&message);
}

static void test_send_that_would_block_keeps_the_message (void **state)
{
    pair_t *pair = *state;
    pair->here = sockets_new (pair->context, ZMQ_PUSH, NULL);
    zmq_msg_t message;
    zmq_msg_init_size (&message, 100);
    assert_int_equal (sockets_send (pair->here, &message, ZMQ_DONTWAIT), CADRE_ERROR_TIMEOUT);
    assert_int_equal (zmq_msg_size (&message), 100);
    zmq_msg_close (&message);
}

static void test_there_and_back_through_a_router (void **state)
{
    pair_t *pair = *state;
    s_join (pair, ZMQ_ROUTER, ZMQ_DEALER);
    zmq_msg_t message;
    zmq_msg_init_size (&message, 4);
    memcpy (zmq_msg_data (&message), "ping", 4);
    assert_int_equal (sockets_send (pair->there, &message, 0), CADRE_OK);
    assert_int_equal (zmq_msg_size (&message), 0);
    sockets_route_t route = 0;
    s_wait (pair->here);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_OK);
    assert_memory_equal (zmq_msg_data (&message), "ping", 4);
    assert_true (route != 0);
    assert_int_equal (sockets_send_to (pair->here, route, &message, ZMQ_DONTWAIT), CADRE_OK);
    assert_int_equal (sockets_send_bytes_to (pair->here, route, "pong", 4, ZMQ_DONTWAIT), CADRE_OK);
    s_wait (pair->there);
    assert_int_equal (sockets_receive (pair->there, &message), CADRE_OK);
    assert_memory_equal (zmq_msg_data (&message), "ping", 4);
    assert_int_equal (sockets_receive (pair->there, &message), CADRE_OK);
    assert_memory_equal (zmq_msg_data (&message), "pong", 4);
    zmq_msg_close (&message);
}

static void test_peer_that_is_gone (void **state)
{
    pair_t *pair = *state;
    s_join (pair, ZMQ_ROUTER, ZMQ_DEALER);
    zmq_msg_t message;
    zmq_msg_init_size (&message, 9);
    assert_int_equal (sockets_send_bytes_to (pair->here, 0, "x", 1, 0), CADRE_ERROR_NOT_FOUND);
    assert_int_equal (sockets_send_to (pair->here, 77, &message, 0), CADRE_ERROR_NOT_FOUND);
    assert_int_equal (zmq_msg_size (&message), 9);
    zmq_msg_close (&message);
}

static void s_send_frames (void *socket, int count)
{
    for (int i = 0; i < count; i++)
        assert_int_equal (zmq_send (socket, "frame", 5, i + 1 < count ? ZMQ_SNDMORE : 0), 5);
}

static void test_too_many_frames (void **state)
{
    pair_t *pair = *state;
    s_join (pair, ZMQ_PULL, ZMQ_PUSH);
    s_send_frames (pair->there, 2);
    s_send_frames (pair->there, 1000);
    s_send_frames (pair->there, 1);
    zmq_msg_t message;
    zmq_msg_init (&message);
    s_wait (pair->here);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_PROTOCOL);
    assert_int_equal (zmq_msg_size (&message), 0);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_PROTOCOL);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_OK);
    zmq_msg_close (&message);
}

static void test_too_many_frames_at_a_router (void **state)
{
    pair_t *pair = *state;
    s_join (pair, ZMQ_ROUTER, ZMQ_DEALER);
    s_send_frames (pair->there, 3);
    s_send_frames (pair->there, 1);
    zmq_msg_t message;
    zmq_msg_init (&message);
    sockets_route_t route = 0;
    s_wait (pair->here);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_ERROR_PROTOCOL);
    assert_true (route == 0);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_OK);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_ERROR_TIMEOUT);
    zmq_msg_close (&message);
}

static void test_peer_that_chose_its_id (void **state)
{
    pair_t *pair = *state;
    pair->here = sockets_new (pair->context, ZMQ_ROUTER, NULL);
    pair->there = sockets_new (pair->context, ZMQ_DEALER, NULL);
    zmq_setsockopt (pair->there, ZMQ_ROUTING_ID, "somebody", 8);
    assert_int_equal (sockets_bind (pair->here, "inproc://pair", NULL), CADRE_OK);
    assert_int_equal (sockets_connect (pair->there, "inproc://pair", NULL), CADRE_OK);
    s_send_frames (pair->there, 1);
    zmq_msg_t message;
    zmq_msg_init (&message);
    sockets_route_t route = 0;
    s_wait (pair->here);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_ERROR_PROTOCOL);
    assert_int_equal (sockets_receive_from (pair->here, &route, &message), CADRE_ERROR_TIMEOUT);
    zmq_msg_close (&message);
}

static void test_bind_tcp (void **state)
{
    pair_t *pair = *state;
    char endpoint [64], text [160];
    fault_t fault = {0};
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    pair->there = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->here, "tcp://localhost:*", &fault), CADRE_OK);
    uint16_t port = sockets_port (pair->here);
    assert_true (port > 0);
    snprintf (text, sizeof text, "tcp://127.0.0.1:%u", port);
    assert_string_equal (sockets_endpoint (pair->here, endpoint, sizeof endpoint), text);
    assert_int_equal (sockets_bind (pair->there, endpoint, &fault), CADRE_ERROR_ADDRESS_IN_USE);
    snprintf (
        text, sizeof text,
        "port %u is in use (%s): stop the program that uses it, or choose another with --listen",
        port, endpoint);
    assert_string_equal (fault.text, text);
}

static void test_bind_refused (void **state)
{
    pair_t *pair = *state;
    fault_t fault = {0};
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->here, "tcp://192.0.2.1:5700", &fault),
                      CADRE_ERROR_ADDRESS);
    assert_string_equal (
        fault.text,
        "no interface of this machine has the address in tcp://192.0.2.1:5700: use one of "
        "its own, or tcp://*:5700");
    assert_int_equal (sockets_bind (pair->here, "rubbish", &fault), CADRE_ERROR_ADDRESS);
    assert_int_equal (sockets_bind (pair->here, "tcp://127.0.0.1:port", &fault),
                      CADRE_ERROR_ADDRESS);
    assert_non_null (strstr (fault.text, "is not an address to listen at: write tcp://HOST:PORT"));
    assert_int_equal (sockets_bind (pair->here, "inproc://taken", &fault), CADRE_OK);
    assert_int_equal (sockets_port (pair->here), 0);
    pair->there = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->there, "inproc://taken", &fault),
                      CADRE_ERROR_ADDRESS_IN_USE);
    assert_string_equal (fault.text, "inproc://taken is in use: choose another name with --listen");
    assert_int_equal (sockets_connect (pair->there, "rubbish", &fault), CADRE_ERROR_ADDRESS);
    assert_string_equal (
        fault.text,
        "'rubbish' is not an address to connect to: write tcp://HOST:PORT, ipc:///FOLDER or "
        "inproc://NAME");
}

static void s_exchange (pair_t *pair, const char *bound, const char *connected)
{
    char endpoint [128];
    fault_t fault = {0};
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    if (sockets_bind (pair->here, bound, &fault))
        fail_msg ("%s", fault.text);
    uint16_t port = sockets_port (pair->here);
    int length = snprintf (endpoint, sizeof endpoint, "%s", connected);
    if (port)
        snprintf (endpoint + length, sizeof endpoint - (size_t) length, ":%u", port);
    pair->there = sockets_new_once (pair->context, ZMQ_PUSH, NULL);
    assert_int_equal (sockets_connect (pair->there, endpoint, &fault), CADRE_OK);
    assert_int_equal (sockets_send_bytes (pair->there, "hello", 5, 0), CADRE_OK);
    s_wait (pair->here);
    sockets_destroy (&pair->here);
    sockets_destroy (&pair->there);
}

static void test_names_that_meet (void **state)
{
    s_exchange (*state, "tcp://127.0.0.1:*", "tcp://localhost");
    s_exchange (*state, "tcp://localhost:*", "tcp://127.0.0.1");
    s_exchange (*state, "tcp://0.0.0.0:*", "tcp://localhost");
    s_exchange (*state, "tcp://*:*", "tcp://127.0.0.1");
}

static void test_ipc (void **state)
{
    pair_t *pair = *state;
    char folder [] = "/tmp/cadre-sockets-XXXXXX";
    char endpoint [64], other [64];
    fault_t fault = {0};
    assert_non_null (mkdtemp (folder));
    snprintf (endpoint, sizeof endpoint, "ipc://%s/front", folder);
    snprintf (other, sizeof other, "ipc://%s/sink", folder);
    s_exchange (pair, other, other);
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    pair->there = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->here, endpoint, &fault), CADRE_OK);
    assert_int_equal (sockets_bind (pair->there, endpoint, &fault), CADRE_ERROR_ADDRESS_IN_USE);
    assert_non_null (strstr (fault.text, "front is in use by a running program: stop it"));
    sockets_destroy (&pair->here);
    sockets_destroy (&pair->there);
    sockets_context_destroy (&pair->context);
    unlink (endpoint + strlen ("ipc://"));
    unlink (other + strlen ("ipc://"));
    assert_int_equal (rmdir (folder), 0);
}

static void test_frame_that_is_too_large (void **state)
{
    pair_t *pair = *state;
    char endpoint [64];
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->here, "tcp://127.0.0.1:*", NULL), CADRE_OK);
    sockets_endpoint (pair->here, endpoint, sizeof endpoint);
    pair->there = sockets_new (pair->context, ZMQ_PUSH, NULL);
    assert_int_equal (sockets_connect (pair->there, endpoint, NULL), CADRE_OK);
    void *other = sockets_new (pair->context, ZMQ_PUSH, NULL);
    assert_int_equal (sockets_connect (other, endpoint, NULL), CADRE_OK);
    char *large = calloc (1, SOCKETS_FRAME_MAX + 1);
    zmq_msg_t message;
    zmq_msg_init (&message);
    sockets_send_bytes (pair->there, large, SOCKETS_FRAME_MAX + 1, 0);
    sockets_send_bytes (other, large, SOCKETS_FRAME_MAX, 0);
    s_wait (pair->here);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_OK);
    assert_int_equal (zmq_msg_size (&message), SOCKETS_FRAME_MAX);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_TIMEOUT);
    zmq_msg_close (&message);
    free (large);
    sockets_destroy (&other);
    sockets_set_linger (pair->there, 0);
}

//  ZMTP 1.0 has no greeting: an identity, then frames. A PULL would take "hello" from such a peer.
static void test_peer_of_an_old_protocol (void **state)
{
    static const uint8_t bytes [] = "\x01\x00\x06\x00hello";
    pair_t *pair = *state;
    uint8_t answer [64];
    ssize_t got;
    pair->here = sockets_new (pair->context, ZMQ_PULL, NULL);
    assert_int_equal (sockets_bind (pair->here, "tcp://127.0.0.1:*", NULL), CADRE_OK);
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
                                .sin_port = htons (sockets_port (pair->here))};
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 3};
    assert_int_equal (setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal (connect (fd, (struct sockaddr *) &place, sizeof place), 0);
    assert_int_equal (send (fd, bytes, sizeof bytes - 1, MSG_NOSIGNAL), sizeof bytes - 1);
    while ((got = recv (fd, answer, sizeof answer, 0)) > 0)
        continue;
    assert_true (got == 0 || errno == ECONNRESET); //  Not EAGAIN: it was thrown out
    close (fd);
}

static void test_context_that_ended (void **state)
{
    pair_t *pair = *state;
    zmq_msg_t message;
    zmq_msg_init (&message);
    s_join (pair, ZMQ_PULL, ZMQ_PUSH);
    assert_int_equal (zmq_ctx_shutdown (pair->context), 0);
    assert_int_equal (sockets_send_bytes (pair->there, "x", 1, 0), CADRE_ERROR_CLOSED);
    assert_int_equal (sockets_receive (pair->here, &message), CADRE_ERROR_CLOSED);
    assert_int_equal (sockets_events (pair->here), 0);
    fault_t fault = {0};
    assert_null (sockets_new (pair->context, ZMQ_PUSH, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_CLOSED);
    zmq_msg_close (&message);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_settings),
        TEST (test_context_refused),
        TEST (test_too_many_sockets),
        TEST (test_one_frame),
        TEST (test_send_that_would_block_keeps_the_message),
        TEST (test_there_and_back_through_a_router),
        TEST (test_peer_that_is_gone),
        TEST (test_too_many_frames),
        TEST (test_too_many_frames_at_a_router),
        TEST (test_peer_that_chose_its_id),
        TEST (test_bind_tcp),
        TEST (test_bind_refused),
        TEST (test_names_that_meet),
        TEST (test_ipc),
        TEST (test_frame_that_is_too_large),
        TEST (test_peer_of_an_old_protocol),
        TEST (test_context_that_ended),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
