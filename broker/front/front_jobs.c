//  front_jobs.c - handles JOB_OPEN, JOB_TASKS, JOB_SEAL, JOB_CANCEL, JOB_FOLLOW

#include "broker/front/front_jobs.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/delivery/durable_answers.h"
#include "broker/diagnosis/unplaceable.h"
#include "broker/front/admission.h"
#include "broker/front/front_resubmit.h"
#include "broker/front/front_session.h"
#include "broker/front/job_owner.h"
#include "broker/journal/records.h"
#include "broker/recovery/persistence.h"
#include "common/rules.h"

#define DURATION_MAX_MS (400ull * 24 * 3600 * 1000) //  400 days

static bool s_spec_is_map (view_t spec)
{
    cursor_t cursor = cursor_of_view (spec);
    return cursor_peek (&cursor) == CURSOR_MAP || cursor_peek (&cursor) == CURSOR_NIL;
}

static cadre_error_t s_check_rights (const front_t *self, const client_t *client,
                                     const wire_job_open_t *open, fault_t *fault)
{
    char function [CONTEXT_NAME_BYTES];
    view_copy (open->function, function, sizeof function);
    return authz_check_job (self->ctx->authz, client->peer, client->key, open->kind, function,
                            fault);
}

static cadre_error_t s_check_open (const front_t *self, const client_t *client,
                                   const wire_job_open_t *open, fault_t *fault)
{
    if (self->ctx->state != CONTEXT_RUNNING && (open->detached || self->ctx->embedded))
        return fault_set (fault, CADRE_ERROR_REFUSED,
                          "this broker is draining: it takes no new jobs");
    if (client->jobs_open >= CLIENT_JOBS_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "%u jobs are open on this connection: wait until some have ended",
                          CLIENT_JOBS_MAX);
    if (open->kind < WIRE_KIND_CALL || open->kind > WIRE_KIND_MAP)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "a job's kind is 1 (call), 2 (command) or 3 (map)");
    if (open->durable && persistence_need (self->ctx, fault))
        return fault->code;
    if (open->priority > JOB_PRIORITY_MAX || open->priority < -JOB_PRIORITY_MAX)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "a priority is between -%d and %d",
                          JOB_PRIORITY_MAX, JOB_PRIORITY_MAX);
    if (open->timeout_ms > DURATION_MAX_MS || open->grace_ms > DURATION_MAX_MS
        || open->expire_ms > DURATION_MAX_MS)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "a timeout is at most 400 days");
    retry_policy_t tries;
    if (!retry_policy_read (&tries, open) || !spans_can_be_read (&open->ended))
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "the field causes is a map of outcomes to numbers, and the field ended a list of spans");
    if (!s_spec_is_map (open->spec))
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the spec of a job is a map or nil");
    return CADRE_OK;
}

//  A detached job that was submitted before, has ended and was forgotten is not run again. A client
//  that may not open it is not told that it existed.
static bool s_is_ghost (const front_t *self, const client_t *client, const wire_job_open_t *open,
                        fault_t *fault)
{
    fault_t denied = {0};
    uint64_t number = front_resubmit_forgotten (self, client, open->uuid.data);
    if (!number || s_check_rights (self, client, open, &denied))
        return false;
    fault_set (fault, CADRE_ERROR_NOT_FOUND,
               "this job was submitted before, as %llu, has ended, and was forgotten",
               (unsigned long long) number);
    return true;
}

//  Withdraws the job and tells its client why.
static void s_front_jobs_take_back (front_t *self, client_t *client, job_t *job, uint64_t ref,
                                    const fault_t *fault)
{
    client_opened (client, self->ctx, ref, 0, fault);
    ledger_jobs_withdraw (self->ctx->ledger, job);
}

//  A durable job is confirmed when it is on the disk. False when the store has no room for it.
static bool s_record (front_t *self, client_t *client, job_t *job, uint64_t ref, view_t open,
                      fault_t *fault)
{
    journal_t *journal = self->ctx->journal;
    if (journal_admit (journal, job, open.size, 0, fault)) {
        s_front_jobs_take_back (self, client, job, ref, fault);
        return false;
    }
    records_job (journal, job, open);
    durable_answers_opened (journal, client, ref, job->number);
    return true;
}

//  A broker that drains leaves an attached job to the next one: its client has all of it, and hands
//  it over when it has reconnected.
static void s_leave_to_next (front_t *self, client_t *client, uint64_t ref)
{
    client_ref_add (client, ref, REF_REFUSED, 0);
    client_notice (
        client, self->ctx, ref, CADRE_ERROR_REFUSED,
        "the broker drains and takes no new jobs: this one waits until it is back, or another "
        "is in its place");
}

