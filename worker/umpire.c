//  umpire.c - says how leases ended: by a result, or because their time was over

#include "common/rules.h"
#include "worker/failure.h"
#include "worker/glean.h"
#include "worker/slots_inside.h"
#include "worker/testimony.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>

#define TEXT_BYTES 512
#define BACKSTOP_MS 1000  //  How much later than a slot the worker itself ends commands
#define LAST_LOOK_MS 100  //  From the end of the socketpair to SIGKILL
#define KILLED_LOOK_MS 20 //  Between looks for the end of a killed process
#define UNLIMITED_MS (UINT64_C (1) << 40)
#define LACK "killed for lack of memory; give the container or machine more, or run fewer slots"

void umpire_alarm (slots_t *self, seat_t *seat, seat_stage_t stage, uint64_t delay_ms)
{
    uint64_t capped_ms = delay_ms < UNLIMITED_MS ? delay_ms : UNLIMITED_MS;
    seat->stage = stage;
    timers_set (self->options.timers, &seat->alarm,
                moment_now (self->options.clock) + (int64_t) capped_ms * 1000);
}

void umpire_calm (slots_t *self, seat_t *seat)
{
    seat->stage = SEAT_CALM;
    timers_cancel (self->options.timers, &seat->alarm);
}

//  ---- answers -----------------------------------------------------------------

void umpire_forget_job (slots_t *self, job_t **job_p)
{
    if (!(*job_p)->ended || (*job_p)->leases)
        return;
    for (size_t i = 0; i < self->options.count; i++)
        if (self->seats [i].state == SEAT_READY)
            seat_end_job (&self->seats [i], self->jobs, *job_p);
    jobs_remove (self->jobs, job_p);
}

static void s_free (slots_t *self, lease_t *lease)
{
    job_t *job = lease->job;
    if (lease->verdict == LEASE_DROPPED)
        self->dropped--;
    else
        self->held--;
    self->held_bytes -= lease_payload (lease).size;
    lease_destroy (&lease);
    umpire_forget_job (self, &job);
}

void umpire_answer (slots_t *self, lease_t *lease, const slots_result_t *result)
{
    if (lease->verdict != LEASE_DROPPED)
        self->options.events.result (self->options.events.context, lease, result);
    s_free (self, lease);
}

void umpire_return (slots_t *self, lease_t *lease)
{
    if (lease->verdict != LEASE_DROPPED)
        self->options.events.returned (self->options.events.context, lease);
    s_free (self, lease);
}

void umpire_explain (slots_t *self, lease_t *lease, slots_result_t result, const char *kind,
                     const char *message, bool abandoned)
{
    buffer_t detail = {0}, value = {0};
    failure_pack (&detail, kind, message, self->options.worker, abandoned);
    result.detail = wire_view_of (&detail);
    glean_explain (lease, &result, kind, message, &value);
    umpire_answer (self, lease, &result);
    buffer_free (&detail);
    buffer_free (&value);
}

void umpire_fail (slots_t *self, lease_t *lease, const char *kind, const char *message)
{
    umpire_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_ERROR}, kind, message, false);
}

void umpire_cancelled (slots_t *self, lease_t *lease, const char *message)
{
    umpire_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_CANCELLED}, "cancelled", message,
                    false);
}

