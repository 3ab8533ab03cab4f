//  wakeup.c - the descriptor that wakes the application's event loop

#include "client/lib/session/wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void wakeup_init (wakeup_t *self)
{
    *self = (wakeup_t){.fd = -1};
}

int wakeup_open (wakeup_t *self)
{
    if (self->fd < 0) {
        self->fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
        wakeup_raise (self);
    }
    return self->fd;
}

bool wakeup_is_open (const wakeup_t *self)
{
    return self->fd >= 0;
}

void wakeup_raise (wakeup_t *self)
{
    if (self->fd < 0 || self->set)
        return;
    uint64_t one = 1;
    self->set = write (self->fd, &one, sizeof one) == (ssize_t) sizeof one;
}

void wakeup_clear (wakeup_t *self)
{
    if (!self->set)
        return;
    uint64_t count;
    self->set = read (self->fd, &count, sizeof count) < 0 && errno != EAGAIN;
}

void wakeup_close (wakeup_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    wakeup_init (self);
}
