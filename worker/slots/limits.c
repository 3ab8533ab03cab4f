//  limits.c - timeouts and cancellation of the task that a slot runs

#include "worker/slots/limits.h"

#include "worker/slots/slot_queue.h"
#include "worker/slots/slot_stage.h"

#define BACKSTOP_MS 1000 //  How much later than a slot the worker itself ends commands

static uint64_t s_limit_ms (const lease_t *lease)
{
    const cached_job_t *job = lease->job;
    return job->kind == WIRE_KIND_COMMAND ? job->timeout_ms + job->grace_ms + BACKSTOP_MS
                                          : job->timeout_ms;
}

//  Asks the first task to stop; if it does not, its slot is ended.
static void s_limits_ask (slots_t *self, slot_handle_t *handle)
{
    const cached_job_t *job = handle->tasks->job;
    slot_queue_take_back (self, handle);
    if (!handle->tasks)
        return;
    slot_handle_cancel (handle);
    slot_stage_set (self, handle, SLOT_HANDLE_ASKED,
                    job->grace_ms + (job->kind == WIRE_KIND_COMMAND ? BACKSTOP_MS : 0));
}

void limits_stop (slots_t *self, slot_handle_t *handle, lease_t *lease, lease_verdict_t verdict)
{
    if (verdict == LEASE_DROPPED && lease->verdict != LEASE_DROPPED) {
        self->held--;
        self->dropped++;
    }
    if (lease->verdict == LEASE_GOES_ON || verdict == LEASE_DROPPED)
        lease->verdict = verdict;
    if (lease == handle->tasks && handle->stage < SLOT_HANDLE_ASKED)
        s_limits_ask (self, handle);
}

void limits_watch (slots_t *self, slot_handle_t *handle)
{
    if (!handle->tasks)
        return;
    if (handle->tasks->verdict != LEASE_GOES_ON)
        s_limits_ask (self, handle);
    else if (handle->tasks->job->timeout_ms)
        slot_stage_set (self, handle, SLOT_HANDLE_LIMIT, s_limit_ms (handle->tasks));
    else if (handle->stage == SLOT_HANDLE_LIMIT) //  The alarm of a task that was taken back
        slot_stage_clear (self, handle);
}