bool front_jobs_open (front_t *self, client_t *client, cursor_t *body)
{
    wire_job_open_t open;
    view_t whole = {body->at, (size_t) (body->end - body->at)};
    fault_t fault = {0};
    if (!wire_read_job_open (body, &open) || !cursor_done (body) || open.ref == 0
        || open.uuid.size != WIRE_UUID_BYTES || client_ref (client, open.ref)
        || HASH_COUNT (client->refs) >= CLIENT_REFS_MAX)
        return false;
    job_t *job = front_resubmit_find (self, client, open.uuid.data);
    if (job)
        return front_resubmit_open (self, client, &open, job);
    if (s_is_ghost (self, client, &open, &fault) || s_check_rights (self, client, &open, &fault)
        || admission_check_open (self->ctx, client, &open, whole.size, &fault)
        || s_check_open (self, client, &open, &fault)) {
        client_ref_add (client, open.ref, REF_REFUSED, 0);
        client_opened (client, self->ctx, open.ref, 0, &fault);
        return true;
    }
    if (self->ctx->state != CONTEXT_RUNNING) {
        s_leave_to_next (self, client, open.ref);
        return true;
    }
    job = ledger_jobs_open (self->ctx->ledger, client, &open);
    client_ref_add (client, open.ref, REF_JOB, job->number);
    client->durable = client->durable || job->durable;
    if (!job->durable)
        client_opened (client, self->ctx, open.ref, job->number, &fault);
    else if (!s_record (self, client, job, open.ref, whole, &fault))
        return true;
    if (job->detached)
        front_resubmit_tell_state (self, client, job, open.ref);
    unplaceable_job (self->ctx, job);
    return true;
}

//  The job of a ref. *known is false when the client never opened it; NULL for a job that was
//  refused or has ended.
static job_t *s_job (front_t *self, const client_t *client, uint64_t number, bool *known)
{
    const ref_t *ref = client_ref ((client_t *) client, number);
    *known = ref && ref->kind != REF_FOLLOW;
    return *known && ref->kind == REF_JOB ? job_table_find (self->ctx->jobs, ref->job) : NULL;
}

//  Each payload is an array, or a reference to parts that have arrived. Adds them to the digest.
static bool s_take_parts (client_t *client, job_t *job, uint32_t first, const wire_list_t *payloads,
                          digest_t *digest, fault_t *fault)
{
    const rules_shape_t *shape = rules_payload (job->kind);
    cursor_t cursor = cursor_of_view (payloads->values);
    for (size_t i = 0; i < payloads->count; i++) {
        view_t payload;
        buffer_t large = {0};
        bool had = cursor_peek (&cursor) == CURSOR_NIL && spans_hold (&job->has, first + i);
        if (had || cursor_peek (&cursor) == CURSOR_ARRAY) {
            cursor_skip (&cursor, &payload);
            if (payload.size > WIRE_INLINE_MAX || !rules_check (payload, shape, fault))
                return false;
            if (job->detached)
                digest_add (digest, payload);
            continue;
        }
        cursor_skip (&cursor, &payload);
        uint64_t number = wire_parts_of (payload);
        if (number && parts_take_given_up (client->parts, number)) {
            fault_set (
                fault, CADRE_ERROR_DESCRIPTORS,
                "the broker has no descriptor or memory for the file of a payload: raise its "
                "limit (ulimit -n)");
            return false;
        }
        if (!number || !parts_take_as (client->parts, number, shape, &large, fault))
            return false;
        cursor_t begin = cursor_of_view (wire_view_of (&large));
        if (cursor_peek (&begin) != CURSOR_ARRAY) {
            fault_set (fault, CADRE_ERROR_ARGUMENT, "%s: it is not an array", shape->name);
            buffer_free (&large);
            return false;
        }
        if (job->detached)
            digest_add (digest, wire_view_of (&large));
        payloads_put_large (job->stock, first + (uint32_t) i, &large);
    }
    return true;
}

//  Has one of its tasks been leased or ended, or has another client opened it, too?
static bool s_has_begun (const job_t *job)
{
    return job->shared || job->next > 0 || job->done + job->failed > 0;
}

//  A durable job that does not fit into the store is withdrawn completely, or cancelled if it has
//  begun.
static bool s_front_jobs_has_room (front_t *self, client_t *client, job_t *job,
                                   const wire_job_tasks_t *tasks)
{
    fault_t fault = {0};
    if (!job->durable || !self->ctx->journal)
        return true;
    size_t bytes = tasks->payloads.values.size;
    for (size_t i = 0; i < tasks->payloads.count; i++)
        bytes += payloads_large_size (job->stock, job->promised + (uint32_t) i);
    if (journal_admit (self->ctx->journal, job, bytes, tasks->payloads.count, &fault) == CADRE_OK)
        return true;
    if (!s_has_begun (job)) {
        s_front_jobs_take_back (self, client, job, tasks->ref, &fault);
        return false;
    }
    ledger_jobs_doom (self->ctx->ledger, job, CADRE_OUTCOME_CANCELLED, "store", fault.text);
    client_opened (client, self->ctx, tasks->ref, 0, &fault);
    ledger_jobs_finish (self->ctx->ledger, job);
    return false;
}

