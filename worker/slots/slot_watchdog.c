//  slot_patrol.c - checks once a second whether slots are stopped, or do not begin their tasks

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
static void s_count (slot_handle_t *seat)
{
    const lease_t *first = seat->tasks;
    size_t behind = seat->out.size - seat->written;
    seat->stopped = slot_backend_is_stopped (&seat->vessel) ? seat->stopped + 1 : 0;
    if (!first || slot_handle_has_begun (seat, first)) {
        seat->waits = 0;
        return;
    }
    bool same = seat->waits > 0 && seat->awaited == first->ticket && seat->behind == behind;
    seat->waits = same ? seat->waits + 1 : 1;
    seat->awaited = first->ticket;
    seat->behind = behind;
}

static void s_look (slots_t *self, slot_handle_t *seat)
{
    slot_events_read (self, seat, true); //  Reads all of its messages first
    if (seat->state == SLOT_HANDLE_EMPTY || seat->condemned)
        return;
    slot_handle_look (seat);
    s_count (seat);
    if (seat->fault)
        slot_death_condemn (self, seat, seat->fault);
    else if (seat->stopped >= (seat->waits ? IDLE_STOPPED_LOOKS : STOPPED_LOOKS))
        slot_death_condemn (self, seat, SLOT_HANDLE_STOPPED);
    else if (seat->waits >= WAIT_LOOKS)
        slot_death_condemn (self, seat, SLOT_HANDLE_LATE);
}

void slot_patrol_go (slots_t *self)
{
    if (!timers_is_set (&self->patrol))
        timers_set (self->options.timers, &self->patrol,
                    moment_now (self->options.clock) + LOOK_MS * INT64_C (1000));
}

void slot_patrol_ring (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    bool again = false;
    (void) now_us;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *seat = &self->seats [i];
        if (seat->tasks || seat->state == SLOT_HANDLE_STARTING)
            s_look (self, seat);
        again = again || seat->tasks || seat->state == SLOT_HANDLE_STARTING;
    }
    if (again)
        slot_patrol_go (self);
}
