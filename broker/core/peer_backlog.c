//  peer_backlog.c - bytes sent on a connection that the peer has not received

#include "broker/core/peer_backlog.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

//  Is it still the same connection? The kernel gives each socket a unique cookie.
static uint64_t s_cookie (int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt (fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) ? 0 : cookie;
}

static bool s_taken (int fd, uint64_t *bytes)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size)
        || size < offsetof (struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return false;
    *bytes = info.tcpi_bytes_acked;
    return true;
}

peer_backlog_t peer_backlog_of (int fd)
{
    peer_backlog_t self = {.fd = -1};
    if (fd < 0 || !s_taken (fd, &self.settled))
        return self;
    self.cookie = s_cookie (fd);
    self.fd = self.cookie ? fd : -1;
    return self;
}

//  Would the kernel accept more? Then libzmq queues nothing, except for a moment.
static bool s_is_writable (int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLOUT};
    return poll (&item, 1, 0) == 1 && item.revents & POLLOUT;
}

//  Frames have libzmq's headers, and are larger under CURVE, so the bytes received finally exceed
//  the bytes counted as sent.
static void s_settle (peer_backlog_t *self)
{
    uint64_t taken;
    if (s_cookie (self->fd) != self->cookie || !s_taken (self->fd, &taken)) {
        self->fd = -1; //  The connection is gone, with everything that it held
        self->bytes = 0;
        return;
    }
    uint64_t news = taken - self->settled;
    if (news >= self->bytes && !s_is_writable (self->fd))
        return;
    self->bytes -= news < self->bytes ? news : self->bytes;
    self->settled = taken;
}

bool peer_backlog_has_room (peer_backlog_t *self, uint64_t most_bytes)
{
    if (self->fd < 0 || self->bytes < most_bytes)
        return true;
    s_settle (self);
    return self->bytes < most_bytes;
}

void peer_backlog_cut (const peer_backlog_t *self)
{
    if (self->fd < 0 || s_cookie (self->fd) != self->cookie)
        return;
    setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                sizeof (struct linger));
    shutdown (self->fd, SHUT_RDWR);
}
