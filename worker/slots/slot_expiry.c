//  slot_expiry.c - returns leases that were not started in time
//
//  The slot decides: it checks when it claims a task, and declines expired ones. Here one alarm,
//  set for the earliest expiry, handles tasks that wait behind a long one.

#include "worker/slots/slot_expiry.h"

#include "worker/slots/lease_answers.h"
#include "worker/slots/slot_queue.h"

#include <utlist.h>

static bool s_is_due (const lease_t *lease, int64_t now_us)
{
    return lease->begin_by_us && lease->begin_by_us <= now_us;
}

static void s_expect (slots_t *self, int64_t due_us)
{
    if (!timers_is_set (&self->expiry) || due_us < self->expiry.due_us)
        timers_set (self->options.timers, &self->expiry, due_us);
}

void slot_expiry_watch (slots_t *self, const lease_t *lease)
{
    s_expect (self, lease->begin_by_us);
}

static void s_expect_list (slots_t *self, const lease_t *list, int64_t now_us)
{
    const lease_t *lease;
    DL_FOREACH (list, lease)
        if (lease->begin_by_us && !s_is_due (lease, now_us))
            s_expect (self, lease->begin_by_us);
}

//  Tasks that the slot has begun stay there.
static void s_slot_expiry_take_back (slots_t *self, slot_handle_t *handle, int64_t now_us)
{
    const lease_t *lease;
    DL_FOREACH (handle->tasks, lease)
        if (s_is_due (lease, now_us)) {
            slot_queue_take_back (self, handle);
            return;
        }
}

void slot_expiry_ring (void *owner, int64_t now_us)
{
    slots_t *self = owner;
    for (size_t i = 0; i < self->options.count; i++)
        s_slot_expiry_take_back (self, &self->handles [i], now_us);
    lease_t *lease, *next;
    DL_FOREACH_SAFE (self->queue, lease, next) {
        if (!s_is_due (lease, now_us))
            continue;
        DL_DELETE (self->queue, lease);
        self->waiting--;
        lease_answers_return (self, lease);
    }
    s_expect_list (self, self->queue, now_us);
    for (size_t i = 0; i < self->options.count; i++)
        s_expect_list (self, self->handles [i].tasks, now_us);
}
