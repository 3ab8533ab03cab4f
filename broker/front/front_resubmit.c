//  front_resubmit.c - handles a detached job that is submitted again

#include "broker/front/front_resubmit.h"

#include <string.h>

#include "broker/delivery/durable_answers.h"
#include "broker/front/front_session.h"
#include "broker/front/job_owner.h"

//  A job of another holder with the same UUID is another job. A store of an old release that did
//  not record holders has jobs without one; their tasks are not run again for any holder.
job_t *front_resubmit_find (const front_t *self, const client_t *client,
                            const uint8_t uuid [WIRE_UUID_BYTES])
{
    identity_t own = identity_of (uuid, wire_view (client->holder)),
               nobodys = identity_of (uuid, wire_view (""));
    job_t *job = job_table_find_identity (self->ctx->jobs, &own);
    return job ? job : job_table_find_identity (self->ctx->jobs, &nobodys);
}

uint64_t front_resubmit_forgotten (const front_t *self, const client_t *client,
                                   const uint8_t uuid [WIRE_UUID_BYTES])
{
    identity_t own = identity_of (uuid, wire_view (client->holder)),
               nobodys = identity_of (uuid, wire_view (""));
    uint64_t number = ledger_jobs_forgotten (self->ctx->ledger, &own);
    return number ? number : ledger_jobs_forgotten (self->ctx->ledger, &nobodys);
}

void front_resubmit_tell_state (front_t *self, client_t *client, job_t *job, uint64_t ref)
{
    follower_new (client, job,
                  &(wire_job_follow_t){.ref = ref, .number = job->number, .wait = true});
    client_touch (client, self->ctx);
}

//  ==== comparison of jobs ==============================================================

//  The value of an entry of the spec, or nothing.
static view_t s_entry (view_t spec, const char *name)
{
    cursor_t cursor = cursor_find (spec, name);
    view_t value = {0};
    cursor_skip (&cursor, &value);
    return value;
}

static bool s_same_bytes (view_t one, view_t other)
{
    return one.size == other.size
           && (one.size == 0 || memcmp (one.data, other.data, one.size) == 0);
}

//  The variables that the submitter named; they follow the inherited ones.
static view_t s_variables (view_t spec)
{
    cursor_t cursor = cursor_find (spec, "env"), front = cursor_find (spec, "env_around");
    size_t count = 0;
    uint64_t around = 0;
    cursor_uint (&front, &around);
    cursor_array (&cursor, &count);
    for (size_t i = 0; i < around && i < count; i++)
        cursor_skip (&cursor, NULL);
    const uint8_t *start = cursor.at;
    for (size_t i = around; i < count; i++)
        cursor_skip (&cursor, NULL);
    return around < count ? (view_t){start, (size_t) (cursor.at - start)} : (view_t){0};
}

//  The directory, if the submitter named it.
static view_t s_directory (view_t spec)
{
    cursor_t cursor = cursor_find (spec, "dir_around");
    bool around = false;
    if (cursor_bool (&cursor, &around) && around)
        return (view_t){0};
    return s_entry (spec, "dir");
}

//  The part of the commands' common data that differs; NULL: none. A job from a release that did
//  not record which parts were named counts as equal.
static const char *s_spec_differs (const job_t *job, view_t new)
{
    view_t old = wire_view_of (&job->spec);
    if (!*job->identity.holder)
        return NULL;
    if (!s_same_bytes (s_directory (old), s_directory (new)))
        return "in another directory than now";
    if (!s_same_bytes (s_variables (old), s_variables (new)))
        return "with other variables (--env) than now";
    if (!s_same_bytes (s_entry (old, "shell"), s_entry (new, "shell")))
        return "by another shell than now";
    if (!s_same_bytes (s_entry (old, "stdin"), s_entry (new, "stdin")))
        return "with another stdin than now";
    bool marks = s_same_bytes (s_entry (old, "slot_mark"), s_entry (new, "slot_mark"));
    return marks ? NULL : "with another command than now";
}

//  The part of the job's identity that differs; NULL: none. Options that only decide when, where
//  and how often tasks run are not compared, except promises on which the submitter relies.
static const char *s_differs (const job_t *job, const wire_job_open_t *open)
{
    retry_policy_t tries = {.again = {0}};
    const char *spec = s_spec_differs (job, open->spec);
    if (spec)
        return spec;
    if (open->durable && !job->durable)
        return "to be kept in memory only";
    if (retry_policy_read (&tries, open) && tries.again [CADRE_OUTCOME_WORKER_LOST] == 0
        && !job_runs_once (job))
        return "with tasks that may run twice";
    return NULL;
}

