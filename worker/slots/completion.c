//  completion.c - handles the messages of a slot: ready, results, output

#include "worker/slots/completion.h"

#include "common/rules.h"
#include "worker/runner/failure.h"
#include "worker/slots/lease_answers.h"
#include "worker/slots/limits.h"
#include "worker/slots/partial_map.h"
#include "worker/slots/result_checks.h"
#include "worker/slots/slot_stage.h"
#include "worker/slots/slot_starts.h"

#include <signal.h>
#include <stdio.h>

#define LAST_LOOK_MS 100 //  For an unusable slot to end by itself
#define LACK "killed for lack of memory; give the container or machine more, or run fewer slots"

static bool s_on_ready (slots_t *self, slot_handle_t *handle, cursor_t *body)
{
    wire_slot_ready_t fields;
    if (handle->state != SLOT_HANDLE_STARTING || !wire_read_slot_ready (body, &fields))
        return false;
    if (!result_checks_is_of_use (&fields, &self->start_fault)) {
        self->failures = SLOTS_STARTS_MAX;
        slot_starts_failed (self);
        slot_stage_farewell (self, handle, LAST_LOOK_MS);
        return true;
    }
    if (self->functions_count == 0) { //  The broker keeps the first list
        buffer_append (&self->functions, fields.functions.values.data,
                       fields.functions.values.size);
        self->functions_count = fields.functions.count;
    }
    timers_cancel (self->options.timers, &self->pause);
    slot_handle_move (handle, SLOT_HANDLE_READY);
    return true;
}

//  A command, or a command run by a shell, was killed, and the kernel has killed for lack of memory
//  while it ran.
static bool s_lacked_memory (slots_t *self, const wire_slot_result_t *fields)
{
    int64_t now_us = clock_now (self->options.clock);
    bool killed = (fields->outcome == CADRE_OUTCOME_SIGNAL && fields->code == SIGKILL)
                  || (fields->outcome == CADRE_OUTCOME_EXIT && fields->code == 128 + SIGKILL);
    return killed && oom_struck (&self->oom, now_us - (int64_t) fields->run_us, now_us);
}

//  Its value is in a file that is of no use, or for which there was no descriptor.
static void s_lack_value (slots_t *self, lease_t *lease, uint64_t size_bytes)
{
    char message [160];
    snprintf (message, sizeof message,
              "no memory or descriptor in the worker for a result of %llu bytes: raise the limit "
              "(ulimit -v, ulimit -n)",
              (unsigned long long) size_bytes);
    lease_answers_fail (self, lease, "memory", message);
}

//  whole has the value when it came in a file.
static void s_pass_on (slots_t *self, lease_t *lease, const wire_slot_result_t *fields,
                       const buffer_t *whole)
{
    buffer_t detail = {0};
    fault_t fault;
    if (wire_file_of (fields->value)) {
        s_lack_value (self, lease, wire_file_of (fields->value));
        return;
    }
    if (!result_checks_is_sound (lease, fields, &fault)) {
        lease_answers_fail (self, lease, "value", fault.text);
        return;
    }
    bool memory = s_lacked_memory (self, fields);
    slots_result_t result = {.outcome = memory ? CADRE_OUTCOME_OUT_OF_MEMORY
                                               : result_checks_outcome (lease, fields),
                             .code = fields->code,
                             .run_us = fields->run_us,
                             .value = fields->value,
                             .whole = whole->size ? whole : NULL};
    if (result.outcome != CADRE_OUTCOME_OK || fields->detail.size > 1) { //  More than nil
        failure_pack_with_worker (&detail, fields->detail, self->options.worker,
                                  memory ? LACK : NULL);
        result.detail = wire_view_of (&detail);
    }
    lease_answers_give (self, lease, &result);
    buffer_free (&detail);
}

//  A task that was being stopped has ended by itself: is its result still valid?
static bool s_result_stands (const lease_t *lease, uint64_t outcome)
{
    if (lease->verdict == LEASE_GOES_ON || lease->verdict == LEASE_DROPPED)
        return outcome != CADRE_OUTCOME_EXPIRED; //  It was not started, and is returned
    if (lease->verdict == LEASE_CANCELLED && lease->job->kind == WIRE_KIND_COMMAND)
        return outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_CANCELLED;
    return lease->verdict != LEASE_TIMED_OUT && outcome == CADRE_OUTCOME_OK;
}

