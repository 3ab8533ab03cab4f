//  slot_starts.c - starts slots, and watches their sockets by epoll

#include "worker/slots/slot_starts.h"

#include "worker/slots/slot_stage.h"

#include <sys/epoll.h>

static uint64_t s_tag (const slot_handle_t *seat, bool vessel)
{
    return (uint64_t) seat->place << 1 | (vessel ? 1 : 0);
}

static cadre_error_t s_poll (slots_t *self, slot_handle_t *seat)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = s_tag (seat, false)};
    int failed = epoll_ctl (self->epoll, EPOLL_CTL_ADD, seat->fd, &event);
    event.data.u64 = s_tag (seat, true);
    if (!failed && slot_backend_descriptor (&seat->vessel) >= 0)
        failed =
            epoll_ctl (self->epoll, EPOLL_CTL_ADD, slot_backend_descriptor (&seat->vessel), &event);
    return failed ? CADRE_ERROR_IO : CADRE_OK;
}

void slot_starts_writable (slots_t *self, slot_handle_t *seat, bool wanted)
{
    if (seat->writable_wanted == wanted || seat->fd < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? (uint32_t) EPOLLOUT : 0),
                                .data.u64 = s_tag (seat, false)};
    epoll_ctl (self->epoll, EPOLL_CTL_MOD, seat->fd, &event);
    seat->writable_wanted = wanted;
}

cadre_error_t slot_starts_begin (slots_t *self, slot_handle_t *seat)
{
    cadre_error_t error = slot_handle_start (seat, &self->options.start, &self->start_fault);
    if (error != CADRE_OK)
        return error;
    error = s_poll (self, seat);
    if (error != CADRE_OK) { //  Treated as dead: its end is noticed at the next check
        fault_set (&self->start_fault, error,
                   "a slot cannot be watched; raise the limit on descriptors (ulimit -n)");
        slot_stage_kill (self, seat);
        return CADRE_OK;
    }
    slot_starts_writable (self, seat, !slot_handle_flush (seat));
    return CADRE_OK;
}

void slot_starts_failed (slots_t *self)
{
    int64_t pause_us = 100000 << (self->failures < 6 ? self->failures : 6);
    self->failures++;
    timers_set (self->options.timers, &self->pause, moment_now (self->options.clock) + pause_us);
}
