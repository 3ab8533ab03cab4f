//  slot_events.c - handles events of a slot: messages, its end, its alarm

#include "worker/slots/slot_events.h"

#include "worker/slots/completion.h"
#include "worker/slots/partial_map.h"
#include "worker/slots/slot_death.h"
#include "worker/slots/slot_queue.h"
#include "worker/slots/slot_stage.h"

#include <signal.h>
#include <sys/epoll.h>

#define LAST_LOOK_MS 100  //  From the close of the socketpair to SIGKILL
#define KILLED_LOOK_MS 20 //  Interval of checks for the end of a killed process

void slot_events_read (slots_t *self, slot_handle_t *handle, bool ended)
{
    if (handle->state == SLOT_HANDLE_EMPTY)
        return;
    bool was_closed = handle->closed;
    completion_read (self, handle);
    if ((handle->closed || ended) && slot_death_has_ended (self, handle))
        return;
    if (handle->fault) {
        slot_death_condemn (self, handle, handle->fault);
    } else if (handle->closed && !was_closed) {
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, handle->fd, NULL);
        if (handle->stage < SLOT_HANDLE_TERMED)
            slot_stage_set (self, handle, SLOT_HANDLE_FAREWELL, LAST_LOOK_MS);
    }
}

static void s_terminate (slots_t *self, slot_handle_t *handle)
{
    if (!handle->tasks) {
        slot_stage_clear (self, handle);
    } else if (handle->backend.kind == SLOT_BACKEND_THREAD) {
        slot_death_abandon (self, handle);
    } else if (handle->tasks->job->kind == WIRE_KIND_COMMAND) {
        slot_stage_kill (self, handle);
    } else {
        handle->killed = true;
        slot_backend_signal (&handle->backend, SIGTERM);
        slot_stage_set (self, handle, SLOT_HANDLE_TERMED, handle->tasks->job->grace_ms);
    }
}

//  The first task has reached its timeout. If it has not even begun, the slot is broken.
static void s_end_in_time (slots_t *self, slot_handle_t *handle)
{
    uint64_t left_ms;
    if (!handle->tasks)
        return;
    if (partial_map_goes_on (handle, clock_now (self->options.clock), &left_ms)) {
        slot_stage_set (self, handle, SLOT_HANDLE_LIMIT, left_ms);
        return;
    }
    handle->tasks->verdict = LEASE_TIMED_OUT;
    if (!slot_handle_has_begun (handle, handle->tasks)) {
        slot_death_condemn (self, handle, SLOT_HANDLE_LATE);
        return;
    }
    slot_queue_take_back (self, handle);
    s_terminate (self, handle);
}

void slot_events_ring (void *owner, int64_t now_us)
{
    (void) now_us;
    slot_handle_t *handle = owner;
    slots_t *self = handle->owner;
    slot_events_read (self, handle,
                      handle->stage
                          == SLOT_HANDLE_KILLED); //  An answer that has come already counts
    if (timers_is_set (&handle->alarm) || handle->state == SLOT_HANDLE_EMPTY)
        return;
    switch (handle->stage) {
    case SLOT_HANDLE_LIMIT: s_end_in_time (self, handle); break;
    case SLOT_HANDLE_ASKED: s_terminate (self, handle); break;
    case SLOT_HANDLE_TERMED: slot_stage_kill (self, handle); break;
    case SLOT_HANDLE_FAREWELL: slot_death_cut_off (self, handle); break;
    case SLOT_HANDLE_KILLED:
        slot_stage_set (self, handle, SLOT_HANDLE_KILLED, KILLED_LOOK_MS);
        break;
    case SLOT_HANDLE_CALM: break;
    }
}