//  Only the running task, which is the first one, can write or end. If a slot has corrupted its
//  page, it is unknown what has begun; results from before still count, because a correct slot
//  begins nothing afterwards.
static bool s_is_of_first (slot_handle_t *handle, uint64_t ticket)
{
    return handle->tasks && ticket == handle->tasks->ticket
           && slot_handle_has_begun (handle, handle->tasks)
           && (handle->fault != SLOT_HANDLE_TORN || slot_handle_has_gone_on (handle));
}

//  A slot does not start expired tasks, and reports that. No try is used up, so the expiry is
//  verified by our own clock.
static bool s_may_expire (const slots_t *self, const lease_t *lease)
{
    return lease->begin_by_us && lease->begin_by_us <= clock_now (self->options.clock);
}

//  A value in a file takes the place of the reference to it. False when none has come.
static bool s_fetch (slot_handle_t *handle, wire_slot_result_t *fields, buffer_t *whole)
{
    uint64_t size = wire_file_of (fields->value);
    if (!size)
        return true;
    if (!slot_handle_take_file (handle, size, whole))
        return false;
    if (whole->size)
        fields->value = wire_view_of (whole);
    return true;
}

//  What a slot says of the task that it was given first.
static void s_conclude (slots_t *self, slot_handle_t *handle, const wire_slot_result_t *fields,
                        const buffer_t *whole)
{
    lease_t *lease = slot_handle_take (handle);
    bool signalled = handle->stage == SLOT_HANDLE_TERMED || handle->stage == SLOT_HANDLE_KILLED;
    handle->slow = false;
    handle->given += lease_tasks (lease);
    self->failures = 0;
    if (handle->stage != SLOT_HANDLE_CALM && !signalled)
        slot_stage_clear (self, handle);
    if (job_cache_is_replaced (self->jobs, lease->job) && !handle->tasks)
        slot_handle_end_job (handle, self->jobs, lease->job);
    if (lease->verdict == LEASE_GOES_ON && fields->outcome != CADRE_OUTCOME_EXPIRED)
        job_cache_measure (lease->job, (int64_t) fields->run_us);
    if (s_result_stands (lease, fields->outcome))
        s_pass_on (self, lease, fields, whole);
    else {
        partial_map_answer (handle, lease);
        lease_answers_carry_out (self, lease, (int64_t) fields->run_us, false);
    }
    if (signalled) //  It survived the signal: its state is unknown
        slot_stage_kill (self, handle);
    else
        limits_watch (self, handle);
}

static bool s_completion_on_result (slots_t *self, slot_handle_t *handle, cursor_t *body)
{
    wire_slot_result_t fields;
    buffer_t whole = {0};
    if (!wire_read_slot_result (body, &fields) || !s_is_of_first (handle, fields.ticket)
        || fields.run_us > INT64_MAX
        || (fields.outcome == CADRE_OUTCOME_EXPIRED && !s_may_expire (self, handle->tasks))
        || !s_fetch (handle, &fields, &whole))
        return false;
    s_conclude (self, handle, &fields, &whole);
    buffer_free (&whole);
    return true;
}

static bool s_completion_on_output (slots_t *self, slot_handle_t *handle, cursor_t *body)
{
    wire_slot_output_t fields;
    if (!wire_read_slot_output (body, &fields) || !s_is_of_first (handle, fields.ticket)
        || !rules_message_output (fields.stream, fields.bytes, NULL))
        return false;
    lease_t *lease = handle->tasks;
    lease->output_sent += fields.bytes.size;
    if (lease->verdict != LEASE_DROPPED && !lease->discards)
        self->options.events.output (self->options.events.context, lease, (unsigned) fields.stream,
                                     fields.bytes);
    return true;
}

static bool s_on_message (slots_t *self, slot_handle_t *handle, uint8_t verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_slot_ready: return s_on_ready (self, handle, body);
    case WIRE_slot_result: return s_completion_on_result (self, handle, body);
    case WIRE_slot_output: return s_completion_on_output (self, handle, body);
    default: return false;
    }
}

void completion_read (slots_t *self, slot_handle_t *handle)
{
    size_t offset = 0;
    uint8_t verb;
    cursor_t body;
    int more = 0;
    slot_handle_read (handle);
    while ((more = slot_handle_message (handle, &offset, &verb, &body)) > 0)
        if (!s_on_message (self, handle, verb, &body)) {
            more = -1;
            break;
        }
    slot_handle_consume (handle, offset);
    if (more < 0) {
        handle->deaf = true;
        handle->fault = handle->fault ? handle->fault : SLOT_HANDLE_GARBLED;
    }
}
