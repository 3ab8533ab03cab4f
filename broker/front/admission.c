//  admission.c - limits for JOB_OPEN and JOB_FOLLOW

#include "broker/front/admission.h"

#include "broker/core/budget.h"
#include "broker/peers/key_usage.h"
#include "common/units.h"

static bool s_needs_fit (const wire_list_t *needs)
{
    cursor_t cursor = cursor_of_view (needs->values);
    view_t need;
    for (size_t i = 0; i < needs->count; i++)
        if (!cursor_text (&cursor, &need) || need.size >= CONTEXT_NAME_BYTES)
            return false;
    return needs->count <= JOB_NEEDS_MAX;
}

static cadre_error_t s_check_fields (const wire_job_open_t *open, fault_t *fault)
{
    if (open->function.size >= CONTEXT_NAME_BYTES
        || (open->kind != WIRE_KIND_COMMAND && open->function.size == 0))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "a function's name has from 1 to %d bytes",
                          CONTEXT_NAME_BYTES - 1);
    if (open->name.size >= CONTEXT_NAME_BYTES)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "a job's name has at most %d bytes",
                          CONTEXT_NAME_BYTES - 1);
    if (!s_needs_fit (&open->needs))
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "a job needs at most %u labels, texts of up to %d bytes", JOB_NEEDS_MAX,
                          CONTEXT_NAME_BYTES - 1);
    if (open->spec.size > ADMISSION_SPEC_BYTES)
        return fault_set (
            fault, CADRE_ERROR_TOO_LARGE,
            "environment and directory of the job's commands have %zu KiB, and at most %u may be: "
            "unset what they do not need",
            open->spec.size / 1024, ADMISSION_SPEC_BYTES / 1024);
    return CADRE_OK;
}

//  Computed before anything is allocated.
static uint64_t s_admission_cost (const wire_job_open_t *open, size_t size_bytes)
{
    uint64_t cost =
        sizeof (job_t) + JOB_AROUND_BYTES + size_bytes + open->ended.count * sizeof (wire_span_t);
    return open->durable ? cost + 3 * size_bytes
                         : cost; //  JOB_OPEN itself, and its record for the store
}

//  Others have less than it.
static cadre_error_t s_fault_over (const context_t *ctx, const client_t *client, fault_t *fault)
{
    char held [UNITS_TEXT_BYTES], share [UNITS_TEXT_BYTES];
    return fault_set (
        fault, CADRE_ERROR_MEMORY,
        "tasks and results of key %s take up %s of the broker's memory; its share is %s, and the rest is "
        "for others now: wait until its tasks have run, forget jobs that have ended (cadre job forget), "
        "or start the broker with a larger --memory",
        client->key, units_print_size (key_usage_held (client->usage), held, sizeof held),
        units_print_size (budget_share (ctx), share, sizeof share));
}

cadre_error_t admission_fault_full (const context_t *ctx, const client_t *client, fault_t *fault)
{
    char held [UNITS_TEXT_BYTES], limit [UNITS_TEXT_BYTES];
    if (key_usage_is_over (ctx, client->usage))
        return s_fault_over (ctx, client, fault);
    return fault_set (
        fault, CADRE_ERROR_MEMORY,
        "the broker's memory is full (%s of %s): forget jobs that have ended (cadre job list, cadre job "
        "forget), or start it with a larger --memory",
        units_print_size (context_used_bytes (ctx), held, sizeof held),
        units_print_size (ctx->memory_limit, limit, sizeof limit));
}

static cadre_error_t s_check_budgets (const context_t *ctx, const client_t *client, uint64_t cost,
                                      fault_t *fault)
{
    char text [UNITS_TEXT_BYTES];
    uint64_t session = client->job_bytes + client_refs_bytes (client),
             most = budget_session_jobs (ctx);
    if (session + cost > most)
        return fault_set (
            fault, CADRE_ERROR_TOO_LARGE,
            "the jobs of this connection take up more than %s, without their tasks: wait until "
            "some have ended, or start the broker with a larger --memory",
            units_print_size (most, text, sizeof text));
    most = budget_key_jobs (ctx);
    if (key_usage_is_one (client->usage) && client->usage->open_bytes + cost > most)
        return fault_set (
            fault, CADRE_ERROR_TOO_LARGE,
            "the jobs of key %s take up more than %s, without their tasks: forget those that have "
            "ended (cadre job forget), or start the broker with a larger --memory",
            client->key, units_print_size (most, text, sizeof text));
    most = budget_jobs (ctx) - (key_usage_is_over (ctx, client->usage) ? budget_spare (ctx) : 0);
    return context_used_bytes (ctx) + cost > most ? admission_fault_full (ctx, client, fault)
                                                  : CADRE_OK;
}

cadre_error_t admission_check_open (context_t *ctx, const client_t *client,
                                    const wire_job_open_t *open, size_t size_bytes, fault_t *fault)
{
    cadre_error_t error = s_check_fields (open, fault);
    if (error)
        return error;
    error = s_check_budgets (ctx, client, s_admission_cost (open, size_bytes), fault);
    ctx->refused_bytes += error != CADRE_OK;
    return error;
}

cadre_error_t admission_check_follow (context_t *ctx, const client_t *client, fault_t *fault)
{
    cadre_error_t error = s_check_budgets (ctx, client, CLIENT_FOLLOW_BYTES, fault);
    ctx->refused_bytes += error != CADRE_OK;
    return error;
}
