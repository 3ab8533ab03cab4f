//  slot_watchdog.c - checks once a second whether slots are stopped, or do not begin their tasks

#include "worker/slots/slot_watchdog.h"

#include "worker/slots/slot_death.h"
#include "worker/slots/slot_events.h"

#define LOOK_MS 1000
#define STOPPED_LOOKS                                                                              \
    3 //  Consecutive checks: a slot that is stopped while it runs a task is broken
#define IDLE_STOPPED_LOOKS 2 //  The same for a slot that has not begun its task
#define WAIT_LOOKS 6         //  Consecutive checks: a slot that has not begun its task is broken

//  Counts checks instead of time: if the worker was stopped, or the machine was suspended, that is
//  one check. A slot to which a task is still being sent, or which reads it, is not late.
static void s_slot_watchdog_count (slot_handle_t *handle)
{
    const lease_t *first = handle->tasks;
    size_t behind = handle->out.size - handle->written;
    handle->stopped = slot_backend_is_stopped (&handle->backend) ? handle->stopped + 1 : 0;
    if (!first || slot_handle_has_begun (handle, first)) {
        handle->waits = 0;
        return;
    }
    bool same = handle->waits > 0 && handle->awaited == first->ticket && handle->behind == behind;
    handle->waits = same ? handle->waits + 1 : 1;
    handle->awaited = first->ticket;
    handle->behind = behind;
}

static void s_slot_watchdog_look (slots_t *self, slot_handle_t *handle)
{
    slot_events_read (self, handle, true); //  Reads all of its messages first
    if (handle->state == SLOT_HANDLE_EMPTY || handle->condemned)
        return;
    slot_handle_look (handle);
    s_slot_watchdog_count (handle);
    if (handle->fault)
        slot_death_condemn (self, handle, handle->fault);
    else if (handle->stopped >= (handle->waits ? IDLE_STOPPED_LOOKS : STOPPED_LOOKS))
        slot_death_condemn (self, handle, SLOT_HANDLE_STOPPED);
    else if (handle->waits >= WAIT_LOOKS)
        slot_death_condemn (self, handle, SLOT_HANDLE_LATE);
}

void slot_watchdog_go (slots_t *self)
{
    if (!timers_is_set (&self->patrol))
        timers_set (self->options.timers, &self->patrol,
                    clock_now (self->options.clock) + LOOK_MS * INT64_C (1000));
}

void slot_watchdog_ring (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    bool again = false;
    (void) now_us;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        if (handle->tasks || handle->state == SLOT_HANDLE_STARTING)
            s_slot_watchdog_look (self, handle);
        again = again || handle->tasks || handle->state == SLOT_HANDLE_STARTING;
    }
    if (again)
        slot_watchdog_go (self);
}
