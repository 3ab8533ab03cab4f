//  unplaceable.c - jobs that no worker can run

#include "broker/diagnosis/unplaceable.h"

#include <stdio.h>
#include <string.h>

#include "broker/diagnosis/wait_notice.h"
#include "broker/ledger/ledger.h"
#include "common/log.h"

static void s_fail_function (context_t *ctx, job_t *job)
{
    char names [512], message [1024];
    roster_nearest (ctx->roster, job->function, 3, names, sizeof names);
    snprintf (message, sizeof message, "no worker offers '%s'%s%s%s", job->function,
              names [0] ? "; nearest: " : "", names,
              ctx->embedded ? ": load the plugin that has it"
                            : " — start a worker with the plugin that has it");
    ledger_jobs_doom (ctx->ledger, job, CADRE_OUTCOME_ERROR, "function", message);
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
static bool s_is_any_worker_there (const context_t *ctx)
{
    for (size_t i = 0; i < roster_entries (ctx->roster); i++) {
        const worker_record_t *worker = roster_at (ctx->roster, i);
        if (worker && worker->state != WORKER_AWAY)
            return true;
    }
    return false;
}

const char *unplaceable_why (const context_t *ctx, const job_t *job, char *message, size_t size)
{
    char needs [512], address [ADDRESS_ENDPOINT_BYTES];
    const char *broker = address_print (&ctx->addresses [0], address, sizeof address);
    s_say_needs (job, needs, sizeof needs);
    if (!s_is_any_worker_there (ctx))
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

static void s_notice (context_t *ctx, job_t *job, const char *message)
{
    if (job->noticed)
        return;
    job->noticed = true;
    log_line (LOG_WARNING, "B030", "job %llu waits: %s", (unsigned long long) job->number, message);
    if (job->owner)
        client_notice (job->owner, ctx, job->ref, CADRE_ERROR_NO_WORKER, message);
}

//  Have the workers of the previous broker process had time to reconnect, and done so?
static bool s_knows_all (const context_t *ctx)
{
    bool long_ago = ctx->now_us - ctx->started_us > (int64_t) ctx->lost_ms * 1000;
    return ctx->embedded || (long_ago && roster_is_described (ctx->roster));
}

//  No worker offers or has offered the function: it is probably misspelled.
static bool s_is_unknown (context_t *ctx, const job_t *job)
{
    return !job->detached && s_knows_all (ctx) && job->kind != WIRE_KIND_COMMAND
           && roster_count (ctx->roster) > 0 && !roster_knew (ctx->roster, job->function);
}

static bool s_is_settled (context_t *ctx, job_t *job)
{
    bool fits = roster_any_fits (ctx->roster, job);
    job->fitted = job->fitted || fits;
    return fits || job->ready == 0 || job->leased;
}

//  Fails a job that no worker fits, or tells its client that it waits. Workers that fitted earlier
//  may reconnect.
static void s_unplaceable_judge (context_t *ctx, job_t *job)
{
    bool workers = roster_count (ctx->roster) > 0 && s_knows_all (ctx);
    char message [1024];
    unplaceable_why (ctx, job, message, sizeof message);
    if (job->detached || (!ctx->embedded && (!workers || job->fitted)))
        s_notice (ctx, job, message);
    else
        ledger_jobs_doom (ctx->ledger, job, CADRE_OUTCOME_ERROR, "no-worker", message);
}

void unplaceable_job (context_t *ctx, job_t *job)
{
    if (job->doom || job->abandoned || s_is_settled (ctx, job)) {
        job->waiting_us = 0;
        job->noticed = false;
        return;
    }
    if (job->waiting_us == 0)
        job->waiting_us = ctx->now_us;
    int64_t waited_us = ctx->now_us - job->waiting_us;
    bool at_once = ctx->embedded && roster_count (ctx->roster) > 0;
    if (s_is_unknown (ctx, job) && (at_once || waited_us >= UNPLACEABLE_FUNCTION_US))
        s_fail_function (ctx, job);
    else if (at_once || waited_us >= UNPLACEABLE_US)
        s_unplaceable_judge (ctx, job);
}