void umpire_carry_out (slots_t *self, lease_t *lease, int64_t run_us, bool abandoned)
{
    char text [TEXT_BYTES], name [GLEAN_NAME_BYTES];
    const char *how = abandoned ? "; its thread did not stop and was left behind" : "";
    slots_result_t result = {.run_us = run_us > 0 ? (uint64_t) run_us : 0};
    switch (lease->verdict) {
    case LEASE_TIMED_OUT:
        result.outcome = CADRE_OUTCOME_TIMEOUT;
        snprintf (text, sizeof (text), "%s%s ran for longer than its %" PRIu64 " ms%s",
                  lease->gleaned ? "" : "task ", glean_name (lease, name), lease->job->timeout_ms, how);
        umpire_explain (self, lease, result, "timeout", text, abandoned);
        return;
    case LEASE_CANCELLED:
        result.outcome = CADRE_OUTCOME_CANCELLED;
        snprintf (text, sizeof (text), "cancelled while it ran%s", how);
        umpire_explain (self, lease, result, "cancelled", text, abandoned);
        return;
    case LEASE_RECLAIMED:
        if (!lease->gleaned)
            break;
        result.outcome = CADRE_OUTCOME_CANCELLED;
        umpire_explain (self, lease, result, "drained", "its worker left while it ran", abandoned);
        return;
    default: break;
    }
    umpire_return (self, lease);
}

//  ---- what a slot says ------------------------------------------------------------

static bool s_on_ready (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_ready_t fields;
    if (seat->state != SEAT_STARTING || !wire_read_slot_ready (body, &fields))
        return false;
    if (!testimony_is_of_use (&fields, &self->start_fault)) {
        self->failures = SLOTS_STARTS_MAX;
        usher_start_failed (self);
        usher_farewell (self, seat, LAST_LOOK_MS);
        return true;
    }
    if (self->functions_count == 0) { //  What the broker was told stays so
        buffer_append (&self->functions, fields.functions.values.data, fields.functions.values.size);
        self->functions_count = fields.functions.count;
    }
    timers_cancel (self->options.timers, &self->pause);
    seat_move (seat, SEAT_READY);
    return true;
}

//  A command, or the command of a shell, was killed, and the kernel has killed for lack of memory while it ran.
static bool s_lacked_memory (slots_t *self, const wire_slot_result_t *fields)
{
    int64_t now_us = moment_now (self->options.clock);
    bool killed = (fields->outcome == CADRE_OUTCOME_SIGNAL && fields->code == SIGKILL)
                  || (fields->outcome == CADRE_OUTCOME_EXIT && fields->code == 128 + SIGKILL);
    return killed && oom_struck (&self->oom, now_us - (int64_t) fields->run_us, now_us);
}

static void s_pass_on (slots_t *self, lease_t *lease, const wire_slot_result_t *fields)
{
    buffer_t detail = {0};
    fault_t fault;
    if (!testimony_is_sound (lease, fields, &fault)) {
        umpire_fail (self, lease, "value", fault.text);
        return;
    }
    bool memory = s_lacked_memory (self, fields);
    slots_result_t result = {.outcome =
                                 memory ? CADRE_OUTCOME_OUT_OF_MEMORY : testimony_outcome (lease, fields),
                             .code = fields->code,
                             .run_us = fields->run_us,
                             .value = fields->value};
    if (result.outcome != CADRE_OUTCOME_OK || fields->detail.size > 1) { //  More than nil
        failure_pack_with_worker (&detail, fields->detail, self->options.worker, memory ? LACK : NULL);
        result.detail = wire_view_of (&detail);
    }
    umpire_answer (self, lease, &result);
    buffer_free (&detail);
}

//  A task that was being stopped has ended by itself, and what it says still counts.
static bool s_result_stands (const lease_t *lease, uint64_t outcome)
{
    if (lease->verdict == LEASE_GOES_ON || lease->verdict == LEASE_DROPPED)
        return outcome != CADRE_OUTCOME_EXPIRED; //  It was not begun, and goes back
    if (lease->verdict == LEASE_CANCELLED && lease->job->kind == WIRE_KIND_COMMAND)
        return outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_CANCELLED;
    return lease->verdict != LEASE_TIMED_OUT && outcome == CADRE_OUTCOME_OK;
}

//  Only the task that a slot runs can write or end: the first one, once it has begun. Of a slot
//  that has written over its page nobody knows what has begun, but what ended before that still
//  counts: an honest slot begins nothing more afterwards.
static bool s_is_of_first (seat_t *seat, uint64_t ticket)
{
    return seat->tasks && ticket == seat->tasks->ticket && seat_has_begun (seat, seat->tasks)
           && (seat->fault != SEAT_TORN || seat_has_gone_on (seat));
}

