//  slot_scheduler.c - decides which slot gets which lease

#include "worker/slots/slot_scheduler.h"

#include "worker/slots/lease_answers.h"
#include "worker/slots/limits.h"
#include "worker/slots/slot_death.h"
#include "worker/slots/slot_queue.h"
#include "worker/slots/slot_stage.h"
#include "worker/slots/slot_starts.h"
#include "worker/slots/slot_watchdog.h"

#include <utlist.h>

#define OUT_BYTES_MAX                                                                              \
    (256u * 1024) //  Above this, nothing more is sent ahead to a slot that has not read it

static bool s_is_spent (const slots_t *self, const slot_handle_t *seat)
{
    return self->options.max_tasks && seat->given + seat->count >= self->options.max_tasks;
}

//  A slot that cannot be given a task because it corrupted the shared memory counts as having
//  stranded it.
static void s_give_failed (slots_t *self, slot_handle_t *seat, lease_t *lease)
{
    bool first = seat->count == 0;
    slot_handle_fault_t fault = seat->fault;
    slot_death_condemn (self, seat, fault);
    if (!first || !slot_death_strand (self, seat, lease)) {
        DL_PREPEND (self->queue, lease);
        self->waiting++;
    }
}

static void s_give (slots_t *self, slot_handle_t *seat)
{
    lease_t *lease = self->queue;
    bool first = seat->count == 0;
    DL_DELETE (self->queue, lease);
    self->waiting--;
    lease->given_us = self->turn_us;
    if (!slot_handle_give (seat, lease)) {
        s_give_failed (self, seat, lease);
        return;
    }
    if (first) {
        limits_watch (self, seat);
        slot_patrol_go (self);
    } else if (!timers_is_set (&self->watch)) {
        timers_set (self->options.timers, &self->watch,
                    moment_now (self->options.clock) + SLOTS_SLOW_US);
    }
}

static bool s_is_fit (const slot_handle_t *seat)
{
    return seat->state == SLOT_HANDLE_READY && !seat->closed && !seat->fault;
}

//  Returns the number of slots that may get more than one task.
static size_t s_give_free (slots_t *self)
{
    size_t ready = 0;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *seat = &self->seats [i];
        if (seat->fault && seat->state != SLOT_HANDLE_EMPTY)
            slot_death_condemn (self, seat, seat->fault);
        if (!s_is_fit (seat))
            continue;
        ready += !seat->slow;
        if (seat->count == 0 && s_is_spent (self, seat))
            slot_stage_farewell (self, seat, 5000);
        else if (seat->count == 0 && self->queue)
            s_give (self, seat);
    }
    return ready;
}

//  Fails all waiting leases when no slot can be started.
static void s_give_up (slots_t *self)
{
    if (self->failures < SLOTS_STARTS_MAX)
        return;
    for (size_t i = 0; i < self->options.count; i++)
        if (self->seats [i].state != SLOT_HANDLE_EMPTY)
            return;
    while (self->queue) {
        lease_t *lease = self->queue;
        DL_DELETE (self->queue, lease);
        self->waiting--;
        answers_fail (self, lease, "slot-start", self->start_fault.text);
    }
}

static void s_start_more (slots_t *self)
{
    size_t wanted = self->waiting;
    for (size_t i = 0; i < self->options.count && wanted; i++)
        if (self->seats [i].state == SLOT_HANDLE_STARTING)
            wanted--;
    for (size_t i = 0; i < self->options.count && wanted && !timers_is_set (&self->pause); i++) {
        if (self->seats [i].state != SLOT_HANDLE_EMPTY)
            continue;
        if (slot_starts_begin (self, &self->seats [i]) == CADRE_OK) {
            slot_patrol_go (self);
            wanted--;
        } else
            slot_starts_failed (self);
    }
    s_give_up (self);
}

static bool s_may_wait (const slots_t *self, const slot_handle_t *seat, const lease_t *lease)
{
    int64_t mean_us = lease->job->mean_us;
    return mean_us >= 0 && !seat->slow && !seat->fault && seat->count <= SLOT_HANDLE_AHEAD_MAX
           && seat->ahead_us + mean_us <= SLOTS_AHEAD_US && seat->out.size < OUT_BYTES_MAX
           && (lease->payload.bulk || lease_payload (lease).size < OUT_BYTES_MAX)
           && !s_is_spent (self, seat);
}

static void s_give_ahead (slots_t *self, size_t ready)
{
    size_t share = (self->waiting + ready - 1) / ready;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *seat = &self->seats [i];
        if (!s_is_fit (seat) || seat->stage >= SLOT_HANDLE_ASKED)
            continue;
        for (size_t n = 0; n < share && self->queue && s_may_wait (self, seat, self->queue); n++)
            s_give (self, seat);
    }
}

void slot_scheduler_turn (slots_t *self)
{
    self->turn_us = moment_now (self->options.clock);
    size_t ready = s_give_free (self);
    if (self->queue)
        s_start_more (self);
    if (self->queue && ready)
        s_give_ahead (self, ready);
    for (size_t i = 0; i < self->options.count; i++)
        if (self->seats [i].out.size)
            slot_starts_writable (self, &self->seats [i], !slot_handle_flush (&self->seats [i]));
}

void slot_scheduler_watch (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    bool again = false;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *seat = &self->seats [i];
        if (seat->count < 2)
            continue;
        if (slot_handle_has_begun (seat, seat->tasks)
            && slot_handle_run_us (seat, now_us) > SLOTS_SLOW_US) {
            seat->slow = true;
            slot_queue_take_back (self, seat);
        }
        again = again || seat->count > 1;
    }
    if (again)
        timers_set (self->options.timers, &self->watch, now_us + SLOTS_SLOW_US / 2);
}
