//  slots.c - receives leases and orders, and owns queue, handles and jobs

#include "common/log.h"
#include "common/spans.h"
#include "worker/slots/lease_answers.h"
#include "worker/slots/limits.h"
#include "worker/slots/slot_death.h"
#include "worker/slots/slot_events.h"
#include "worker/slots/slot_expiry.h"
#include "worker/slots/slot_queue.h"
#include "worker/slots/slot_scheduler.h"
#include "worker/slots/slot_starts.h"
#include "worker/slots/slot_watchdog.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define EVENTS_MAX 64
#define LEARN_MS 60000 //  For plugins that take long to load
#define LEARN_TELL_MS 5000
#define FAREWELL_MS 200   //  From the close of the socketpair to SIGKILL, when the worker ends
#define LAST_WAIT_MS 5000 //  For killed processes
#define THREADS_WAIT_MS 1000

static void s_pause_is_over (void *owner, int64_t now_us)
{
    (void) owner; //  The next turn starts slots again
    (void) now_us;
}

slots_t *slots_new (const slots_options_t *options, fault_t *fault)
{
    slots_t *self = calloc (1, sizeof (slots_t));
    assert (self);
    self->options = *options;
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    if (self->epoll < 0) {
        fault_set (fault, CADRE_ERROR_DESCRIPTORS,
                   "no descriptor to watch slots with: %s; raise the limit (ulimit -n)",
                   strerror (errno));
        free (self);
        return NULL;
    }
    self->jobs = job_cache_new (options->count);
    self->handles = calloc (options->count, sizeof (slot_handle_t));
    assert (self->handles);
    for (size_t i = 0; i < options->count; i++) {
        slot_handle_init (&self->handles [i], i);
        self->handles [i].owner = self;
        self->handles [i].alarm = (alarm_t){.ring = slot_events_ring, .owner = &self->handles [i]};
    }
    self->watch = (alarm_t){.ring = slot_scheduler_watch, .owner = self};
    self->pause = (alarm_t){.ring = s_pause_is_over, .owner = self};
    self->patrol = (alarm_t){.ring = slot_watchdog_ring, .owner = self};
    self->expiry = (alarm_t){.ring = slot_expiry_ring, .owner = self};
    oom_start (&self->oom, NULL);
    return self;
}

static void s_free_list (lease_t **list)
{
    while (*list) {
        lease_t *lease = *list;
        DL_DELETE (*list, lease);
        lease_destroy (&lease);
    }
}

static void s_say_farewell (slots_t *self)
{
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        timers_cancel (self->options.timers, &handle->alarm);
        if (handle->state == SLOT_HANDLE_EMPTY)
            continue;
        if (handle->tasks)
            ticket_cancel (&handle->memory->page, handle->tasks->ticket);
        shutdown (handle->fd, SHUT_RDWR);
    }
}

static void s_see_off (slot_handle_t *handle, int *farewell_ms, int *threads_ms)
{
    int status, last_ms = LAST_WAIT_MS;
    if (handle->state == SLOT_HANDLE_EMPTY)
        return;
    bool thread = handle->backend.kind == SLOT_BACKEND_THREAD;
    if (!slot_backend_wait (&handle->backend, thread ? threads_ms : farewell_ms, &status)) {
        if (!thread)
            slot_handle_kill (handle);
        if (thread || !slot_backend_wait (&handle->backend, &last_ms, &status))
            slot_backend_leave (&handle->backend);
    }
    slot_handle_kill_group (handle);
}

void slots_destroy (slots_t **self_p)
{
    assert (self_p);
    slots_t *self = *self_p;
    int farewell_ms = FAREWELL_MS, threads_ms = THREADS_WAIT_MS;
    if (!self)
        return;
    timers_cancel (self->options.timers, &self->watch);
    timers_cancel (self->options.timers, &self->pause);
    timers_cancel (self->options.timers, &self->patrol);
    timers_cancel (self->options.timers, &self->expiry);
    s_say_farewell (self);
    for (size_t i = 0; i < self->options.count; i++) {
        s_see_off (&self->handles [i], &farewell_ms, &threads_ms);
        s_free_list (&self->handles [i].tasks);
        slot_handle_clear (&self->handles [i]);
    }
    slot_death_sweep (self);
    for (size_t i = 0; i < self->abandoned_count; i++)
        slot_backend_leave (&self->abandoned [i]);
    s_free_list (&self->queue);
    close (self->epoll);
    job_cache_destroy (&self->jobs);
    buffer_free (&self->functions);
    free (self->abandoned);
    free (self->handles);
    free (self);
    *self_p = NULL;
}

