//  tcp_proxy.c - fake: a network between broker and peers, which the test can cut

#include "tests/lib/fakes/tcp_proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENERS_MAX 64
#define PAIRS_MAX 256
#define BLOCK_BYTES 65536

typedef struct way {
    size_t size;                 //  Bytes that wait to be written
    size_t sent;                 //  Of them
    uint8_t bytes [BLOCK_BYTES]; //  Read from one side for the other
} way_t;

typedef struct pair {
    int fds [2]; //  The peer, the broker; -1: free
    way_t *ways; //  From each of them to the other
} pair_t;

struct tcp_proxy {
    pthread_t thread;               //  Carries
    int orders;                     //  eventfd: 1 cut, 2^32 end
    pthread_barrier_t done;         //  An order was obeyed
    size_t was_cut;                 //  By the last cut
    size_t listener_count;          //  Of the next two
    int listeners [LISTENERS_MAX];  //  Sockets
    unsigned ports [LISTENERS_MAX]; //  Theirs
    pair_t pairs [PAIRS_MAX];       //  Connections
};

#define ORDER_END ((uint64_t) 1 << 32)

static struct sockaddr_in s_place (const char *host, unsigned port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons ((uint16_t) port)};
    inet_pton (AF_INET, host, &place.sin_addr);
    return place;
}

static void s_listen (tcp_proxy_t *self, unsigned port)
{
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in place = s_place ("127.0.0.2", port);
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert (bind (fd, (struct sockaddr *) &place, sizeof place) == 0 && listen (fd, 64) == 0);
    assert (self->listener_count < LISTENERS_MAX);
    self->listeners [self->listener_count] = fd;
    self->ports [self->listener_count++] = port;
}

static void s_close (pair_t *pair)
{
    close (pair->fds [0]);
    close (pair->fds [1]);
    free (pair->ways);
    *pair = (pair_t){.fds = {-1, -1}};
}

//  Loopback: connecting ends at once, well or not.
static void s_accept (tcp_proxy_t *self, size_t number)
{
    int fd = accept4 (self->listeners [number], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int other = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in place = s_place ("127.0.0.1", self->ports [number]);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        if (self->pairs [i].fds [0] < 0
            && connect (other, (struct sockaddr *) &place, sizeof place) == 0) {
            self->pairs [i] = (pair_t){.fds = {fd, other}, .ways = calloc (2, sizeof (way_t))};
            assert (self->pairs [i].ways);
            return;
        }
    close (fd);
    close (other);
}

//  Reads from one side when nothing waits, writes to the other. False when the connection has
//  ended.
static bool s_carry (pair_t *pair, int from, short can)
{
    way_t *way = &pair->ways [from];
    if (!way->size && (can & (POLLIN | POLLHUP | POLLERR))) {
        ssize_t got = recv (pair->fds [from], way->bytes, sizeof way->bytes, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return false;
        way->size = got > 0 ? (size_t) got : 0;
    }
    if (!way->size)
        return true;
    ssize_t put = send (pair->fds [!from], way->bytes + way->sent, way->size - way->sent,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0)
        return errno == EAGAIN;
    way->sent += (size_t) put;
    if (way->sent == way->size)
        way->sent = way->size = 0;
    return true;
}

//  What a side of a pair waits for: room for what comes from the other, or bytes.
static short s_interest (const pair_t *pair, int side)
{
    return (short) ((pair->ways [side].size ? 0 : POLLIN)
                    | (pair->ways [!side].size ? POLLOUT : 0));
}

static bool s_obey (tcp_proxy_t *self)
{
    uint64_t order = 0;
    if (read (self->orders, &order, sizeof order) != sizeof order)
        return true;
    self->was_cut = 0;
    for (size_t i = 0; i < PAIRS_MAX; i++)
        if (self->pairs [i].fds [0] >= 0) {
            s_close (&self->pairs [i]);
            self->was_cut++;
        }
    pthread_barrier_wait (&self->done);
    return order < ORDER_END;
}

static void *s_serve (void *argument)
{
    tcp_proxy_t *self = argument;
    struct pollfd items [1 + LISTENERS_MAX + 2 * PAIRS_MAX];
    for (bool goes_on = true; goes_on;) {
        size_t count = 0, first = 1 + self->listener_count;
        items [count++] = (struct pollfd){.fd = self->orders, .events = POLLIN};
        for (size_t i = 0; i < self->listener_count; i++)
            items [count++] = (struct pollfd){.fd = self->listeners [i], .events = POLLIN};
        for (size_t i = 0; i < PAIRS_MAX; i++)
            for (int side = 0; side < 2; side++)
                items [count++] = (struct pollfd){
                    .fd = self->pairs [i].fds [side],
                    .events = self->pairs [i].fds [0] < 0 ? (short) 0
                                                          : s_interest (&self->pairs [i], side)};
        poll (items, count, -1);
        for (size_t i = 0; i < PAIRS_MAX; i++) {
            pair_t *pair = &self->pairs [i];
            const struct pollfd *one = &items [first + 2 * i], *other = one + 1;
            if (one->fd >= 0
                && (!s_carry (pair, 0, one->revents) || !s_carry (pair, 1, other->revents)))
                s_close (pair);
        }
        for (size_t i = 0; i < self->listener_count; i++)
            if (items [1 + i].revents)
                s_accept (self, i);
        if (items [0].revents)
            goes_on = s_obey (self);
    }
    return NULL;
}

static void s_order (tcp_proxy_t *self, uint64_t order)
{
    assert (write (self->orders, &order, sizeof order) == sizeof order);
    pthread_barrier_wait (&self->done);
}

tcp_proxy_t *tcp_proxy_new (unsigned port, size_t count)
{
    tcp_proxy_t *self = calloc (1, sizeof *self);
    assert (self);
    self->orders = eventfd (0, EFD_CLOEXEC);
    for (unsigned i = 0; i < 3; i++)
        s_listen (self, port + i);
    for (unsigned i = 0; i < count; i++)
        s_listen (self, port + 100 + i);
    for (size_t i = 0; i < PAIRS_MAX; i++)
        self->pairs [i] = (pair_t){.fds = {-1, -1}};
    pthread_barrier_init (&self->done, NULL, 2);
    assert (pthread_create (&self->thread, NULL, s_serve, self) == 0);
    return self;
}

size_t tcp_proxy_cut (tcp_proxy_t *self)
{
    s_order (self, 1);
    return self->was_cut;
}

void tcp_proxy_destroy (tcp_proxy_t **self_p)
{
    tcp_proxy_t *self = *self_p;
    if (!self)
        return;
    s_order (self, ORDER_END);
    pthread_join (self->thread, NULL);
    for (size_t i = 0; i < self->listener_count; i++)
        close (self->listeners [i]);
    close (self->orders);
    pthread_barrier_destroy (&self->done);
    free (self);
    *self_p = NULL;
}
