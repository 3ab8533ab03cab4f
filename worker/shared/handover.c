//  handover.c - files that go through the socket between a worker and a slot

#include "worker/shared/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

//  As many as the kernel lets through in one message are read, so that none is lost unseen.
#define MESSAGE_FILES 253u

typedef union control {
    struct cmsghdr align;                                      //  For its place in memory
    uint8_t bytes [CMSG_SPACE (MESSAGE_FILES * sizeof (int))]; //  What comes along
} control_t;

void handover_clear (handover_t *self)
{
    int fd;
    while (handover_take (self, &fd))
        if (fd >= 0)
            close (fd);
}

static void s_keep (handover_t *self, int fd)
{
    if (self->count == HANDOVER_FILES) {
        if (fd >= 0)
            close (fd);
        return;
    }
    self->fds [(self->first + self->count++) % HANDOVER_FILES] = fd;
}

//  A message carries one file; of one that was cut off nothing is known but that it came.
static void s_take_in (handover_t *self, struct msghdr *message)
{
    bool any = false;
    for (struct cmsghdr *at = CMSG_FIRSTHDR (message); at; at = CMSG_NXTHDR (message, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (at->cmsg_len - CMSG_LEN (0)) / sizeof (int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy (&fd, CMSG_DATA (at) + i * sizeof fd, sizeof fd);
            s_keep (self, fd);
            any = true;
        }
    }
    if (!any && message->msg_flags & MSG_CTRUNC)
        s_keep (self, -1);
}

ssize_t handover_receive (handover_t *self, int socket, void *bytes, size_t size_bytes, int flags)
{
    control_t control;
    struct iovec piece = {.iov_base = bytes, .iov_len = size_bytes};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (self->count == HANDOVER_FILES) {
        errno = EAGAIN;
        return -1;
    }
    ssize_t got = recvmsg (socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (got > 0 && (message.msg_controllen || message.msg_flags & MSG_CTRUNC))
        s_take_in (self, &message);
    return got;
}

bool handover_take (handover_t *self, int *fd)
{
    if (self->count == 0)
        return false;
    *fd = self->fds [self->first];
    self->first = (self->first + 1) % HANDOVER_FILES;
    self->count--;
    return true;
}

ssize_t handover_send (int socket, const void *bytes, size_t size_bytes, int fd, int flags)
{
    union {
        struct cmsghdr align;                   //  For its place in memory
        uint8_t bytes [CMSG_SPACE (sizeof fd)]; //  The file
    } control = {0};
    struct iovec piece = {.iov_base = (void *) (uintptr_t) bytes, .iov_len = size_bytes};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR (&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN (sizeof fd);
    memcpy (CMSG_DATA (head), &fd, sizeof fd);
    return sendmsg (socket, &message, flags | MSG_NOSIGNAL);
}