//  ==== JOB_OPEN ====================================================================

static cadre_error_t s_check_same (const job_t *job, const wire_job_open_t *open, fault_t *fault)
{
    unsigned long long number = job->number;
    if (open->kind != job->kind || !view_is (open->function, job->function))
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this job was submitted before, as %llu, to run %s, and now with another function or kind: choose another identity",
            number, *job->function ? job->function : "commands");
    const char *other = s_differs (job, open);
    return other ? fault_set (fault, CADRE_ERROR_REFUSED,
                              "this job was submitted before, as %llu, %s: choose another identity",
                              number, other)
                 : CADRE_OK;
}

//  The key must permit the job's own function, not the one that the client names.
static cadre_error_t s_front_resubmit_check (const front_t *self, const client_t *client,
                                             const job_t *job, const wire_job_open_t *open,
                                             fault_t *fault)
{
    if (!job_owner_reaches (self->ctx, client, job))
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this job was submitted before, to a release that did not record its owner: ask for a key with access to all jobs (cadre keygen --jobs all), or choose another identity");
    if (authz_check_job (self->ctx->authz, client->peer, client->key, job->kind, job->function,
                         fault))
        return fault->code;
    if (!job->detached)
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "this job is open already on another connection");
    return s_check_same (job, open, fault);
}

bool front_resubmit_open (front_t *self, client_t *client, const wire_job_open_t *open, job_t *job)
{
    fault_t fault = {0};
    if (s_front_resubmit_check (self, client, job, open, &fault)) {
        client_ref_add (client, open->ref, REF_REFUSED, 0);
        client_opened (client, self->ctx, open->ref, 0, &fault);
        return true;
    }
    client_ref_add (client, open->ref, REF_JOB, job->number);
    job->shared = true;
    client->durable = client->durable || job->durable;
    if (job->durable && self->ctx->journal)
        durable_answers_opened (self->ctx->journal, client, open->ref, job->number);
    else
        client_opened (client, self->ctx, open->ref, job->number, &fault);
    front_resubmit_tell_state (self, client, job, open->ref);
    return true;
}

//  ==== JOB_TASKS ===================================================================

//  Adds one payload of a task that the job has. A client that continues after a lost connection
//  begins after the acknowledged tasks: earlier payloads are unknown. False when parts are missing.
static bool s_front_resubmit_compare (client_t *client, digest_t *digest, uint64_t index,
                                      view_t payload)
{
    buffer_t large = {0};
    uint64_t number = wire_parts_of (payload);
    if (number && !parts_take (client->parts, number, &large))
        return false;
    if (digest->tasks != index)
        digest->blind = true;
    digest->tasks = (uint32_t) index;
    digest_add (digest, number ? wire_view_of (&large) : payload);
    buffer_free (&large);
    return true;
}

resubmit_t front_resubmit_skip (client_t *client, const job_t *job, ref_t *ref,
                                wire_job_tasks_t *tasks)
{
    cursor_t cursor = cursor_of_view (tasks->payloads.values);
    view_t payload;
    while (tasks->first < job->promised && tasks->payloads.count) {
        cursor_skip (&cursor, &payload);
        if (!s_front_resubmit_compare (client, &ref->digest, tasks->first, payload))
            return AGAIN_BROKEN;
        tasks->first++;
        tasks->payloads.count--;
    }
    tasks->payloads.values = (view_t){.data = cursor.at, .size = (size_t) (cursor.end - cursor.at)};
    //  Compares tasks that other clients have added meanwhile with those that are still to come
    bool all = ref->digest.tasks == job->promised;
    return all && !digest_same (&ref->digest, &job->digest) ? AGAIN_OTHER : AGAIN_SAME;
}

bool front_resubmit_refuse (front_t *self, client_t *client, const job_t *job, uint64_t ref)
{
    fault_t fault = {0};
    fault_set (
        &fault, CADRE_ERROR_REFUSED,
        "this job was submitted before, as %llu, with %u tasks that differ from these: choose another identity",
        (unsigned long long) job->number, job->promised);
    client_opened (client, self->ctx, ref, 0, &fault);
    return true;
}
