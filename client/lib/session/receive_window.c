//  receive_window.c - the receiver's side of a window: how much the broker may send

#include "client/lib/session/receive_window.h"

receive_window_t receive_window_of (uint64_t tasks, uint64_t bytes)
{
    return (receive_window_t){.window = {tasks, bytes}, .granted = {tasks, bytes}};
}

//  Never below 0: a reader that keeps all results may hold more than the window.
static uint64_t s_total (uint64_t arrived, uint64_t window, uint64_t held)
{
    return arrived + window > held ? arrived + window - held : 0;
}

amount_t receive_window_offer (const receive_window_t *self)
{
    return (amount_t){.tasks = s_total (0, self->window.tasks, self->held.tasks),
                      .bytes = s_total (0, self->window.bytes, self->held.bytes)};
}

void receive_window_begin (receive_window_t *self, amount_t offered)
{
    self->arrived = (amount_t){0, 0};
    self->granted = offered;
}

void receive_window_arrive (receive_window_t *self, uint64_t tasks, uint64_t bytes)
{
    self->arrived.tasks += tasks;
    self->arrived.bytes += bytes;
}

static bool s_exceeds (uint64_t arrived, uint64_t granted, uint64_t window)
{
    return arrived > granted && arrived - granted > window;
}

bool receive_window_is_overdrawn (const receive_window_t *self)
{
    return s_exceeds (self->arrived.tasks, self->granted.tasks, self->window.tasks)
           || s_exceeds (self->arrived.bytes, self->granted.bytes, self->window.bytes);
}

void receive_window_hold (receive_window_t *self, uint64_t tasks, uint64_t bytes)
{
    self->held.tasks += tasks;
    self->held.bytes += bytes;
}

void receive_window_release (receive_window_t *self, uint64_t tasks, uint64_t bytes)
{
    self->held.tasks -= tasks < self->held.tasks ? tasks : self->held.tasks;
    self->held.bytes -= bytes < self->held.bytes ? bytes : self->held.bytes;
}

bool receive_window_is_full (const receive_window_t *self)
{
    return self->held.tasks >= self->window.tasks || self->held.bytes >= self->window.bytes;
}

bool receive_window_grow (receive_window_t *self)
{
    uint64_t tasks = s_total (self->arrived.tasks, self->window.tasks, self->held.tasks);
    uint64_t bytes = s_total (self->arrived.bytes, self->window.bytes, self->held.bytes);
    bool due = tasks >= self->granted.tasks + self->window.tasks / 4 + 1
               || bytes >= self->granted.bytes + self->window.bytes / 4 + 1;
    if (!due)
        return false;
    if (tasks > self->granted.tasks)
        self->granted.tasks = tasks;
    if (bytes > self->granted.bytes)
        self->granted.bytes = bytes;
    return true;
}
