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

static bool s_on_ready (slots_t *self, slot_handle_t *seat, cursor_t *body)
{
    wire_slot_ready_t fields;
    if (seat->state != SLOT_HANDLE_STARTING || !wire_read_slot_ready (body, &fields))
        return false;
    if (!testimony_is_of_use (&fields, &self->start_fault)) {
        self->failures = SLOTS_STARTS_MAX;
        slot_starts_failed (self);
        slot_stage_farewell (self, seat, LAST_LOOK_MS);
        return true;
    }
    if (self->functions_count == 0) { //  The broker keeps the first list
        buffer_append (&self->functions, fields.functions.values.data,
                       fields.functions.values.size);
        self->functions_count = fields.functions.count;
    }
    timers_cancel (self->options.timers, &self->pause);
    slot_handle_move (seat, SLOT_HANDLE_READY);
    return true;
}

//  A command, or a command run by a shell, was killed, and the kernel has killed for lack of memory
//  while it ran.
static bool s_lacked_memory (slots_t *self, const wire_slot_result_t *fields)
{
    int64_t now_us = moment_now (self->options.clock);
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
    answers_fail (self, lease, "memory", message);
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
    if (!testimony_is_sound (lease, fields, &fault)) {
        answers_fail (self, lease, "value", fault.text);
        return;
    }
    bool memory = s_lacked_memory (self, fields);
    slots_result_t result = {.outcome = memory ? CADRE_OUTCOME_OUT_OF_MEMORY
                                               : testimony_outcome (lease, fields),
                             .code = fields->code,
                             .run_us = fields->run_us,
                             .value = fields->value,
                             .whole = whole->size ? whole : NULL};
    if (result.outcome != CADRE_OUTCOME_OK || fields->detail.size > 1) { //  More than nil
        failure_pack_with_worker (&detail, fields->detail, self->options.worker,
                                  memory ? LACK : NULL);
        result.detail = wire_view_of (&detail);
    }
    answers_give (self, lease, &result);
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
static bool s_is_of_first (slot_handle_t *seat, uint64_t ticket)
{
    return seat->tasks && ticket == seat->tasks->ticket && slot_handle_has_begun (seat, seat->tasks)
           && (seat->fault != SLOT_HANDLE_TORN || slot_handle_has_gone_on (seat));
}

//  A slot does not start expired tasks, and reports that. No try is used up, so the expiry is
//  verified by our own clock.
static bool s_may_expire (const slots_t *self, const lease_t *lease)
{
    return lease->begin_by_us && lease->begin_by_us <= moment_now (self->options.clock);
}

//  A value in a file takes the place of the reference to it. False when none has come.
static bool s_fetch (slot_handle_t *seat, wire_slot_result_t *fields, buffer_t *whole)
{
    uint64_t size = wire_file_of (fields->value);
    if (!size)
        return true;
    if (!slot_handle_take_file (seat, size, whole))
        return false;
    if (whole->size)
        fields->value = wire_view_of (whole);
    return true;
}

//  What a slot says of the task that it was given first.
static void s_conclude (slots_t *self, slot_handle_t *seat, const wire_slot_result_t *fields,
                        const buffer_t *whole)
{
    lease_t *lease = slot_handle_take (seat);
    bool signalled = seat->stage == SLOT_HANDLE_TERMED || seat->stage == SLOT_HANDLE_KILLED;
    seat->slow = false;
    seat->given++;
    self->failures = 0;
    if (seat->stage != SLOT_HANDLE_CALM && !signalled)
        slot_stage_clear (self, seat);
    if (jobs_is_bygone (self->jobs, lease->job) && !seat->tasks)
        slot_handle_end_job (seat, self->jobs, lease->job);
    if (lease->verdict == LEASE_GOES_ON && fields->outcome != CADRE_OUTCOME_EXPIRED)
        jobs_measure (lease->job, (int64_t) fields->run_us);
    if (s_result_stands (lease, fields->outcome))
        s_pass_on (self, lease, fields, whole);
    else {
        glean (seat, lease);
        answers_carry_out (self, lease, (int64_t) fields->run_us, false);
    }
    if (signalled) //  It survived the signal: its state is unknown
        slot_stage_kill (self, seat);
    else
        limits_watch (self, seat);
}

static bool s_on_result (slots_t *self, slot_handle_t *seat, cursor_t *body)
{
    wire_slot_result_t fields;
    buffer_t whole = {0};
    if (!wire_read_slot_result (body, &fields) || !s_is_of_first (seat, fields.ticket)
        || fields.run_us > INT64_MAX
        || (fields.outcome == CADRE_OUTCOME_EXPIRED && !s_may_expire (self, seat->tasks))
        || !s_fetch (seat, &fields, &whole))
        return false;
    s_conclude (self, seat, &fields, &whole);
    buffer_free (&whole);
    return true;
}

static bool s_on_output (slots_t *self, slot_handle_t *seat, cursor_t *body)
{
    wire_slot_output_t fields;
    if (!wire_read_slot_output (body, &fields) || !s_is_of_first (seat, fields.ticket)
        || !rules_message_output (fields.stream, fields.bytes, NULL))
        return false;
    lease_t *lease = seat->tasks;
    lease->output_sent += fields.bytes.size;
    if (lease->verdict != LEASE_DROPPED && !lease->discards)
        self->options.events.output (self->options.events.context, lease, (unsigned) fields.stream,
                                     fields.bytes);
    return true;
}

static bool s_on_message (slots_t *self, slot_handle_t *seat, uint8_t verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_slot_ready: return s_on_ready (self, seat, body);
    case WIRE_slot_result: return s_on_result (self, seat, body);
    case WIRE_slot_output: return s_on_output (self, seat, body);
    default: return false;
    }
}

void completion_read (slots_t *self, slot_handle_t *seat)
{
    size_t offset = 0;
    uint8_t verb;
    cursor_t body;
    int more = 0;
    slot_handle_read (seat);
    while ((more = slot_handle_message (seat, &offset, &verb, &body)) > 0)
        if (!s_on_message (self, seat, verb, &body)) {
            more = -1;
            break;
        }
    slot_handle_consume (seat, offset);
    if (more < 0) {
        seat->deaf = true;
        seat->fault = seat->fault ? seat->fault : SLOT_HANDLE_GARBLED;
    }
}
