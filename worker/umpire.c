//  umpire.c - says how leases ended: by a result, by the death of a slot, or because their time was over

#include "worker/failure.h"
#include "worker/slots_inside.h"

#include "common/log.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#define TEXT_BYTES 512
#define BACKSTOP_MS 1000  //  How much later than a slot the worker itself ends commands
#define LAST_LOOK_MS 100  //  From the end of the socketpair to SIGKILL
#define KILLED_LOOK_MS 20 //  Between looks for the end of a killed process
#define UNLIMITED_MS (UINT64_C (1) << 40)
#define LACK "killed for lack of memory; give the container or machine more, or run fewer slots"

static void s_alarm (slots_t *self, seat_t *seat, seat_stage_t stage, uint64_t delay_ms)
{
    uint64_t capped_ms = delay_ms < UNLIMITED_MS ? delay_ms : UNLIMITED_MS;
    seat->stage = stage;
    timers_set (self->options.timers, &seat->alarm,
                moment_now (self->options.clock) + (int64_t) capped_ms * 1000);
}

static void s_calm (slots_t *self, seat_t *seat)
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

static void s_explain (slots_t *self, lease_t *lease, slots_result_t result, const char *kind,
                       const char *message, bool abandoned)
{
    buffer_t detail = {0};
    failure_pack (&detail, kind, message, self->options.worker, abandoned);
    result.detail = wire_view_of (&detail);
    umpire_answer (self, lease, &result);
    buffer_free (&detail);
}

void umpire_fail (slots_t *self, lease_t *lease, const char *kind, const char *message)
{
    s_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_ERROR}, kind, message, false);
}

void umpire_cancelled (slots_t *self, lease_t *lease, const char *message)
{
    s_explain (self, lease, (slots_result_t){.outcome = CADRE_OUTCOME_CANCELLED}, "cancelled", message,
               false);
}

//  Ends a lease that was being stopped, as its verdict says.
static void s_carry_out (slots_t *self, lease_t *lease, int64_t run_us, bool abandoned)
{
    char text [TEXT_BYTES];
    const char *how = abandoned ? "; its thread did not stop and was left behind" : "";
    slots_result_t result = {.run_us = run_us > 0 ? (uint64_t) run_us : 0};
    switch (lease->verdict) {
    case LEASE_TIMED_OUT:
        result.outcome = CADRE_OUTCOME_TIMEOUT;
        snprintf (text, sizeof (text),
                  "task %" PRIu64 ".%" PRIu32 " ran for longer than its %" PRIu64 " ms%s", lease->job->number,
                  lease->index, lease->job->timeout_ms, how);
        s_explain (self, lease, result, "timeout", text, abandoned);
        return;
    case LEASE_CANCELLED:
        result.outcome = CADRE_OUTCOME_CANCELLED;
        snprintf (text, sizeof (text), "cancelled while it ran%s", how);
        s_explain (self, lease, result, "cancelled", text, abandoned);
        return;
    default: umpire_return (self, lease); return;
    }
}

//  ---- what a slot says ------------------------------------------------------------