//  ---- input ----------------------------------------------------------------------

int slots_descriptor (const slots_t *self)
{
    return self->epoll;
}

static void s_slots_read (slots_t *self, int wait_ms)
{
    struct epoll_event events [EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        slot_handle_t *handle = &self->handles [events [i].data.u64 >> 1];
        if (events [i].events & EPOLLOUT)
            slot_starts_writable (self, handle, !slot_handle_flush (handle));
        slot_events_read (self, handle, events [i].data.u64 & 1);
    }
}

void slots_read (slots_t *self)
{
    s_slots_read (self, 0);
}

//  Waits for the first slot's functions, and prints a line when that takes long.
static void s_learn_on (slots_t *self, int64_t start_us, bool *told)
{
    s_slots_read (self, 100);
    if (*told || clock_now (NULL) - start_us < LEARN_TELL_MS * 1000)
        return;
    *told = true;
    log_line (LOG_WARNING, "W012",
              "slots are not ready after %d s: a plugin or program is still being loaded",
              LEARN_TELL_MS / 1000);
}

cadre_error_t slots_learn (slots_t *self, fault_t *fault)
{
    slot_handle_t *handle = &self->handles [0];
    int64_t start_us = clock_now (NULL);
    bool told = false;
    fault_clear (&self->start_fault);
    for (unsigned tries = 0; tries < SLOTS_STARTS_MAX; tries++) {
        if (slot_starts_begin (self, handle) != CADRE_OK)
            break;
        slot_watchdog_go (self);
        while (handle->state == SLOT_HANDLE_STARTING
               && clock_now (NULL) - start_us < LEARN_MS * 1000)
            s_learn_on (self, start_us, &told);
        if (handle->state != SLOT_HANDLE_EMPTY || self->failures > SLOTS_STARTS_MAX)
            break;
    }
    if (handle->state == SLOT_HANDLE_READY)
        return CADRE_OK;
    if (!self->start_fault.code)
        fault_set (
            &self->start_fault, CADRE_ERROR_TIMEOUT,
            "a slot was not ready after %d s; check what its plugins do when they are loaded",
            LEARN_MS / 1000);
    return fault_set (fault, self->start_fault.code, "%s", self->start_fault.text);
}

wire_list_t slots_functions (const slots_t *self)
{
    return wire_list_of (&self->functions, self->functions_count);
}

//  ---- jobs -------------------------------------------------------------------------

bool slots_open_job (slots_t *self, const wire_lane_job_t *fields)
{
    wire_lane_job_t job = *fields;
    buffer_t dressed = {0};
    const slot_environment_t *environment = self->options.start.environment;
    if (environment && run_as_dress (slot_environment_user (environment), job.spec, &dressed))
        job.spec = wire_view_of (&dressed);
    bool opened = job_cache_open (self->jobs, &job) != NULL;
    buffer_free (&dressed);
    return opened;
}

cached_job_t *slots_job (const slots_t *self, uint64_t number)
{
    return job_cache_find (self->jobs, number);
}

static void s_end_job (void *context, cached_job_t *job)
{
    job->ended = true;
    lease_answers_forget_job (context, &job);
}

void slots_end_job (slots_t *self, uint64_t number)
{
    cached_job_t *job = job_cache_find (self->jobs, number);
    if (job)
        s_end_job (self, job);
}

//  Its number may be reused by another job. A slot that still runs a task of it is told later
//  (completion.c).
static void s_close_job (void *context, cached_job_t *job)
{
    slots_t *self = context;
    for (size_t i = 0; i < self->options.count && job_cache_is_replaced (self->jobs, job); i++)
        if (self->handles [i].state == SLOT_HANDLE_READY && !self->handles [i].tasks)
            slot_handle_end_job (&self->handles [i], self->jobs, job);
    s_end_job (self, job);
}

