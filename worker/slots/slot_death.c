//  slot_death.c - the end of a slot: its cause, and what happens to its leases

#include "worker/slots/slot_death.h"

#include "common/log.h"
#include "worker/slots/completion.h"
#include "worker/slots/lease_answers.h"
#include "worker/slots/partial_map.h"
#include "worker/slots/slot_queue.h"
#include "worker/slots/slot_stage.h"
#include "worker/slots/slot_starts.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <utlist.h>

#define TEXT_BYTES 512
#define LAST_LOOK_MS 100 //  For a thread to end before it is abandoned

//  Facts about the end of a slot.
typedef struct death {
    bool thread;    //  It was a thread
    bool abandoned; //  A thread that continues and is abandoned
    int status;     //  As waitpid gave it, or SLOT_BACKEND_STATUS_UNKNOWN
    int64_t us;     //  When it was noticed
    int64_t run_us; //  Run time of its first task, if that had begun
} death_t;

static const struct {
    const char *log;  //  Number of the log line
    const char *text; //  What happened, for messages
} s_faults [SLOT_HANDLE_FAULTS] = {
    [SLOT_HANDLE_TORN] = {"W040", "overwrote the memory that it shares with its worker"},
    [SLOT_HANDLE_GARBLED] = {"W010", "sent a message that cannot be read"},
    [SLOT_HANDLE_CUT_OFF] = {"W041", "closed its socket to the worker"},
    [SLOT_HANDLE_STOPPED] = {"W042", "was stopped (SIGSTOP) and not continued"},
    [SLOT_HANDLE_LARGE] =
        {"W071",
         "sends a result that its worker has no memory for (ulimit -v, or the container's limit)"},
    [SLOT_HANDLE_LATE] = {"W043", "did not start its task"},
};

//  ---- broken slots ----------------------------------------------------------------

void slot_death_condemn (slots_t *self, slot_handle_t *handle, slot_handle_fault_t fault)
{
    if (handle->condemned)
        return;
    handle->fault = fault;
    handle->condemned = true;
    log_line (LOG_WARNING, s_faults [fault].log, "slot %zu %s; it is replaced", handle->index + 1,
              s_faults [fault].text);
    if (handle->fd >= 0)
        epoll_ctl (self->epoll, EPOLL_CTL_DEL, handle->fd, NULL);
    if (handle->backend.kind != SLOT_BACKEND_THREAD) {
        slot_stage_kill (self, handle);
        return;
    }
    shutdown (handle->fd, SHUT_RDWR);
    slot_stage_set (self, handle, SLOT_HANDLE_FAREWELL, LAST_LOOK_MS);
}

void slot_death_cut_off (slots_t *self, slot_handle_t *handle)
{
    if (handle->backend.kind == SLOT_BACKEND_THREAD)
        slot_death_abandon (self, handle);
    else if (handle->state == SLOT_HANDLE_LEAVING)
        slot_stage_kill (self, handle);
    else
        slot_death_condemn (self, handle, SLOT_HANDLE_CUT_OFF);
}

//  ---- cause -------------------------------------------------------------------------

static int s_signal_of (const slot_handle_t *handle, const death_t *death)
{
    if (death->thread)
        return 0;
    if (death->status != SLOT_BACKEND_STATUS_UNKNOWN)
        return WIFSIGNALED (death->status) ? WTERMSIG (death->status) : 0;
    int fatal = atomic_load (&handle->memory->page.fatal_signal);
    return fatal > 0 && fatal < NSIG ? fatal : SIGKILL;
}

static int s_exit_code (const death_t *death)
{
    return death->thread || death->status == SLOT_BACKEND_STATUS_UNKNOWN
               ? 0
               : WEXITSTATUS (death->status);
}

//  Describes the end of a slot: "was killed by signal 11 (Segmentation fault)".
static void s_slot_death_describe (const slot_handle_t *handle, const death_t *death, int number,
                                   bool memory, char *text, size_t size)
{
    if (handle->condemned)
        snprintf (text, size, "%s", s_faults [handle->fault].text);
    else if (number)
        snprintf (text, size, "was killed by signal %d (%s)%s", number, strsignal (number),
                  memory ? ", for lack of memory," : "");
    else if (death->thread)
        snprintf (text, size, "ended its thread");
    else
        snprintf (text, size, "exited with code %d", s_exit_code (death));
}

//  Answers the task that a dead slot ran: this try has failed.
static void s_blame (slots_t *self, const slot_handle_t *handle, lease_t *lease,
                     const death_t *death)
{
    char what [TEXT_BYTES / 2], text [TEXT_BYTES], name [PARTIAL_MAP_NAME_BYTES];
    int number = handle->condemned ? 0 : s_signal_of (handle, death);
    bool memory = number == SIGKILL && !handle->killed
                  && oom_struck (&self->oom, death->us - death->run_us, death->us);
    slots_result_t result = {.outcome = CADRE_OUTCOME_ERROR, .run_us = (uint64_t) death->run_us};
    const char *kind = handle->condemned ? "slot-broken" : "slot-exited";
    if (number) {
        result.outcome = memory ? CADRE_OUTCOME_OUT_OF_MEMORY : CADRE_OUTCOME_SIGNAL;
        result.code = number;
        kind = cadre_outcome_text (result.outcome);
    } else if (!handle->condemned) {
        result.code = s_exit_code (death);
    }
    s_slot_death_describe (handle, death, number, memory, what, sizeof what);
    snprintf (text, sizeof text, "slot %zu of worker %.100s %s while it ran %s%s",
              handle->index + 1, self->options.worker, what, partial_map_name (lease, name),
              handle->condemned || number ? "" : "; a function must return");
    lease_answers_explain (self, lease, result, kind, text, false);
}