static bool s_on_ready (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_ready_t fields;
    if (seat->state != SEAT_STARTING || !wire_read_slot_ready (body, &fields))
        return false;
    if (fields.code != CADRE_OK) {
        char text [FAULT_TEXT_BYTES];
        view_copy (fields.message, text, sizeof (text));
        fault_set (&self->start_fault, (cadre_error_t) fields.code, "%s", text);
        self->failures = SLOTS_STARTS_MAX;
        usher_start_failed (self);
        usher_farewell (self, seat, LAST_LOOK_MS);
        return true;
    }
    buffer_clear (&self->functions);
    buffer_append (&self->functions, fields.functions.values.data, fields.functions.values.size);
    self->functions_count = fields.functions.count;
    self->failures = 0;
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
    bool memory = s_lacked_memory (self, fields);
    slots_result_t result = {.outcome = (cadre_outcome_t) fields->outcome,
                             .code = fields->code,
                             .run_us = fields->run_us,
                             .value = fields->value,
                             .detail = fields->detail};
    if (memory)
        result.outcome = CADRE_OUTCOME_OUT_OF_MEMORY;
    if (result.outcome != CADRE_OUTCOME_OK) {
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
        return true;
    if (lease->verdict == LEASE_CANCELLED && lease->job->kind == WIRE_KIND_COMMAND)
        return outcome == CADRE_OUTCOME_OK || outcome == CADRE_OUTCOME_CANCELLED;
    return lease->verdict != LEASE_TIMED_OUT && outcome == CADRE_OUTCOME_OK;
}

static bool s_on_result (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_result_t fields;
    if (!wire_read_slot_result (body, &fields) || !seat->tasks || fields.ticket != seat->tasks->ticket
        || fields.outcome == CADRE_OUTCOME_NONE || fields.outcome >= CADRE_OUTCOMES_COUNT
        || fields.run_us > INT64_MAX)
        return false;
    lease_t *lease = seat_take (seat);
    bool signalled = seat->stage == SEAT_TERMED || seat->stage == SEAT_KILLED;
    seat->slow = false;
    seat->given++;
    if (seat->stage != SEAT_CALM && !signalled)
        s_calm (self, seat);
    if (jobs_is_bygone (self->jobs, lease->job) && !seat->tasks)
        seat_end_job (seat, self->jobs, lease->job);
    if (lease->verdict == LEASE_GOES_ON)
        jobs_measure (lease->job, (int64_t) fields.run_us);
    if (s_result_stands (lease, fields.outcome))
        s_pass_on (self, lease, &fields);
    else
        s_carry_out (self, lease, (int64_t) fields.run_us, false);
    if (signalled) //  It took the signal and lives: nobody knows in what state
        umpire_kill (self, seat);
    else
        umpire_watch (self, seat);
    return true;
}

static bool s_on_output (slots_t *self, seat_t *seat, cursor_t *body)
{
    wire_slot_output_t fields;
    if (!wire_read_slot_output (body, &fields) || !seat->tasks || fields.ticket != seat->tasks->ticket
        || fields.bytes.size > WIRE_PART_MAX)
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

static void s_messages (slots_t *self, seat_t *seat)
{
    size_t offset = 0;
    uint8_t verb;
    cursor_t body;
    int more = 0;
    while ((more = seat_message (seat, &offset, &verb, &body)) > 0)
        if (!s_on_message (self, seat, verb, &body)) {
            more = -1;
            break;
        }
    seat_consume (seat, offset);
    if (more >= 0 || seat->closed)
        return;
    log_line (LOG_WARNING, "W010", "slot %zu sent a message that cannot be read; it is replaced",
              seat->place + 1);
    seat->closed = true;
    shutdown (seat->fd, SHUT_RDWR);
}

//  ---- the end of a slot -----------------------------------------------------------

static int s_signal_of (const seat_t *seat, int status)
{
    if (status != VESSEL_STATUS_UNKNOWN)
        return WIFSIGNALED (status) ? WTERMSIG (status) : 0;
    int fatal = atomic_load (&seat->page->fatal_signal);
    return fatal ? fatal : SIGKILL;
}

static void s_blame (slots_t *self, const seat_t *seat, lease_t *lease, int status, bool thread)
{
    char text [TEXT_BYTES];
    int number = thread ? 0 : s_signal_of (seat, status);
    int64_t now_us = moment_now (self->options.clock);
    int64_t run_us = now_us - atomic_load (&seat->page->started_us);
    slots_result_t result = {.outcome = CADRE_OUTCOME_ERROR, .run_us = run_us > 0 ? (uint64_t) run_us : 0};
    int used =
        snprintf (text, sizeof (text), "slot %zu of worker %.100s ", seat->place + 1, self->options.worker);
    size_t left = sizeof (text) - (size_t) used;
    if (number) {
        bool memory = number == SIGKILL && !seat->killed && oom_struck (&self->oom, now_us - run_us, now_us);
        result.outcome = memory ? CADRE_OUTCOME_OUT_OF_MEMORY : CADRE_OUTCOME_SIGNAL;
        result.code = number;
        snprintf (text + used, left, "was killed by signal %d (%s)%s while it ran %" PRIu64 ".%" PRIu32,
                  number, strsignal (number), memory ? ", for lack of memory," : "", lease->job->number,
                  lease->index);
    } else if (thread) {
        snprintf (text + used, left,
                  "ended its thread while it ran %" PRIu64 ".%" PRIu32 "; a function must return",
                  lease->job->number, lease->index);
    } else {
        result.code = status == VESSEL_STATUS_UNKNOWN ? 0 : WEXITSTATUS (status);
        snprintf (text + used, left,
                  "exited with code %d while it ran %" PRIu64 ".%" PRIu32 "; a function must return",
                  (int) result.code, lease->job->number, lease->index);
    }
    const char *kind = number ? cadre_outcome_text (result.outcome) : "slot-exited";
    s_explain (self, lease, result, kind, text, false);
}

static void s_forget_seat (void *context, job_t *job)
{
    jobs_set_known (job, ((const seat_t *) context)->place, false);
}

static void s_empty (slots_t *self, seat_t *seat)
{
    s_calm (self, seat);
    jobs_each (self->jobs, s_forget_seat, seat);
    seat_clear (seat);
    seat_move (seat, SEAT_EMPTY);
}

//  The dead slot's tasks: the one that it ran is blamed, the others go elsewhere.
static void s_judge (slots_t *self, seat_t *seat, int status, bool thread)
{
    lease_t *others = NULL, *lease;
    while ((lease = seat_take (seat))) {
        if (lease->verdict != LEASE_GOES_ON)
            s_carry_out (self, lease,
                         moment_now (self->options.clock) - atomic_load (&seat->page->started_us), false);
        else if (ticket_state (seat->page, lease->ticket) == TICKET_RUNNING)
            s_blame (self, seat, lease, status, thread);
        else
            DL_APPEND (others, lease);
    }
    usher_requeue (self, others);
}

//  A slot that ended before it said that it is ready.
static void s_blame_start (slots_t *self, const seat_t *seat, int status, bool thread)
{
    char how [64] = "thread ended";
    int number = s_signal_of (seat, status);
    if (!thread && number)
        snprintf (how, sizeof how, "%s", strsignal (number));
    else if (!thread)
        snprintf (how, sizeof how, "exit code %d", WEXITSTATUS (status));
    fault_set (&self->start_fault, CADRE_ERROR_CONFIGURATION,
               "slots end before they are ready (%s); run %s by hand to see why", how,
               self->options.start.path ? self->options.start.path : "the plugin");
    usher_start_failed (self);
}

static void s_bury (slots_t *self, seat_t *seat, int status, bool thread)
{
    seat_read (seat); //  What it wrote between our last look and its end
    s_messages (self, seat);
    seat_kill_group (seat);
    if (seat->state == SEAT_STARTING && !seat->killed)
        s_blame_start (self, seat, status, thread);
    log_line (LOG_DEBUG, "W011", "slot %zu has ended, status %d", seat->place + 1, status);
    s_judge (self, seat, status, thread);
    s_empty (self, seat);
}

void umpire_kill (slots_t *self, seat_t *seat)
{
    seat_kill (seat);
    s_alarm (self, seat, SEAT_KILLED, KILLED_LOOK_MS);
}

void umpire_read (slots_t *self, seat_t *seat, bool ended)
{
    int status;
    if (seat->state == SEAT_EMPTY)
        return;
    bool was_closed = seat->closed;
    seat_read (seat);
    s_messages (self, seat);
    if (!seat->closed && !ended)
        return;
    bool thread = seat->vessel.kind == VESSEL_THREAD;
    if (vessel_reap (&seat->vessel, &status)) {
        s_bury (self, seat, status, thread);
        return;
    }
    if (!seat->closed || was_closed)
        return;
    epoll_ctl (self->epoll, EPOLL_CTL_DEL, seat->fd, NULL);
    if (seat->stage < SEAT_TERMED)
        s_alarm (self, seat, SEAT_FAREWELL, LAST_LOOK_MS);
}

//  ---- limits of time ------------------------------------------------------------------

static uint64_t s_limit_ms (const lease_t *lease)
{
    const job_t *job = lease->job;
    return job->kind == WIRE_KIND_COMMAND ? job->timeout_ms + job->grace_ms + BACKSTOP_MS : job->timeout_ms;
}

void umpire_sweep (slots_t *self)
{
    int status;
    for (size_t i = 0; i < self->abandoned_count;) {
        if (vessel_reap (&self->abandoned [i], &status))
            self->abandoned [i] = self->abandoned [--self->abandoned_count];
        else
            i++;
    }
    if (self->abandoned_count < SLOTS_ABANDONED_MAX)
        self->refuses = false;
}

static void s_abandon (slots_t *self, seat_t *seat)
{
    lease_t *lease, *others = NULL;
    int64_t run_us = moment_now (self->options.clock) - atomic_load (&seat->page->started_us);
    lease_t *stuck = seat_take (seat);
    while ((lease = seat_take (seat)))
        DL_APPEND (others, lease);
    usher_requeue (self, others);
    ticket_cancel (seat->page, stuck->ticket);
    self->abandoned = realloc (self->abandoned, (self->abandoned_count + 1) * sizeof (vessel_t));
    assert (self->abandoned);
    self->abandoned [self->abandoned_count++] = seat->vessel;
    seat->vessel = (vessel_t){.pidfd = -1};
    s_empty (self, seat);
    s_carry_out (self, stuck, run_us, true);
    self->refuses = self->options.embedded && self->abandoned_count >= SLOTS_ABANDONED_MAX;
}

static void s_terminate (slots_t *self, seat_t *seat)
{
    uint64_t grace_ms = seat->tasks->job->grace_ms;
    if (seat->vessel.kind == VESSEL_THREAD) {
        s_abandon (self, seat);
    } else if (seat->tasks->job->kind == WIRE_KIND_COMMAND) {
        umpire_kill (self, seat);
    } else {
        seat->killed = true;
        vessel_signal (&seat->vessel, SIGTERM);
        s_alarm (self, seat, SEAT_TERMED, grace_ms);
    }
}

//  Asks the first task to stop; its slot is ended when it does not.
static void s_ask (slots_t *self, seat_t *seat)
{
    const job_t *job = seat->tasks->job;
    usher_take_back (self, seat);
    seat_cancel (seat);
    s_alarm (self, seat, SEAT_ASKED, job->grace_ms + (job->kind == WIRE_KIND_COMMAND ? BACKSTOP_MS : 0));
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
        s_alarm (self, seat, SEAT_LIMIT, s_limit_ms (seat->tasks));
}

static void s_check_limit (slots_t *self, seat_t *seat, int64_t now_us)
{
    int64_t elapsed_us = 0;
    if (!seat->tasks)
        return;
    uint64_t limit_ms = s_limit_ms (seat->tasks);
    if (!seat_is_running (seat, now_us, &elapsed_us))
        elapsed_us = 0;
    if ((uint64_t) elapsed_us < limit_ms * 1000) {
        s_alarm (self, seat, SEAT_LIMIT, limit_ms - (uint64_t) elapsed_us / 1000);
        return;
    }
    usher_take_back (self, seat);
    seat->tasks->verdict = LEASE_TIMED_OUT;
    s_terminate (self, seat);
}

void umpire_ring (void *owner, int64_t now_us)
{
    seat_t *seat = owner;
    slots_t *self = seat->owner;
    umpire_read (self, seat, seat->stage == SEAT_KILLED); //  An answer that has come already counts
    if (timers_is_set (&seat->alarm) || seat->state == SEAT_EMPTY)
        return;
    switch (seat->stage) {
    case SEAT_LIMIT: s_check_limit (self, seat, now_us); break;
    case SEAT_ASKED: s_terminate (self, seat); break;
    case SEAT_TERMED:
    case SEAT_FAREWELL: umpire_kill (self, seat); break;
    case SEAT_KILLED: s_alarm (self, seat, SEAT_KILLED, KILLED_LOOK_MS); break;
    case SEAT_CALM: break;
    }
}