void slots_close_jobs (slots_t *self, uint64_t epoch)
{
    job_cache_set_epoch (self->jobs, epoch);
    job_cache_each (self->jobs, s_close_job, self);
}

//  ---- leases -----------------------------------------------------------------------

static const char *s_refusal (const slots_t *self, const cached_job_t *job, const char **kind)
{
    if (self->refuses) {
        *kind = "abandoned-threads";
        return "threads of this process are stuck in functions that did not end in time, so it runs no more tasks; use process slots, or functions that check cadre_task_cancelled";
    }
    *kind = "commands-refused";
    if (job->kind == WIRE_KIND_COMMAND && self->options.start.threads)
        return "thread slots run no commands; start the worker without --threads";
    if (job->kind == WIRE_KIND_COMMAND && !self->options.commands)
        return "this worker runs no commands; start it with --allow-commands";
    return NULL;
}

static lease_t *s_take_in (slots_t *self, lease_t **lease_p)
{
    lease_t *lease = *lease_p;
    *lease_p = NULL;
    self->held++;
    self->held_bytes += lease_payload (lease).size;
    return lease;
}

void slots_refuse (slots_t *self, lease_t **lease_p, const char *kind, const char *message)
{
    lease_answers_fail (self, s_take_in (self, lease_p), kind, message);
}

void slots_push (slots_t *self, lease_t **lease_p)
{
    lease_t *lease = s_take_in (self, lease_p);
    const char *kind;
    const char *refusal = s_refusal (self, lease->job, &kind);
    if (refusal) {
        lease_answers_fail (self, lease, kind, refusal);
        return;
    }
    DL_APPEND (self->queue, lease);
    self->waiting++;
    if (lease->begin_by_us)
        slot_expiry_watch (self, lease);
}

static void s_refuse_waiting (slots_t *self)
{
    lease_t *list = self->queue;
    self->queue = NULL;
    self->waiting = 0;
    while (list) {
        lease_t *lease = list;
        DL_DELETE (list, lease);
        self->held--; //  Counted again when it is pushed again
        self->held_bytes -= lease_payload (lease).size;
        slots_push (self, &lease);
    }
}

void slots_turn (slots_t *self)
{
    if (self->abandoned_count)
        slot_death_sweep (self);
    if (self->refuses)
        s_refuse_waiting (self);
    slot_scheduler_turn (self);
}

//  Removes waiting leases that match from the queue, and calls done for each.
static void s_filter (slots_t *self, const spans_t *spans, bool inside,
                      void (*done) (slots_t *self, lease_t *lease))
{
    lease_t *lease, *next;
    DL_FOREACH_SAFE (self->queue, lease, next) {
        if (spans && spans_hold (spans, lease->serial) != inside)
            continue;
        DL_DELETE (self->queue, lease);
        self->waiting--;
        done (self, lease);
    }
}

//  Does a task of the handle match?
static bool s_concerns (const slot_handle_t *handle, const spans_t *spans, bool inside)
{
    lease_t *lease;
    DL_FOREACH (handle->tasks, lease)
        if (!spans || spans_hold (spans, lease->serial) == inside)
            return true;
    return false;
}

static void s_slots_take_back (slots_t *self, const spans_t *spans, bool inside)
{
    for (size_t i = 0; i < self->options.count; i++)
        if (s_concerns (&self->handles [i], spans, inside))
            slot_queue_take_back (self, &self->handles [i]);
}

static void s_stop_running (slots_t *self, const spans_t *spans, bool inside,
                            lease_verdict_t verdict)
{
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        lease_t *lease;
        DL_FOREACH (handle->tasks, lease) {
            if (!spans || spans_hold (spans, lease->serial) == inside)
                limits_stop (self, handle, lease, verdict);
        }
    }
}

static void s_cancelled (slots_t *self, lease_t *lease)
{
    lease_answers_cancelled (self, lease, "cancelled before it started");
}