bool slot_death_strand (slots_t *self, const slot_handle_t *handle, lease_t *lease)
{
    char text [TEXT_BYTES];
    if (++lease->strandings < SLOTS_STRANDINGS_MAX)
        return false;
    snprintf (text, sizeof text,
              "%u slots in a row ended before they began %" PRIu64 ".%" PRIu32
              "; the last, slot %zu of worker %.100s, %s",
              lease->strandings, lease->job->number, lease->index, handle->index + 1,
              self->options.worker, handle->condemned ? s_faults [handle->fault].text : "died");
    lease_answers_fail (self, lease, "slot-broken", text);
    return true;
}

//  A slot ended before it had answered anything, and without leases: counted as a failed start,
//  because nothing else counts it.
static void s_blame_start (slots_t *self, const slot_handle_t *handle, const death_t *death)
{
    char how [TEXT_BYTES / 2] = "thread ended";
    int number = s_signal_of (handle, death);
    if (handle->condemned)
        snprintf (how, sizeof how, "the last %s", s_faults [handle->fault].text);
    else if (number)
        snprintf (how, sizeof how, "%s", strsignal (number));
    else if (!death->thread)
        snprintf (how, sizeof how, "exit code %d", s_exit_code (death));
    fault_set (&self->start_fault, CADRE_ERROR_CONFIGURATION,
               "slots end before they are ready (%s); run %s by hand to see why", how,
               self->options.start.path ? self->options.start.path : "the plugin");
    slot_starts_failed (self);
}

//  ---- leases of a dead slot -----------------------------------------------------------

static void s_forget_handle (void *context, cached_job_t *job)
{
    job_cache_set_known (job, ((const slot_handle_t *) context)->index, false);
}

static void s_empty (slots_t *self, slot_handle_t *handle)
{
    slot_stage_clear (self, handle);
    job_cache_each (self->jobs, s_forget_handle, handle);
    slot_handle_clear (handle);
    slot_handle_move (handle, SLOT_HANDLE_EMPTY);
}

//  Did the slot run this task? Only the first one can be, if it had begun: slots.h. If messages of
//  the slot were unreadable, every task that had begun may be.
static bool s_ran (slot_handle_t *handle, const lease_t *lease, bool first)
{
    return (first || handle->deaf || handle->lost) && slot_handle_has_begun (handle, lease);
}

static void s_slot_death_judge (slots_t *self, slot_handle_t *handle, const death_t *death)
{
    lease_t *others = NULL, *lease;
    if (handle->tasks && s_ran (handle, handle->tasks, true))
        partial_map_answer (handle, handle->tasks);
    for (bool first = true; (lease = slot_handle_take (handle)); first = false) {
        if (lease->verdict != LEASE_GOES_ON)
            lease_answers_carry_out (self, lease, first ? death->run_us : 0, death->abandoned);
        else if (s_ran (handle, lease, first))
            s_blame (self, handle, lease, death);
        else if (!first || !slot_death_strand (self, handle, lease))
            DL_APPEND (others, lease);
    }
    slot_queue_put_back (self, others);
}

static void s_bury (slots_t *self, slot_handle_t *handle, death_t *death)
{
    bool asked = handle->killed && !handle->condemned;
    completion_read (self, handle); //  What it published between our last read and its end
    slot_handle_kill_group (handle);
    death->us = clock_now (self->options.clock);
    death->run_us = slot_handle_run_us (handle, death->us);
    if (!handle->tasks && handle->given == 0 && handle->state != SLOT_HANDLE_LEAVING && !asked)
        s_blame_start (self, handle, death);
    log_line (LOG_DEBUG, "W011", "slot %zu has ended, status %d", handle->index + 1, death->status);
    s_slot_death_judge (self, handle, death);
    s_empty (self, handle);
}

bool slot_death_has_ended (slots_t *self, slot_handle_t *handle)
{
    death_t death = {.thread = handle->backend.kind == SLOT_BACKEND_THREAD};
    if (!slot_backend_reap (&handle->backend, &death.status))
        return false;
    s_bury (self, handle, &death);
    return true;
}

//  ---- abandoned threads -----------------------------------------------------------------

void slot_death_sweep (slots_t *self)
{
    int status;
    for (size_t i = 0; i < self->abandoned_count;) {
        if (slot_backend_reap (&self->abandoned [i], &status))
            self->abandoned [i] = self->abandoned [--self->abandoned_count];
        else
            i++;
    }
    if (self->abandoned_count < SLOTS_ABANDONED_MAX)
        self->refuses = false;
}

static void s_leave_behind (slots_t *self, slot_backend_t *backend)
{
    self->abandoned =
        realloc (self->abandoned, (self->abandoned_count + 1) * sizeof (slot_backend_t));
    assert (self->abandoned);
    self->abandoned [self->abandoned_count++] = *backend;
    *backend = (slot_backend_t){.pidfd = -1};
}

void slot_death_abandon (slots_t *self, slot_handle_t *handle)
{
    death_t death = {.thread = true,
                     .abandoned = true,
                     .status = SLOT_BACKEND_STATUS_UNKNOWN,
                     .us = clock_now (self->options.clock)};
    death.run_us = slot_handle_run_us (handle, death.us);
    if (handle->tasks)
        ticket_cancel (&handle->memory->page, handle->tasks->ticket);
    s_leave_behind (self, &handle->backend);
    s_slot_death_judge (self, handle, &death);
    s_empty (self, handle);
    self->refuses = self->options.embedded && self->abandoned_count >= SLOTS_ABANDONED_MAX;
}
