//  probe.c - tests which of several addresses accept connections

#include "common/probe.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"

typedef struct race {
    const address_t *addresses;            //  addresses to test
    address_role_t role;                   //  the endpoint to test
    probe_verdict_t *verdicts;             //  results
    struct pollfd items [PROBE_MAX];       //  open connections without a result
    size_t addresses_of_items [PROBE_MAX]; //  their addresses
    size_t count;                          //  how many
    bool won;                              //  an address accepts
} race_t;

static probe_verdict_t s_probe_connect (int descriptor, const struct sockaddr *name, socklen_t size)
{
    if (connect (descriptor, name, size) == 0)
        return PROBE_ACCEPTS;
    //  A unix socket with a full backlog returns EAGAIN: there is a listener
    if (errno == EAGAIN)
        return PROBE_ACCEPTS;
    return errno == EINPROGRESS ? PROBE_UNKNOWN : PROBE_REFUSES;
}

static probe_verdict_t s_begin_ipc (const address_t *address, address_role_t role, int *descriptor)
{
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    address_endpoint (address, role, endpoint, sizeof endpoint);
    const char *path = endpoint + strlen ("ipc://");
    assert (strlen (path) < sizeof name.sun_path);
    memcpy (name.sun_path, path, strlen (path) + 1);
    *descriptor = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*descriptor < 0)
        return PROBE_UNKNOWN;
    return s_probe_connect (*descriptor, (const struct sockaddr *) &name, sizeof name);
}

static probe_verdict_t s_begin_tcp (const address_t *address, address_role_t role, int *descriptor)
{
    char port [8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    snprintf (port, sizeof port, "%u", (unsigned) address->port + role);
    if (getaddrinfo (address->name, port, &hints, &found))
        return PROBE_REFUSES;
    *descriptor = socket (found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    //  Without IPv6 there is no route; without descriptors the result is unknown
    probe_verdict_t verdict = errno == EAFNOSUPPORT ? PROBE_REFUSES : PROBE_UNKNOWN;
    if (*descriptor >= 0)
        verdict = s_probe_connect (*descriptor, found->ai_addr, found->ai_addrlen);
    freeaddrinfo (found);
    return verdict;
}

static void s_probe_begin (race_t *self, size_t index)
{
    const address_t *address = &self->addresses [index];
    int descriptor = -1;
    probe_verdict_t verdict = PROBE_ACCEPTS;
    if (address->kind == ADDRESS_TCP)
        verdict = s_begin_tcp (address, self->role, &descriptor);
    else if (address->kind == ADDRESS_IPC)
        verdict = s_begin_ipc (address, self->role, &descriptor);
    self->verdicts [index] = verdict;
    self->won |= verdict == PROBE_ACCEPTS;
    if (descriptor >= 0 && verdict == PROBE_UNKNOWN) {
        self->items [self->count] = (struct pollfd){.fd = descriptor, .events = POLLOUT};
        self->addresses_of_items [self->count++] = index;
    } else if (descriptor >= 0)
        close (descriptor);
}

//  Removes a connection that has a result.
static void s_decide (race_t *self, size_t item)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt (self->items [item].fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    self->verdicts [self->addresses_of_items [item]] = error ? PROBE_REFUSES : PROBE_ACCEPTS;
    self->won |= error == 0;
    close (self->items [item].fd);
    self->count--;
    self->items [item] = self->items [self->count];
    self->addresses_of_items [item] = self->addresses_of_items [self->count];
}

//  Waits until an address accepts, all have a result, or the time is over.
static void s_probe_wait (race_t *self, int64_t span_ms)
{
    int64_t until_us = clock_now (NULL) + span_ms * 1000;
    while (self->count && !self->won) {
        int64_t left_us = until_us - clock_now (NULL);
        if (left_us <= 0)
            return;
        int ready = poll (self->items, self->count, (int) ((left_us + 999) / 1000));
        if (ready < 0 && errno != EINTR)
            return;
        for (size_t item = self->count; ready > 0 && item-- > 0;)
            if (self->items [item].revents)
                s_decide (self, item);
    }
}

void probe_all (const address_t *addresses, size_t count, address_role_t role,
                probe_verdict_t *verdicts)
{
    assert (count <= PROBE_MAX);
    race_t self = {.addresses = addresses, .role = role, .verdicts = verdicts};
    for (size_t address = 0; address < count; address++)
        verdicts [address] = PROBE_UNKNOWN;
    for (size_t address = 0; address < count && !self.won; address++) {
        s_probe_begin (&self, address);
        s_probe_wait (&self, address + 1 < count ? PROBE_APART_MS : PROBE_MS);
    }
    while (self.count)
        close (self.items [--self.count].fd);
}
