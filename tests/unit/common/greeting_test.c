//  greeting_test.c - why nobody answers: nothing listens, a stranger does, or keys are the reason

#include "common/greeting.h"

#include "common/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

//  Somebody who listens and says these bytes to whoever comes, all at once or drop by drop
typedef struct stranger {
    int listener;       // bound
    uint16_t port;      // to it
    const void *bytes;  // what is said
    size_t size;        // how much
    bool drips;         // a byte each 50 ms
    bool closes;        // hangs up then
    atomic_bool ending; // it shall end
    pthread_t thread;   // says it
} stranger_t;

static void *s_speak (void *argument)
{
    stranger_t *self = argument;
    int peer = accept (self->listener, NULL, NULL);
    for (size_t i = 0; self->drips && !atomic_load (&self->ending); i++) {
        send (peer, (const char *) self->bytes + i % self->size, 1, MSG_NOSIGNAL);
        nanosleep (&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    if (!self->drips)
        send (peer, self->bytes, self->size, MSG_NOSIGNAL);
    while (!self->closes && !atomic_load (&self->ending))
        nanosleep (&(struct timespec){.tv_nsec = 5000000}, NULL);
    close (peer);
    return NULL;
}

static void s_start (stranger_t *self)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (self->listener, (struct sockaddr *) &place, size), 0);
    assert_int_equal (listen (self->listener, 5), 0);
    getsockname (self->listener, (struct sockaddr *) &place, &size);
    self->port = ntohs (place.sin_port);
    assert_int_equal (pthread_create (&self->thread, NULL, s_speak, self), 0);
}

static void s_end (stranger_t *self)
{
    atomic_store (&self->ending, true);
    pthread_join (self->thread, NULL);
    close (self->listener);
}

static address_t s_address (uint16_t port)
{
    address_t address = {.kind = ADDRESS_TCP, .port = port, .name = "127.0.0.1"};
    return address;
}

static greeting_t s_ask_stranger (const void *bytes, size_t size, bool drips, bool closes)
{
    stranger_t stranger = {.bytes = bytes, .size = size, .drips = drips, .closes = closes};
    s_start (&stranger);
    address_t address = s_address (stranger.port);
    greeting_t greeting = greeting_ask (&address, ADDRESS_FRONT);
    s_end (&stranger);
    return greeting;
}

static void test_strangers (void **state)
{
    (void) state;
    static const uint8_t half [] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3};
    static const uint8_t old [64] = {0xff, [8] = 1, [9] = 0x7e};
    static const char http [] =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_int_equal (s_ask_stranger ("", 0, false, false), GREETING_FOREIGN); //  Says nothing
    assert_int_equal (s_ask_stranger ("", 0, false, true), GREETING_FOREIGN);  //  And hangs up
    assert_int_equal (s_ask_stranger (http, sizeof http - 1, false, true), GREETING_FOREIGN);
    assert_int_equal (s_ask_stranger (half, sizeof half, false, false), GREETING_FOREIGN);
    assert_int_equal (s_ask_stranger (half, sizeof half, false, true), GREETING_FOREIGN);
    assert_int_equal (s_ask_stranger (old, sizeof old, false, false), GREETING_FOREIGN);
    assert_int_equal (s_ask_stranger ("x", 1, true, false), GREETING_FOREIGN);
}

//  A greeting that comes byte by byte does not hold up the one who asks: the whole of it takes no
//  more than a moment.
static void test_drops (void **state)
{
    (void) state;
    static const uint8_t greeting [64] = {0xff, [8] = 1, [9] = 0x7f, [10] = 3, [12] = 'C',
                                          'U',  'R',     'V',        'E'};
    assert_int_equal (s_ask_stranger (greeting, sizeof greeting, true, false), GREETING_FOREIGN);
}

static void test_nobody (void **state)
{
    (void) state;
    stranger_t gone = {.bytes = "", .closes = true};
    address_t address;
    s_start (&gone);
    address = s_address (gone.port);
    greeting_ask (&address, ADDRESS_FRONT);
    s_end (&gone);
    assert_int_equal (greeting_ask (&address, ADDRESS_FRONT), GREETING_NONE);
    snprintf (address.name, sizeof address.name, "no.such.host.invalid");
    assert_int_equal (greeting_ask (&address, ADDRESS_FRONT), GREETING_NONE);
    assert_int_equal (address_parse (&address, "ipc:///tmp", NULL), CADRE_OK);
    assert_int_equal (greeting_ask (&address, ADDRESS_FRONT), GREETING_NONE);
}

static void s_expect (const address_t *address, bool with_keys, cadre_error_t code, const char *why)
{
    fault_t fault = {0};
    assert_int_equal (greeting_explain (address, with_keys, &fault), code);
    assert_int_equal (fault.code, code);
    if (!strstr (fault.text, why))
        fail_msg ("'%s' instead of '%s'", fault.text, why);
}

//  Sockets of libzmq, without keys and with
static void test_servers (void **state)
{
    (void) state;
    char public_key [KEYS_TEXT_BYTES], secret_key [KEYS_TEXT_BYTES];
    void *context = sockets_context_new (1, 10, NULL);
    zmq_curve_keypair (public_key, secret_key);
    for (int locked = 0; locked < 2; locked++) {
        void *socket = sockets_new (context, ZMQ_ROUTER, NULL);
        if (locked)
            sockets_guard (socket, "front", secret_key);
        assert_int_equal (sockets_bind (socket, "tcp://127.0.0.1:*", NULL), CADRE_OK);
        address_t address = s_address (sockets_port (socket));
        assert_int_equal (greeting_ask (&address, ADDRESS_FRONT),
                          locked ? GREETING_CURVE : GREETING_PLAIN);
        if (locked) {
            s_expect (&address, false, CADRE_ERROR_REFUSED, "needs a key: give your access file");
            s_expect (&address, true, CADRE_ERROR_REFUSED, "rejects this key");
        } else {
            s_expect (&address, true, CADRE_ERROR_REFUSED,
                      "uses no keys, so its identity cannot be checked");
            s_expect (&address, false, CADRE_ERROR_UNAVAILABLE, "no broker answers");
        }
        //  The same by way of its role
        address.port = (uint16_t) (address.port - 2);
        assert_int_equal (greeting_ask (&address, ADDRESS_SINK),
                          locked ? GREETING_CURVE : GREETING_PLAIN);
        sockets_destroy (&socket);
    }
    sockets_context_destroy (&context);
}

static void test_explained (void **state)
{
    (void) state;
    stranger_t stranger = {.bytes = "220 mail ready\r\n", .size = 16, .closes = true};
    s_start (&stranger);
    address_t address = s_address (stranger.port);
    s_expect (&address, true, CADRE_ERROR_UNAVAILABLE,
              "is not a broker of cadre: correct the address");
    s_end (&stranger);
    s_expect (&address, true, CADRE_ERROR_UNAVAILABLE, "no broker answers at tcp://127.0.0.1:");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_strangers), cmocka_unit_test (test_drops),
        cmocka_unit_test (test_nobody),    cmocka_unit_test (test_servers),
        cmocka_unit_test (test_explained),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
