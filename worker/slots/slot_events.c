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

void slot_events_read (slots_t *self, slot_handle_t *seat, bool ended)
{
    if (seat->state == SLOT_HANDLE_EMPTY)
        return;
    bool was_closed = seat->closed;
    completion_read (self, seat);
    if ((seat->closed || ended) && slot_death_has_ended (self, seat))
        return;
    if (seat->fault) {
        slot_death_condemn (self, seat, seat->fault);
    } else if (seat->closed && !was_closed) {
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, seat->fd, NULL);
        if (seat->stage < SLOT_HANDLE_TERMED)
            slot_stage_set (self, seat, SLOT_HANDLE_FAREWELL, LAST_LOOK_MS);
    }
}

static void s_terminate (slots_t *self, slot_handle_t *seat)
{
    if (!seat->tasks) {
        slot_stage_clear (self, seat);
    } else if (seat->vessel.kind == SLOT_BACKEND_THREAD) {
        slot_death_abandon (self, seat);
    } else if (seat->tasks->job->kind == WIRE_KIND_COMMAND) {
        slot_stage_kill (self, seat);
    } else {
        seat->killed = true;
        slot_backend_signal (&seat->vessel, SIGTERM);
        slot_stage_set (self, seat, SLOT_HANDLE_TERMED, seat->tasks->job->grace_ms);
    }
}

//  The first task has reached its timeout. If it has not even begun, the slot is broken.
static void s_end_in_time (slots_t *self, slot_handle_t *seat)
{
    uint64_t left_ms;
    if (!seat->tasks)
        return;
    if (glean_goes_on (seat, moment_now (self->options.clock), &left_ms)) {
        slot_stage_set (self, seat, SLOT_HANDLE_LIMIT, left_ms);
        return;
    }
    seat->tasks->verdict = LEASE_TIMED_OUT;
    if (!slot_handle_has_begun (seat, seat->tasks)) {
        slot_death_condemn (self, seat, SLOT_HANDLE_LATE);
        return;
    }
    slot_queue_take_back (self, seat);
    s_terminate (self, seat);
}

void slot_events_ring (void *owner, int64_t now_us)
{
    (void) now_us;
    slot_handle_t *seat = owner;
    slots_t *self = seat->owner;
    slot_events_read (self, seat,
                      seat->stage == SLOT_HANDLE_KILLED); //  An answer that has come already counts
    if (timers_is_set (&seat->alarm) || seat->state == SLOT_HANDLE_EMPTY)
        return;
    switch (seat->stage) {
    case SLOT_HANDLE_LIMIT: s_end_in_time (self, seat); break;
    case SLOT_HANDLE_ASKED: s_terminate (self, seat); break;
    case SLOT_HANDLE_TERMED: slot_stage_kill (self, seat); break;
    case SLOT_HANDLE_FAREWELL: slot_death_cut_off (self, seat); break;
    case SLOT_HANDLE_KILLED: slot_stage_set (self, seat, SLOT_HANDLE_KILLED, KILLED_LOOK_MS); break;
    case SLOT_HANDLE_CALM: break;
    }
}
