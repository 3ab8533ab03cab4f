//  lease_answers.c - answers leases

#include "worker/slots/lease_answers.h"

#include "worker/runner/failure.h"
#include "worker/slots/partial_map.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_BYTES 512

void lease_answers_forget_job (slots_t *self, cached_job_t **job_p)
{
    if (!(*job_p)->ended || (*job_p)->leases)
        return;
    for (size_t i = 0; i < self->options.count; i++)
        if (self->handles [i].state == SLOT_HANDLE_READY)
            slot_handle_end_job (&self->handles [i], self->jobs, *job_p);
    job_cache_remove (self->jobs, job_p);
}

static void s_lease_answers_free (slots_t *self, lease_t *lease)
{
    cached_job_t *job = lease->job;
    if (lease->verdict == LEASE_DROPPED)
        self->dropped--;
    else
        self->held--;
    self->held_bytes -= lease_payload (lease).size;
    lease_destroy (&lease);
    lease_answers_forget_job (self, &job);
}

void lease_answers_give (slots_t *self, lease_t *lease, const slots_result_t *result)
{
    if (lease->verdict != LEASE_DROPPED)
        self->options.events.result (self->options.events.context, lease, result);
    s_lease_answers_free (self, lease);
}

void lease_answers_return (slots_t *self, lease_t *lease)
{
    if (lease->verdict != LEASE_DROPPED)
        self->options.events.returned (self->options.events.context, lease);
    s_lease_answers_free (self, lease);
}

void lease_answers_explain (slots_t *self, lease_t *lease, slots_result_t result, const char *kind,
                            const char *message, bool abandoned)
{
    buffer_t detail = {0}, value = {0};
    failure_pack (&detail, kind, message, self->options.worker, abandoned);
    result.detail = wire_view_of (&detail);
    partial_map_explain (lease, &result, kind, message, &value);
    lease_answers_give (self, lease, &result);
    buffer_free (&detail);
    buffer_free (&value);
}

void lease_answers_fail (slots_t *self, lease_t *lease, const char *kind, const char *message)
{
    lease_answers_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_ERROR}, kind,
                           message, false);
}

void lease_answers_cancelled (slots_t *self, lease_t *lease, const char *message)
{
    lease_answers_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_CANCELLED},
                           "cancelled", message, false);
}

void lease_answers_carry_out (slots_t *self, lease_t *lease, int64_t run_us, bool abandoned)
{
    char text [TEXT_BYTES], name [PARTIAL_MAP_NAME_BYTES];
    const char *how = abandoned ? "; its thread did not stop and was abandoned" : "";
    slots_result_t result = {.run_us = run_us > 0 ? (uint64_t) run_us : 0};
    switch (lease->verdict) {
    case LEASE_TIMED_OUT:
        result.outcome = CADRE_OUTCOME_TIMEOUT;
        snprintf (text, sizeof (text), "%s%s ran for longer than its %" PRIu64 " ms%s",
                  lease->gleaned ? "" : "task ", partial_map_name (lease, name),
                  lease->job->timeout_ms, how);
        lease_answers_explain (self, lease, result, "timeout", text, abandoned);
        return;
    case LEASE_CANCELLED:
        result.outcome = CADRE_OUTCOME_CANCELLED;
        snprintf (text, sizeof (text), "cancelled while it ran%s", how);
        lease_answers_explain (self, lease, result, "cancelled", text, abandoned);
        return;
    case LEASE_RECLAIMED:
        if (!lease->gleaned)
            break;
        result.outcome = CADRE_OUTCOME_CANCELLED;
        lease_answers_explain (self, lease, result, "drained", "its worker left while it ran",
                               abandoned);
        return;
    default: break;
    }
    lease_answers_return (self, lease);
}
