//  slot_patrol.c - looks once a second whether slots are stopped, and whether they begin what they
//  were given

#include "worker/slots/slot_patrol.h"

#include "worker/slots/slot_death.h"
#include "worker/slots/slot_events.h"

#define LOOK_MS 1000
#define STOPPED_LOOKS 3      //  In a row: a slot that runs something and is stopped is broken
#define IDLE_STOPPED_LOOKS 2 //  The same for one that has not begun what it was given
#define WAIT_LOOKS 6         //  In a row: one that has not begun what it was given

//  Counts looks, not time: a worker that was stopped itself, or a machine that was asleep, has
//  looked once. A slot that is still being sent its task, or reads it, is not late.
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
    slot_events_read (self, seat, true); //  First all that it has said
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
