//  listener.c - fake: a plain listening socket on a loopback address, for tests of who can be
//  reached

#include "tests/lib/fakes/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

//  Where nothing else in the tests looks for ports.
#define BLOCKS_FIRST 30000
#define BLOCKS_LAST 32000

typedef union name {
    struct sockaddr any;    //  What calls take
    struct sockaddr_in v4;  //  A number of IPv4
    struct sockaddr_in6 v6; //  A number of IPv6
} name_t;

static socklen_t s_name (name_t *self, const char *host, uint16_t port)
{
    memset (self, 0, sizeof *self);
    if (inet_pton (AF_INET6, host, &self->v6.sin6_addr) == 1) {
        self->v6.sin6_family = AF_INET6;
        self->v6.sin6_port = htons (port);
        return sizeof self->v6;
    }
    inet_pton (AF_INET, host, &self->v4.sin_addr);
    self->v4.sin_family = AF_INET;
    self->v4.sin_port = htons (port);
    return sizeof self->v4;
}

int listener_new (const char *host, uint16_t *port)
{
    name_t name;
    socklen_t size = s_name (&name, host, *port);
    int descriptor = socket (name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (bind (descriptor, &name.any, size) || listen (descriptor, 16)
        || getsockname (descriptor, &name.any, &size)) {
        close (descriptor);
        return -1;
    }
    *port = ntohs (name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
    return descriptor;
}

uint16_t listener_free_port (void)
{
    uint16_t port = 0;
    int descriptor = listener_new ("0.0.0.0", &port);
    if (descriptor >= 0)
        close (descriptor);
    return port;
}

static bool s_is_free (const char *host, uint16_t port)
{
    int descriptor = listener_new (host, &port);
    if (descriptor < 0)
        return false;
    close (descriptor);
    return true;
}

uint16_t listener_free_block (const char *host, uint16_t count)
{
    uint16_t first = BLOCKS_FIRST, found = 0;
    for (uint16_t port = first; port < BLOCKS_LAST && found < count; port++) {
        found = s_is_free (host, port) ? (uint16_t) (found + 1) : 0;
        if (!found)
            first = (uint16_t) (port + 1);
    }
    return first;
}

void listener_addresses (char *text, size_t size, const char *pattern, unsigned port)
{
    size_t used = 0;
    text [0] = 0;
    for (; *pattern && used < size; pattern++)
        if (*pattern == '@')
            used += (size_t) snprintf (text + used, size - used, "%u", port);
        else
            used += (size_t) snprintf (text + used, size - used, "%c", *pattern);
}
