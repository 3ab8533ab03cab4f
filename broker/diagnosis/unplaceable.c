//  unplaceable.c - jobs that no worker can run

#include "broker/diagnosis/unplaceable.h"

#include <stdio.h>
#include <string.h>

#include "broker/diagnosis/wait_notice.h"
#include "broker/ledger/ledger.h"
#include "common/log.h"

static void s_fail_function (hub_t *hub, job_t *job)
{
    char names [512], message [1024];
    roster_nearest (hub->roster, job->function, 3, names, sizeof names);
    snprintf (message, sizeof message, "no worker offers '%s'%s%s%s", job->function,
              names [0] ? "; nearest: " : "", names,
              hub->embedded ? ": load the plugin that has it"
                            : " — start a worker with the plugin that has it");
    ledger_jobs_doom (hub->ledger, job, CADRE_OUTCOME_ERROR, "function", message);
}

static void s_say_needs (const job_t *job, char *buffer, size_t size)
{
    size_t used = 0;
    buffer [0] = 0;
    for (size_t i = 0; i < job->needs_count && used < size; i++) {
        int added = snprintf (buffer + used, size - used, "%s%s", i ? ", " : "", job->needs [i]);
        used += added > 0 ? (size_t) added : 0;
    }
}

//  A worker that is away may reconnect, but does not count.
static bool s_is_any_worker_there (const hub_t *hub)
{
    for (size_t i = 0; i < roster_places (hub->roster); i++) {
        const agent_t *agent = roster_at (hub->roster, i);
        if (agent && agent->state != AGENT_AWAY)
            return true;
    }
    return false;
}

const char *unplaceable_why (const hub_t *hub, const job_t *job, char *message, size_t size)
{
    char needs [512], address [ADDRESS_ENDPOINT_BYTES];
    const char *broker = address_print (&hub->addresses [0], address, sizeof address);
    s_say_needs (job, needs, sizeof needs);
    if (!s_is_any_worker_there (hub))
        snprintf (message, size,
                  "no worker is connected to %s: start one with: cadre worker start --broker %s",
                  broker, broker);
    else if (job->needs_count)
        snprintf (
            message, size,
            "no worker has the label%s %s and %s%s: start one with: cadre worker start --label %s",
            job->needs_count > 1 ? "s" : "", needs,
            job->kind == WIRE_KIND_COMMAND ? "runs commands" : "offers ",
            job->kind == WIRE_KIND_COMMAND ? "" : job->function, job->needs [0]);
    else if (job->kind == WIRE_KIND_COMMAND)
        snprintf (
            message, size,
            "no worker runs commands: start one with: cadre worker start (without --threads)");
    else
        snprintf (message, size, "no worker offers '%s' now: start one with the plugin that has it",
                  job->function);
    return message;
}

static void s_notice (hub_t *hub, job_t *job, const char *message)
{
    if (job->noticed)
        return;
    job->noticed = true;
    log_line (LOG_WARNING, "B030", "job %llu waits: %s", (unsigned long long) job->number, message);
    if (job->owner)
        client_notice (job->owner, hub, job->ref, CADRE_ERROR_NO_WORKER, message);
}

//  Have the workers of the previous broker process had time to reconnect, and done so?
static bool s_knows_all (const hub_t *hub)
{
    bool long_ago = hub->now_us - hub->started_us > (int64_t) hub->lost_ms * 1000;
    return hub->embedded || (long_ago && roster_is_described (hub->roster));
}

//  No worker offers or has offered the function: it is probably misspelled.
static bool s_is_unknown (hub_t *hub, const job_t *job)
{
    return !job->detached && s_knows_all (hub) && job->kind != WIRE_KIND_COMMAND
           && roster_count (hub->roster) > 0 && !roster_knew (hub->roster, job->function);
}

static bool s_is_settled (hub_t *hub, job_t *job)
{
    bool fits = roster_any_fits (hub->roster, job);
    job->fitted = job->fitted || fits;
    return fits || job->ready == 0 || job->leased;
}

//  Fails a job that no worker fits, or tells its client that it waits. Workers that fitted earlier
//  may reconnect.
static void s_judge (hub_t *hub, job_t *job)
{
    bool workers = roster_count (hub->roster) > 0 && s_knows_all (hub);
    char message [1024];
    unplaceable_why (hub, job, message, sizeof message);
    if (job->detached || (!hub->embedded && (!workers || job->fitted)))
        s_notice (hub, job, message);
    else
        ledger_jobs_doom (hub->ledger, job, CADRE_OUTCOME_ERROR, "no-worker", message);
}

void unplaceable_job (hub_t *hub, job_t *job)
{
    if (job->doom || job->abandoned || s_is_settled (hub, job)) {
        job->waiting_us = 0;
        job->noticed = false;
        return;
    }
    if (job->waiting_us == 0)
        job->waiting_us = hub->now_us;
    int64_t waited_us = hub->now_us - job->waiting_us;
    bool at_once = hub->embedded && roster_count (hub->roster) > 0;
    if (s_is_unknown (hub, job) && (at_once || waited_us >= UNPLACEABLE_FUNCTION_US))
        s_fail_function (hub, job);
    else if (at_once || waited_us >= UNPLACEABLE_US)
        s_judge (hub, job);
}
