//  leave.c - how a worker ends: it drains, or stops at once

#include "worker/leave.h"

#include "common/log.h"
#include "worker/report.h"

#define LEAVE_MS 10000 //  For the last acknowledgements, when nothing runs any more

static int64_t s_in_ms (const worker_t *self, uint32_t ms)
{
    return clock_now (&self->clock) + (int64_t) ms * 1000;
}

void leave_begin (worker_t *self, uint32_t timeout_ms)
{
    if (self->phase == PHASE_DRAINING) //  Told again: the last timeout counts
        timers_set (self->timers, &self->deadline, s_in_ms (self, timeout_ms));
    if (self->phase != PHASE_SERVING)
        return;
    self->phase = PHASE_DRAINING;
    timers_cancel (self->timers, &self->idle);
    timers_cancel (self->timers, &self->lifetime);
    timers_set (self->timers, &self->deadline, s_in_ms (self, timeout_ms));
    slots_return_waiting (self->slots);
    leave_tell (self);
    if (!self->wants_restart) //  Otherwise the same process continues
        report_leaving (self->charter.options.notify, self->slots, timeout_ms);
}

void leave_tell (worker_t *self)
{
    size_t held = slots_held (self->slots);
    if (self->phase == PHASE_DRAINING && held > 0)
        outbox_drained (self->outbox, held);
}

void leave_on_deadline (void *owner, int64_t now_us)
{
    worker_t *self = owner;
    size_t answers = outbox_answers (self->outbox);
    (void) now_us;
    if (self->phase == PHASE_DRAINING) {
        slots_reclaim_running (self->slots);
        return;
    }
    if (answers)
        log_line (
            LOG_WARNING, "W032",
            "leaves before the broker has acknowledged the results of %zu tasks: they count as lost with the worker",
            answers);
    self->phase = PHASE_DONE;
}

void leave_at_once (worker_t *self)
{
    if (self->phase != PHASE_DONE)
        outbox_goodbye (self->outbox, "stopped");
    report_leaving (self->charter.options.notify, self->slots, 0);
    self->phase = PHASE_DONE;
    link_turn (self->link);
}

void leave_go_on (worker_t *self)
{
    if (self->phase == PHASE_DRAINING && slots_idle (self->slots)) {
        outbox_drained (self->outbox, 0);
        link_turn (self->link); //  At once, not at the next event
        self->phase = PHASE_LEAVING;
        timers_set (self->timers, &self->deadline, s_in_ms (self, LEAVE_MS));
    }
    bool unreachable = link_state (self->link) == LINK_GREETING
                       && (link_never_opened (self->link) || outbox_answers (self->outbox) == 0);
    if (self->phase != PHASE_LEAVING || (!outbox_is_empty (self->outbox) && !unreachable))
        return;
    if (link_state (self->link) == LINK_OPEN) {
        outbox_goodbye (self->outbox, "drained");
        link_turn (self->link);
    }
    self->phase = PHASE_DONE;
}
