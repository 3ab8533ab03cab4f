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

static bool s_is_spent (const slots_t *self, const slot_handle_t *handle)
{
    uint64_t tasks = handle->given;
    const lease_t *lease;
    if (self->options.max_tasks)
        LL_FOREACH (handle->tasks, lease)
            tasks += lease_tasks (lease);
    return self->options.max_tasks && tasks >= self->options.max_tasks;
}

//  A slot that cannot be given a task because it corrupted the shared memory counts as having
//  stranded it.
static void s_give_failed (slots_t *self, slot_handle_t *handle, lease_t *lease)
{
    bool first = handle->count == 0;
    slot_handle_fault_t fault = handle->fault;
    slot_death_condemn (self, handle, fault);
    if (!first || !slot_death_strand (self, handle, lease)) {
        DL_PREPEND (self->queue, lease);
        self->waiting++;
    }
}

static void s_slot_scheduler_give (slots_t *self, slot_handle_t *handle)
{
    lease_t *lease = self->queue;
    bool first = handle->count == 0;
    DL_DELETE (self->queue, lease);
    self->waiting--;
    lease->given_us = self->turn_us;
    if (!slot_handle_give (handle, lease)) {
        s_give_failed (self, handle, lease);
        return;
    }
    if (first) {
        limits_watch (self, handle);
        slot_watchdog_go (self);
    } else if (!timers_is_set (&self->watch)) {
        timers_set (self->options.timers, &self->watch,
                    clock_now (self->options.clock) + SLOTS_SLOW_US);
    }
}

static bool s_is_fit (const slot_handle_t *handle)
{
    return handle->state == SLOT_HANDLE_READY && !handle->closed && !handle->fault;
}

//  Returns the number of slots that may get more than one task.
static size_t s_give_free (slots_t *self)
{
    size_t ready = 0;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        if (handle->fault && handle->state != SLOT_HANDLE_EMPTY)
            slot_death_condemn (self, handle, handle->fault);
        if (!s_is_fit (handle))
            continue;
        ready += !handle->slow;
        if (handle->count == 0 && s_is_spent (self, handle))
            slot_stage_farewell (self, handle, 5000);
        else if (handle->count == 0 && self->queue)
            s_slot_scheduler_give (self, handle);
    }
    return ready;
}

//  Fails all waiting leases when no slot can be started.
static void s_slot_scheduler_give_up (slots_t *self)
{
    if (self->failures < SLOTS_STARTS_MAX)
        return;
    for (size_t i = 0; i < self->options.count; i++)
        if (self->handles [i].state != SLOT_HANDLE_EMPTY)
            return;
    while (self->queue) {
        lease_t *lease = self->queue;
        DL_DELETE (self->queue, lease);
        self->waiting--;
        lease_answers_fail (self, lease, "slot-start", self->start_fault.text);
    }
}

static void s_start_more (slots_t *self)
{
    size_t wanted = self->waiting;
    for (size_t i = 0; i < self->options.count && wanted; i++)
        if (self->handles [i].state == SLOT_HANDLE_STARTING)
            wanted--;
    for (size_t i = 0; i < self->options.count && wanted && !timers_is_set (&self->pause); i++) {
        if (self->handles [i].state != SLOT_HANDLE_EMPTY)
            continue;
        if (slot_starts_begin (self, &self->handles [i]) == CADRE_OK) {
            slot_watchdog_go (self);
            wanted--;
        } else
            slot_starts_failed (self);
    }
    s_slot_scheduler_give_up (self);
}

static bool s_may_wait (const slots_t *self, const slot_handle_t *handle, const lease_t *lease)
{
    int64_t mean_us = lease->job->mean_us;
    return mean_us >= 0 && !handle->slow && !handle->fault && handle->count <= SLOT_HANDLE_AHEAD_MAX
           && handle->ahead_us + mean_us <= SLOTS_AHEAD_US && handle->out.size < OUT_BYTES_MAX
           && (lease->payload.bulk || lease_payload (lease).size < OUT_BYTES_MAX)
           && !s_is_spent (self, handle);
}

static void s_give_ahead (slots_t *self, size_t ready)
{
    size_t memory = (self->waiting + ready - 1) / ready;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        if (!s_is_fit (handle) || handle->stage >= SLOT_HANDLE_ASKED)
            continue;
        for (size_t n = 0; n < memory && self->queue && s_may_wait (self, handle, self->queue); n++)
            s_slot_scheduler_give (self, handle);
    }
}

void slot_scheduler_turn (slots_t *self)
{
    self->turn_us = clock_now (self->options.clock);
    size_t ready = s_give_free (self);
    if (self->queue)
        s_start_more (self);
    if (self->queue && ready)
        s_give_ahead (self, ready);
    for (size_t i = 0; i < self->options.count; i++)
        if (self->handles [i].out.size)
            slot_starts_writable (self, &self->handles [i],
                                  !slot_handle_flush (&self->handles [i]));
}

void slot_scheduler_watch (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    bool again = false;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        if (handle->count < 2)
            continue;
        if (slot_handle_has_begun (handle, handle->tasks)
            && slot_handle_run_us (handle, now_us) > SLOTS_SLOW_US) {
            handle->slow = true;
            slot_queue_take_back (self, handle);
        }
        again = again || handle->count > 1;
    }
    if (again)
        timers_set (self->options.timers, &self->watch, now_us + SLOTS_SLOW_US / 2);
}