//  A slot does not begin what has expired, and says so: that costs the task nothing, so its time
//  must have passed by our own clock.
static bool s_may_expire (const slots_t *self, const lease_t *lease)
{
    return lease->begin_by_us && lease->begin_by_us <= moment_now (self->options.clock);
}

static bool s_on_result (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_result_t fields;
    if (!wire_read_slot_result (body, &fields) || !s_is_of_first (seat, fields.ticket)
        || fields.run_us > INT64_MAX
        || (fields.outcome == CADRE_OUTCOME_EXPIRED && !s_may_expire (self, seat->tasks)))
        return false;
    lease_t *lease = seat_take (seat);
    bool signalled = seat->stage == SEAT_TERMED || seat->stage == SEAT_KILLED;
    seat->slow = false;
    seat->given++;
    self->failures = 0;
    if (seat->stage != SEAT_CALM && !signalled)
        umpire_calm (self, seat);
    if (jobs_is_bygone (self->jobs, lease->job) && !seat->tasks)
        seat_end_job (seat, self->jobs, lease->job);
    if (lease->verdict == LEASE_GOES_ON && fields.outcome != CADRE_OUTCOME_EXPIRED)
        jobs_measure (lease->job, (int64_t) fields.run_us);
    if (s_result_stands (lease, fields.outcome))
        s_pass_on (self, lease, &fields);
    else {
        glean (seat, lease);
        umpire_carry_out (self, lease, (int64_t) fields.run_us, false);
    }
    if (signalled) //  It took the signal and lives: nobody knows in what state
        umpire_kill (self, seat);
    else
        umpire_watch (self, seat);
    return true;
}

static bool s_on_output (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_output_t fields;
    if (!wire_read_slot_output (body, &fields) || !s_is_of_first (seat, fields.ticket)
        || !rules_output (fields.stream, fields.bytes, NULL))
        return false;
    lease_t *lease = seat->tasks;
    lease->output_sent += fields.bytes.size;
    if (lease->verdict != LEASE_DROPPED && !lease->discards)
        self->options.events.output (self->options.events.context, lease, (unsigned) fields.stream,
                                     fields.bytes);
    return true;
}

static bool s_on_message (slots_t *self, seat_t *seat, uint8_t verb, cursor_t *body)
{
    switch (verb) {
    case WIRE_slot_ready: return s_on_ready (self, seat, body);
    case WIRE_slot_result: return s_on_result (self, seat, body);
    case WIRE_slot_output: return s_on_output (self, seat, body);
    default: return false;
    }
}

void umpire_hear (slots_t *self, seat_t *seat)
{
    size_t offset = 0;
    uint8_t verb;
    cursor_t body;
    int more = 0;
    seat_read (seat);
    while ((more = seat_message (seat, &offset, &verb, &body)) > 0)
        if (!s_on_message (self, seat, verb, &body)) {
            more = -1;
            break;
        }
    seat_consume (seat, offset);
    if (more < 0) {
        seat->deaf = true;
        seat->fault = seat->fault ? seat->fault : SEAT_GARBLED;
    }
}

void umpire_kill (slots_t *self, seat_t *seat)
{
    seat_kill (seat);
    umpire_alarm (self, seat, SEAT_KILLED, KILLED_LOOK_MS);
}

void umpire_read (slots_t *self, seat_t *seat, bool ended)
{
    if (seat->state == SEAT_EMPTY)
        return;
    bool was_closed = seat->closed;
    umpire_hear (self, seat);
    if ((seat->closed || ended) && coroner_has_ended (self, seat))
        return;
    if (seat->fault) {
        coroner_condemn (self, seat, seat->fault);
    } else if (seat->closed && !was_closed) {
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, seat->fd, NULL);
        if (seat->stage < SEAT_TERMED)
            umpire_alarm (self, seat, SEAT_FAREWELL, LAST_LOOK_MS);
    }
}