static void s_slots_drop (slots_t *self, lease_t *lease)
{
    lease->verdict = LEASE_DROPPED;
    self->held--;
    self->dropped++;
    lease_answers_return (self, lease);
}

void slots_cancel (slots_t *self, const wire_list_t *spans)
{
    spans_t sorted = {0};
    spans_read_any (&sorted, spans);
    s_slots_take_back (self, &sorted, true);
    s_filter (self, &sorted, true, s_cancelled);
    s_stop_running (self, &sorted, true, LEASE_CANCELLED);
    spans_free (&sorted);
}

void slots_recall (slots_t *self, const wire_list_t *spans)
{
    spans_t sorted = {0};
    spans_read_any (&sorted, spans);
    s_slots_take_back (self, &sorted, true);
    s_filter (self, &sorted, true, lease_answers_return);
    spans_free (&sorted);
}

void slots_return_waiting (slots_t *self)
{
    s_slots_take_back (self, NULL, true);
    s_filter (self, NULL, true, lease_answers_return);
}

void slots_reclaim_running (slots_t *self)
{
    slots_return_waiting (self); //  Tasks of a slot that died meanwhile wait again
    s_stop_running (self, NULL, true, LEASE_RECLAIMED);
}

void slots_keep (slots_t *self, const wire_list_t *spans)
{
    spans_t sorted = {0};
    spans_read_any (&sorted, spans);
    s_slots_take_back (self, &sorted, false);
    s_filter (self, &sorted, false, s_slots_drop);
    s_stop_running (self, &sorted, false, LEASE_DROPPED);
    spans_free (&sorted);
}

static lease_t *s_slots_find (lease_t *list, uint64_t serial)
{
    lease_t *lease;
    DL_SEARCH_SCALAR (list, lease, serial, serial);
    return lease;
}

void slots_output_window (slots_t *self, uint64_t serial, uint64_t bytes, bool discard)
{
    lease_t *lease = s_slots_find (self->queue, serial);
    if (discard)
        bytes = INT64_MAX;
    if (lease)
        lease->output_window = bytes;
    for (size_t i = 0; i < self->options.count; i++) {
        slot_handle_t *handle = &self->handles [i];
        lease = s_slots_find (handle->tasks, serial);
        if (!lease || bytes <= lease->output_window)
            continue;
        lease->output_window = bytes;
        lease->discards = discard;
        slot_handle_output_window (handle, lease, bytes - lease->output_before);
    }
}

void slots_output_more (slots_t *self, uint64_t bytes)
{
    lease_t *lease;
    DL_FOREACH (self->queue, lease)
        if (lease->output_window < lease->output_sent + bytes)
            lease->output_window = lease->output_sent + bytes;
    for (size_t i = 0; i < self->options.count; i++)
        DL_FOREACH (self->handles [i].tasks, lease)
            if (lease->output_window < lease->output_sent + bytes) {
                lease->output_window = lease->output_sent + bytes;
                slot_handle_output_window (&self->handles [i], lease,
                                           lease->output_window - lease->output_before);
            }
}

//  ---- counts ------------------------------------------------------------------------

size_t slots_held (const slots_t *self)
{
    return self->held;
}

size_t slots_held_bytes (const slots_t *self)
{
    return self->held_bytes;
}

size_t slots_free (const slots_t *self)
{
    size_t count = 0;
    for (size_t i = 0; i < self->options.count; i++)
        count += self->handles [i].count == 0;
    return count;
}

bool slots_idle (const slots_t *self)
{
    return self->held + self->dropped == 0;
}

static void s_visit (const lease_t *list, void (*visit) (void *context, uint64_t serial),
                     void *context)
{
    const lease_t *lease;
    DL_FOREACH (list, lease)
        if (lease->verdict != LEASE_DROPPED)
            visit (context, lease->serial);
}

void slots_each (const slots_t *self, void (*visit) (void *context, uint64_t serial), void *context)
{
    s_visit (self->queue, visit, context);
    for (size_t i = 0; i < self->options.count; i++)
        s_visit (self->handles [i].tasks, visit, context);
}

bool slots_exhausted (const slots_t *self)
{
    return self->abandoned_count >= SLOTS_ABANDONED_MAX;
}