static bool s_refuse_long (front_t *self, const client_t *client, size_t count)
{
    char message [160];
    snprintf (message, sizeof message, "a JOB_TASKS has %zu tasks: send at most %u in one frame",
              count, WIRE_FRAME_TASKS_MAX);
    front_session_refuse (self, client->route, CADRE_ERROR_TOO_LARGE, message);
    return false;
}

bool front_jobs_tasks (front_t *self, client_t *client, cursor_t *body)
{
    wire_job_tasks_t tasks;
    fault_t fault = {0};
    bool known;
    if (!wire_read_job_tasks (body, &tasks) || !cursor_done (body))
        return false;
    if (tasks.payloads.count > WIRE_FRAME_TASKS_MAX)
        return s_refuse_long (self, client, tasks.payloads.count);
    client->received_tasks += tasks.payloads.count;
    self->ctx->turn_tasks += tasks.payloads.count;
    job_t *job = s_job (self, client, tasks.ref, &known);
    if (!job)
        return known;
    client->sends_durable = job->durable;
    ref_t *ref = client_ref (client, tasks.ref);
    resubmit_t again = job->shared ? front_resubmit_skip (client, job, ref, &tasks) : AGAIN_SAME;
    if (again == AGAIN_BROKEN)
        return false;
    if (again == AGAIN_OTHER || (tasks.payloads.count && job->shared && job->seal_promised))
        return front_resubmit_refuse (self, client, job, tasks.ref);
    if (tasks.payloads.count == 0)
        return true;
    if (job->seal_promised || tasks.first != job->promised
        || tasks.payloads.count > WIRE_TASKS_MAX - job->promised)
        return false;
    digest_t digest = job->digest;
    if (!s_take_parts (client, job, job->promised, &tasks.payloads, &digest, &fault)) {
        if (fault.code)
            front_session_refuse (self, client->route, CADRE_ERROR_PROTOCOL, fault.text);
        return false;
    }
    if (!s_front_jobs_has_room (self, client, job, &tasks))
        return true;
    job->digest = ref->digest = digest;
    self->ctx->frame_work++;
    ledger_jobs_submit (self->ctx->ledger, job, &tasks.payloads);
    if (job->leased == 0)
        unplaceable_job (self->ctx, job);
    return true;
}

bool front_jobs_seal (front_t *self, client_t *client, cursor_t *body)
{
    wire_job_seal_t seal;
    bool known;
    if (!wire_read_job_seal (body, &seal) || !cursor_done (body))
        return false;
    job_t *job = s_job (self, client, seal.ref, &known);
    if (!job)
        return known;
    if (job->seal_promised && job->shared)
        return seal.count == job->promised || front_resubmit_refuse (self, client, job, seal.ref);
    if (job->seal_promised)
        return false;
    if (seal.count != job->promised)
        return false;
    ledger_jobs_finish (self->ctx->ledger, job);
    //  Who submits a job and leaves waits for this; of a durable job the store answers
    if (job->detached && !job->durable)
        client->beat_due = true;
    return true;
}

//  The job may have ended while the cancel was in flight: then the ref is unknown, which is not an
//  error.
bool front_jobs_cancel (front_t *self, client_t *client, cursor_t *body)
{
    wire_job_cancel_t cancel;
    bool known;
    if (!wire_read_job_cancel (body, &cancel) || !cursor_done (body))
        return false;
    job_t *job = s_job (self, client, cancel.ref, &known);
    if (!job)
        return true;
    if (cancel.all && cancel.waiting)
        ledger_jobs_stop (self->ctx->ledger, job);
    else if (cancel.all)
        ledger_jobs_cancel_all (self->ctx->ledger, job);
    else if (cancel.index < job->total) //  A task that is not on the disk yet cannot be named
        ledger_jobs_cancel (self->ctx->ledger, job, (uint32_t) cancel.index);
    return true;
}

bool front_jobs_follow (front_t *self, client_t *client, cursor_t *body)
{
    wire_job_follow_t follow;
    fault_t fault = {0};
    if (!wire_read_job_follow (body, &follow) || !cursor_done (body) || follow.ref == 0
        || client_ref (client, follow.ref) || HASH_COUNT (client->refs) >= CLIENT_REFS_MAX)
        return false;
    job_t *job = job_owner_find (self->ctx, client, follow.number, &fault);
    if (job && !job->detached)
        fault_set (
            &fault, CADRE_ERROR_REFUSED,
            "job %llu is attached to client %s: only detached jobs can be followed (cadre submit)",
            (unsigned long long) follow.number, job->client_name);
    else
        admission_check_follow (self->ctx, client, &fault);
    client_opened (client, self->ctx, follow.ref, fault.code ? 0 : job->number, &fault);
    if (fault.code)
        return true;
    client_ref_add (client, follow.ref, REF_FOLLOW, job->number);
    follower_new (client, job, &follow);
    client_touch (client, self->ctx);
    return true;
}
