//  slot_starts.c - starts slots, and watches their sockets by epoll

#include "worker/slots/slot_starts.h"

#include "worker/slots/slot_stage.h"

#include <sys/epoll.h>

static uint64_t s_tag (const slot_handle_t *handle, bool backend)
{
    return (uint64_t) handle->index << 1 | (backend ? 1 : 0);
}

static cadre_error_t s_slot_starts_poll (slots_t *self, slot_handle_t *handle)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = s_tag (handle, false)};
    int failed = epoll_ctl (self->epoll, EPOLL_CTL_ADD, handle->fd, &event);
    event.data.u64 = s_tag (handle, true);
    if (!failed && slot_backend_descriptor (&handle->backend) >= 0)
        failed = epoll_ctl (self->epoll, EPOLL_CTL_ADD, slot_backend_descriptor (&handle->backend),
                            &event);
    return failed ? CADRE_ERROR_IO : CADRE_OK;
}

void slot_starts_writable (slots_t *self, slot_handle_t *handle, bool wanted)
{
    if (handle->writable_wanted == wanted || handle->fd < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? (uint32_t) EPOLLOUT : 0),
                                .data.u64 = s_tag (handle, false)};
    epoll_ctl (self->epoll, EPOLL_CTL_MOD, handle->fd, &event);
    handle->writable_wanted = wanted;
}

cadre_error_t slot_starts_begin (slots_t *self, slot_handle_t *handle)
{
    cadre_error_t error = slot_handle_start (handle, &self->options.start, &self->start_fault);
    if (error != CADRE_OK)
        return error;
    error = s_slot_starts_poll (self, handle);
    if (error != CADRE_OK) { //  Treated as dead: its end is noticed at the next check
        fault_set (&self->start_fault, error,
                   "a slot cannot be watched; raise the limit on descriptors (ulimit -n)");
        slot_stage_kill (self, handle);
        return CADRE_OK;
    }
    slot_starts_writable (self, handle, !slot_handle_flush (handle));
    return CADRE_OK;
}

void slot_starts_failed (slots_t *self)
{
    int64_t pause_us = 100000 << (self->failures < 6 ? self->failures : 6);
    self->failures++;
    timers_set (self->options.timers, &self->pause, clock_now (self->options.clock) + pause_us);
}
