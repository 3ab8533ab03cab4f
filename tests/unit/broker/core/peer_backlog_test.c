//  peer_backlog_test.c - what a connection holds, as the kernel knows it

#include "broker/core/peer_backlog.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MOST 65536u

typedef struct line {
    int listener; //  Where the other end came from
    int here;     //  The broker's end
    int there;    //  The peer's
} line_t;

static void s_open (line_t *self)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}};
    socklen_t size = sizeof place;
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (bind (self->listener, (struct sockaddr *) &place, size), 0);
    assert_int_equal (listen (self->listener, 1), 0);
    assert_int_equal (getsockname (self->listener, (struct sockaddr *) &place, &size), 0);
    self->there = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal (connect (self->there, (struct sockaddr *) &place, size), 0);
    self->here = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    assert_true (self->here >= 0);
}

static void s_close (line_t *self)
{
    close (self->listener);
    close (self->here);
    close (self->there);
}

//  As libzmq: what the kernel does not take stays with it. Returns that.
static size_t s_give (line_t *self, peer_backlog_t *backlog, size_t size)
{
    static char bytes [1 << 20];
    peer_backlog_add (backlog, size);
    while (size) {
        ssize_t sent =
            send (self->here, bytes, size < sizeof bytes ? size : sizeof bytes, MSG_NOSIGNAL);
        if (sent < 0)
            break;
        size -= (size_t) sent;
    }
    return size;
}

static void s_read_all (line_t *self)
{
    static char bytes [1 << 20];
    while (recv (self->there, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
}

static void test_a_peer_that_reads_has_room (void **state)
{
    (void) state;
    line_t line;
    s_open (&line);
    peer_backlog_t backlog = peer_backlog_of (line.here);
    assert_true (backlog.fd >= 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal (s_give (&line, &backlog, 30000), 0);
        for (int tries = 0; !peer_backlog_has_room (&backlog, MOST); tries++) {
            s_read_all (&line);
            usleep (100);
            assert_true (tries < 50000);
        }
        s_read_all (&line);
    }
    s_close (&line);
}

//  It says what it likes; its machine takes nothing more.
static void test_a_peer_that_does_not_read_has_none (void **state)
{
    (void) state;
    line_t line;
    s_open (&line);
    peer_backlog_t backlog = peer_backlog_of (line.here);
    for (size_t given = 0; s_give (&line, &backlog, 1 << 20) < 1 << 20; given += 1 << 20) {
        usleep (1000); //  What its machine still takes, it takes
        assert_true (given < 256 << 20);
    }
    peer_backlog_has_room (&backlog, MOST);
    s_give (&line, &backlog, 1 << 20);
    for (int i = 0; i < 10; i++)
        assert_false (peer_backlog_has_room (&backlog, MOST));
    s_close (&line);
}

static void test_a_connection_that_is_gone_holds_nothing (void **state)
{
    (void) state;
    line_t line, other;
    s_open (&line);
    peer_backlog_t backlog = peer_backlog_of (line.here);
    peer_backlog_add (&backlog, 10 << 20);
    assert_false (peer_backlog_has_room (&backlog, MOST));
    int fd = line.here;
    close (line.here);
    s_open (&other);
    if (other.here != fd) { //  Another socket under the same number
        assert_int_equal (dup3 (other.here, fd, O_CLOEXEC), fd);
        close (other.here);
        other.here = fd;
    }
    peer_backlog_cut (&backlog); //  Not that one
    assert_true (peer_backlog_has_room (&backlog, MOST));
    char byte = 'x';
    assert_int_equal (send (other.here, &byte, 1, MSG_NOSIGNAL), 1);
    assert_int_equal (recv (other.there, &byte, 1, 0), 1);
    close (line.listener);
    close (line.there);
    s_close (&other);
}

static void test_a_connection_is_cut_off (void **state)
{
    (void) state;
    line_t line;
    char byte;
    s_open (&line);
    peer_backlog_t backlog = peer_backlog_of (line.here);
    peer_backlog_cut (&backlog);
    assert_true (recv (line.there, &byte, 1, 0) <= 0);
    s_close (&line);
}

static void test_elsewhere_nothing_is_known (void **state)
{
    (void) state;
    int pair [2];
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    peer_backlog_t none = peer_backlog_of (-1), local = peer_backlog_of (pair [0]);
    peer_backlog_add (&none, 10 << 20);
    peer_backlog_add (&local, 10 << 20);
    assert_true (peer_backlog_has_room (&none, MOST) && peer_backlog_has_room (&local, MOST));
    peer_backlog_cut (&none);
    peer_backlog_cut (&local);
    assert_int_equal (send (pair [0], "x", 1, MSG_NOSIGNAL), 1);
    close (pair [0]);
    close (pair [1]);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_peer_that_reads_has_room),
        cmocka_unit_test (test_a_peer_that_does_not_read_has_none),
        cmocka_unit_test (test_a_connection_that_is_gone_holds_nothing),
        cmocka_unit_test (test_a_connection_is_cut_off),
        cmocka_unit_test (test_elsewhere_nothing_is_known),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
