//  quarantine.c - why a task is not tried again although it has tries left

#include "broker/ledger/quarantine.h"

#include <stdio.h>

#include "broker/core/context.h"
#include "broker/core/detail.h"
#include "common/fault.h"

static void s_quarantine_pack (buffer_t *detail, const job_t *job, uint32_t index, const char *what)
{
    char message [FAULT_TEXT_BYTES + CONTEXT_NAME_BYTES + 128];
    snprintf (message, sizeof message,
              "it has %s, and is not tried again: cadre job retry %llu.%u, or cadre task drop",
              what, (unsigned long long) job->number, index);
    detail_pack (detail, "quarantined", message, NULL);
}

void quarantine_pack_slots (buffer_t *detail, const job_t *job, const wire_sink_result_t *result)
{
    char what [128];
    uint32_t index = (uint32_t) result->index;
    snprintf (what, sizeof what, "killed %u slots (last by %s %lld)",
              job->tasks [index].failed + 1u,
              cadre_outcome_text ((cadre_outcome_t) result->outcome), (long long) result->code);
    s_quarantine_pack (detail, job, index, what);
}

void quarantine_pack_sessions (buffer_t *detail, const job_t *job, uint32_t index,
                               const char *worker, const char *why)
{
    char what [FAULT_TEXT_BYTES + CONTEXT_NAME_BYTES];
    snprintf (what, sizeof what, "ended %u sessions of workers (the last of %s: %s)",
              RETRY_POLICY_BREACHES, worker, why);
    s_quarantine_pack (detail, job, index, what);
}
