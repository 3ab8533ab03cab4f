//  ledger_quarantine.c - tasks that end what they touch: slots, or sessions of workers

#include <stdio.h>

#include "broker/detail.h"
#include "broker/ledger_own.h"

static void s_quarantine (ledger_t *self, job_t *job, uint32_t index, const char *what)
{
    char message [FAULT_TEXT_BYTES + 256];
    buffer_t detail = {0};
    snprintf (message, sizeof message,
              "it has %s, and is not tried again: cadre job retry %llu.%u, or cadre task drop", what,
              (unsigned long long) job->number, index);
    detail_pack (&detail, "quarantined", message, NULL);
    ledger_end (self, job, index, CADRE_OUTCOME_QUARANTINED, wire_view_of (&detail));
    buffer_free (&detail);
}

void ledger_quarantine (ledger_t *self, job_t *job, uint32_t index, const wire_sink_result_t *result)
{
    char what [128];
    snprintf (what, sizeof what, "killed %u slots (last by %s %lld)", job->tasks [index].failed + 1u,
              cadre_outcome_text ((cadre_outcome_t) result->outcome), (long long) result->code);
    s_quarantine (self, job, index, what);
}

bool ledger_breach (ledger_t *self, agent_t *agent, const wire_lease_t *lease, const char *why)
{
    job_t *job = job_table_find (self->hub->jobs, lease->job);
    task_t *task = ledger_held (self, agent, job, lease->index, lease->serial);
    char what [FAULT_TEXT_BYTES + HUB_NAME_BYTES];
    if (!task)
        return false;
    if (task->breaches < TRIES_BREACHES)
        task->breaches++;
    if (task->breaches < TRIES_BREACHES)
        return true;
    snprintf (what, sizeof what, "ended %u sessions of workers (the last of %s: %s)", TRIES_BREACHES,
              agent->name, why);
    ledger_unlease (self, job, agent, (uint32_t) lease->index);
    s_quarantine (self, job, (uint32_t) lease->index, what);
    return true;
}