//  ---- limits of time ------------------------------------------------------------------

static uint64_t s_limit_ms (const lease_t *lease)
{
    const job_t *job = lease->job;
    return job->kind == WIRE_KIND_COMMAND ? job->timeout_ms + job->grace_ms + BACKSTOP_MS : job->timeout_ms;
}

static void s_terminate (slots_t *self, seat_t *seat)
{
    if (!seat->tasks) {
        umpire_calm (self, seat);
    } else if (seat->vessel.kind == VESSEL_THREAD) {
        coroner_abandon (self, seat);
    } else if (seat->tasks->job->kind == WIRE_KIND_COMMAND) {
        umpire_kill (self, seat);
    } else {
        seat->killed = true;
        vessel_signal (&seat->vessel, SIGTERM);
        umpire_alarm (self, seat, SEAT_TERMED, seat->tasks->job->grace_ms);
    }
}

//  Asks the first task to stop; its slot is ended when it does not.
static void s_ask (slots_t *self, seat_t *seat)
{
    const job_t *job = seat->tasks->job;
    usher_take_back (self, seat);
    if (!seat->tasks)
        return;
    seat_cancel (seat);
    umpire_alarm (self, seat, SEAT_ASKED, job->grace_ms + (job->kind == WIRE_KIND_COMMAND ? BACKSTOP_MS : 0));
}

void umpire_stop (slots_t *self, seat_t *seat, lease_t *lease, lease_verdict_t verdict)
{
    if (verdict == LEASE_DROPPED && lease->verdict != LEASE_DROPPED) {
        self->held--;
        self->dropped++;
    }
    if (lease->verdict == LEASE_GOES_ON || verdict == LEASE_DROPPED)
        lease->verdict = verdict;
    if (lease == seat->tasks && seat->stage < SEAT_ASKED)
        s_ask (self, seat);
}

void umpire_watch (slots_t *self, seat_t *seat)
{
    if (!seat->tasks)
        return;
    if (seat->tasks->verdict != LEASE_GOES_ON)
        s_ask (self, seat);
    else if (seat->tasks->job->timeout_ms)
        umpire_alarm (self, seat, SEAT_LIMIT, s_limit_ms (seat->tasks));
    else if (seat->stage == SEAT_LIMIT) //  Of one that was taken back
        umpire_calm (self, seat);
}

//  The first task has been the first for as long as it may. A slot that has not begun it meanwhile
//  is of no use.
static void s_end_in_time (slots_t *self, seat_t *seat)
{
    uint64_t left_ms;
    if (!seat->tasks)
        return;
    if (glean_goes_on (seat, moment_now (self->options.clock), &left_ms)) {
        umpire_alarm (self, seat, SEAT_LIMIT, left_ms);
        return;
    }
    seat->tasks->verdict = LEASE_TIMED_OUT;
    if (!seat_has_begun (seat, seat->tasks)) {
        coroner_condemn (self, seat, SEAT_LATE);
        return;
    }
    usher_take_back (self, seat);
    s_terminate (self, seat);
}

void umpire_ring (void *owner, int64_t now_us)
{
    (void) now_us;
    seat_t *seat = owner;
    slots_t *self = seat->owner;
    umpire_read (self, seat, seat->stage == SEAT_KILLED); //  An answer that has come already counts
    if (timers_is_set (&seat->alarm) || seat->state == SEAT_EMPTY)
        return;
    switch (seat->stage) {
    case SEAT_LIMIT: s_end_in_time (self, seat); break;
    case SEAT_ASKED: s_terminate (self, seat); break;
    case SEAT_TERMED: umpire_kill (self, seat); break;
    case SEAT_FAREWELL: coroner_cut_off (self, seat); break;
    case SEAT_KILLED: umpire_alarm (self, seat, SEAT_KILLED, KILLED_LOOK_MS); break;
    case SEAT_CALM: break;
    }
}
