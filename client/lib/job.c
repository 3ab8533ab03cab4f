//  job.c - opens, reads and ends jobs

#include "client/lib/job.h"

#include <stdlib.h>
#include <string.h>

//  ---- callbacks of the work, with the lock held -------------------------------------

//  Counts what has become readable since `before` against the window.
static void s_job_hold (cadre_job_t *self, const chain_t *before)
{
    const chain_t *ready = &self->events.ready;
    if (!self->unbound && !self->pool->closing) {
        uint64_t tasks = ready->tasks - before->tasks, bytes = ready->bytes - before->bytes;
        self->held_tasks += tasks;
        self->held_bytes += bytes;
        session_put_hold (pool_session (self->pool), tasks, bytes);
    }
    if (ready->first)
        pool_news (self->pool);
}

static void s_job_release (cadre_job_t *self)
{
    session_put_release (pool_session (self->pool), self->held_tasks, self->held_bytes);
    self->held_tasks = self->held_bytes = 0;
}

static void s_job_on_result (work_t *work, uint32_t index, result_t *result)
{
    cadre_job_t *self = (cadre_job_t *) work;
    chain_t before = self->events.ready;
    if (result->outcome == CADRE_OUTCOME_OK)
        self->done++;
    else
        self->failed++;
    events_result (&self->events, index, result);
    s_job_hold (self, &before);
}

static void s_job_on_output (work_t *work, const wire_output_t *output, bool anew)
{
    cadre_job_t *self = (cadre_job_t *) work;
    chain_t before = self->events.ready;
    events_output (&self->events, output, anew);
    s_job_hold (self, &before);
}

static void s_on_noticed (work_t *work, cadre_error_t code)
{
    cadre_job_t *self = (cadre_job_t *) work;
    events_notice (&self->events, code, work->notice);
    pool_news (self->pool);
}

static void s_on_changed (work_t *work)
{
    pool_news (work->pool);
}

static void s_on_failed (work_t *work)
{
    cadre_job_t *self = (cadre_job_t *) work;
    self->fault = work->fault;
    pool_news (work->pool);
}

static const work_listener_t s_listener = {s_job_on_result, s_job_on_output, s_on_changed,
                                           s_on_noticed, s_on_failed};

//  ---- opening ----------------------------------------------------------------------------

cadre_error_t job_say (cadre_job_t *self, const fault_t *fault)
{
    if (fault != &self->fault) {
        pool_lock (self->pool);
        self->fault = *fault;
        pool_unlock (self->pool);
    }
    return message_say (self->pool, fault);
}

static cadre_job_t *s_job_new (cadre_t *pool)
{
    if (!pool || pool_forked (pool))
        return NULL;
    cadre_job_t *self = calloc (1, sizeof *self);
    if (!self)
        return NULL;
    self->pool = pool_hold (pool);
    self->work.pool = pool;
    return self;
}

//  A job that could not be opened is sealed and final, and has a fault.
static cadre_job_t *s_opened (cadre_job_t *self, const fault_t *fault)
{
    if (fault->code) {
        self->work.sealed = self->work.final = true;
        self->work.fault = self->fault = *fault;
        message_say (self->pool, fault);
    }
    return self;
}

//  The broker repeats only tasks of lost workers.
static void s_take_tries (wire_job_open_t *fields, retry_policy_t *tries)
{
    retry_policy_read (tries, fields);
    fields->retries = 0;
    fields->retries_lost = tries->again [CADRE_OUTCOME_WORKER_LOST];
    fields->causes = (view_t){NULL, 0};
}

static cadre_job_t *s_job_open (cadre_t *pool, unsigned kind, const char *function,
                                const cadre_job_options_t *options, const job_spec_around_t *around,
                                retry_policy_t *tries)
{
    cadre_job_t *self = s_job_new (pool);
    if (!self)
        return NULL;
    fault_t fault = {0};
    job_spec_t spec;
    self->kind = kind;
    self->events.ordered = !tries && options && options->ordered;
    if (job_spec_of (&spec, kind, function, options, around, &fault) == CADRE_OK) {
        if (tries)
            s_take_tries (&spec.fields, tries);
        pool_lock (pool);
        work_open (&self->work, pool, &s_listener, &spec.fields, &fault);
        pool_unlock (pool);
    }
    job_spec_free (&spec);
    return s_opened (self, &fault);
}

cadre_job_t *job_open_commands (cadre_t *pool, const cadre_job_options_t *options,
                                const job_spec_around_t *around)
{
    return s_job_open (pool, WIRE_KIND_COMMAND, NULL, options, around, NULL);
}

cadre_job_t *job_open_map (cadre_t *pool, const char *function, const cadre_job_options_t *options,
                           bool unbound, retry_policy_t *tries)
{
    cadre_job_t *self = s_job_open (pool, WIRE_KIND_MAP, function, options, NULL, tries);
    if (self)
        self->unbound = unbound;
    return self;
}

cadre_job_t *cadre_job_open (cadre_t *self, const char *function,
                             const cadre_job_options_t *options)
{
    return s_job_open (self, function ? WIRE_KIND_CALL : WIRE_KIND_COMMAND, function, options, NULL,
                       NULL);
}

cadre_job_t *cadre_job_follow (cadre_t *self, uint64_t number, unsigned what)
{
    cadre_job_t *job = s_job_new (self);
    if (!job)
        return NULL;
    fault_t fault = {0};
    pool_lock (self);
    work_follow (&job->work, self, &s_listener, number, what, &fault);
    connection_flush (self->connection);
    pool_unlock (self);
    return s_opened (job, &fault);
}

cadre_error_t cadre_job_seal (cadre_job_t *self)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    pool_lock (self->pool);
    cadre_error_t error = self->work.fault.code;
    if (self->work.ref && !error) {
        work_seal (&self->work);
        connection_flush (self->pool->connection);
    }
    pool_unlock (self->pool);
    return error;
}

//  ---- reading -----------------------------------------------------------------------------------

static bool s_job_ended (const cadre_job_t *self)
{
    return self->work.final || (self->work.sealed && !self->work.follow && work_done (&self->work));
}

static bool s_readable (void *argument)
{
    cadre_job_t *self = argument;
    return self->events.ready.first || s_job_ended (self);
}

static cadre_error_t s_job_late (cadre_job_t *self, const char *what, int timeout_ms,
                                 fault_t *fault)
{
    char why [400];
    pool_explain (self->pool, self->work.notice, why, sizeof why);
    return fault_set (fault, CADRE_ERROR_TIMEOUT, "%s after %d ms%s%s", what, timeout_ms,
                      *why ? ": " : "", why);
}

//  Takes the readable events, with the lock held.
static cadre_error_t s_fetch (cadre_job_t *self, int timeout_ms, fault_t *fault)
{
    connection_t *connection = self->pool->connection;
    s_job_release (self);
    if (self->work.ref
        && !connection_wait (connection, connection_deadline (timeout_ms), s_readable, self))
        return s_job_late (self, "nothing has come", timeout_ms, fault);
    self->taken = events_take (&self->events);
    if (self->taken.first)
        return CADRE_OK;
    *fault = self->work.fault;
    return fault->code ? fault->code : CADRE_ERROR_END;
}

//  The program may have been compiled with a header in which the struct is shorter or longer.
static void s_job_give (void *to, size_t to_bytes, const void *from, size_t from_bytes)
{
    memset (to, 0, to_bytes);
    memcpy (to, from, to_bytes < from_bytes ? to_bytes : from_bytes);
}

cadre_error_t cadre_job_next_sized (cadre_job_t *self, cadre_event_t *event, size_t event_bytes,
                                    int timeout_ms)
{
    if (!self || !event)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    events_node_free (&self->current);
    if (!self->taken.first) {
        fault_t fault;
        fault_clear (&fault);
        pool_lock (self->pool);
        cadre_error_t error = s_fetch (self, timeout_ms, &fault);
        pool_unlock (self->pool);
        if (error)
            return fault.code ? job_say (self, &fault) : error;
    }
    self->current = events_chain_pop (&self->taken);
    s_job_give (event, event_bytes, &self->current->event, sizeof self->current->event);
    return CADRE_OK;
}

//  A detached job receives only counts, unless it is followed.
static bool s_waited (void *argument)
{
    cadre_job_t *self = argument;
    const cadre_progress_t *progress = &self->work.progress;
    bool counted = self->work.detached && !self->work.follow
                   && self->work.count == progress->done + progress->failed;
    return self->work.final || (!self->work.follow && work_done (&self->work)) || counted;
}

cadre_error_t cadre_job_wait (cadre_job_t *self, int timeout_ms)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    fault_t fault = {0};
    pool_lock (self->pool);
    //  The application does not read meanwhile, so events are kept here regardless of the window
    self->unbound = true;
    s_job_release (self);
    bool done = !self->work.ref
                || connection_wait (self->pool->connection, connection_deadline (timeout_ms),
                                    s_waited, self);
    uint64_t failed =
        self->failed > self->work.progress.failed ? self->failed : self->work.progress.failed;
    if (self->work.fault.code)
        fault = self->work.fault;
    else if (!done)
        s_job_late (self, "the job has not ended", timeout_ms, &fault);
    else if (failed)
        fault_set (&fault, CADRE_ERROR_TASK,
                   "%llu of %llu tasks failed: read why with cadre_job_next",
                   (unsigned long long) failed,
                   (unsigned long long) (self->work.follow ? self->work.progress.total
                                                           : self->work.count));
    pool_unlock (self->pool);
    return fault.code ? job_say (self, &fault) : CADRE_OK;
}

cadre_error_t cadre_job_progress_sized (cadre_job_t *self, cadre_progress_t *progress,
                                        size_t progress_bytes)
{
    if (!self || !progress)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    pool_lock (self->pool);
    if (self->work.ref)
        connection_flush (self->pool->connection);
    const cadre_progress_t *heard = &self->work.progress;
    uint64_t total = self->work.follow ? heard->total : self->work.count;
    uint64_t done = heard->done > self->done ? heard->done : self->done;
    uint64_t failed = heard->failed > self->failed ? heard->failed : self->failed;
    uint64_t open = total > done + failed ? total - done - failed : 0;
    uint64_t running = heard->running < open ? heard->running : open;
    const cadre_progress_t now = {total, open - running, running, done, failed};
    pool_unlock (self->pool);
    s_job_give (progress, progress_bytes, &now, sizeof now);
    return CADRE_OK;
}

//  A refusal may come after the acknowledgement of the refused frames: only a job with a number was
//  accepted.
static bool s_synced (void *argument)
{
    cadre_job_t *self = argument;
    bool taken = self->work.number || self->work.final;
    return self->work.fault.code || (taken && work_synced (&self->work));
}

cadre_error_t job_refuse_others (const cadre_job_t *self, fault_t *fault)
{
    return fault_set (
        fault, CADRE_ERROR_REFUSED,
        "this job was submitted before, as %llu, with %llu tasks that differ from these: choose another identity",
        (unsigned long long) self->work.number, (unsigned long long) self->work.progress.total);
}

//  Was it submitted before under its identity, has it ended, and had it other tasks?
static void s_check_same (const cadre_job_t *self, fault_t *fault)
{
    const work_t *work = &self->work;
    if (work->final && work->detached && !work->follow && work->sealed
        && work->count != work->progress.total)
        job_refuse_others (self, fault);
}

cadre_error_t cadre_job_sync (cadre_job_t *self, int timeout_ms)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    fault_t fault = {0};
    pool_lock (self->pool);
    if (self->work.ref && !self->work.final)
        work_put (&self->work);
    if (self->work.ref
        && !connection_wait (self->pool->connection, connection_deadline (timeout_ms), s_synced,
                             self))
        s_job_late (self, "the broker has not acknowledged the job", timeout_ms, &fault);
    if (self->work.fault.code)
        fault = self->work.fault;
    else if (!fault.code)
        s_check_same (self, &fault);
    pool_unlock (self->pool);
    return fault.code ? job_say (self, &fault) : CADRE_OK;
}

static bool s_numbered (void *argument)
{
    cadre_job_t *self = argument;
    return self->work.number || self->work.final;
}

uint64_t cadre_job_number (cadre_job_t *self, int timeout_ms)
{
    if (!self || pool_forked (self->pool))
        return 0;
    fault_t fault = {0};
    pool_lock (self->pool);
    if (self->work.ref
        && !connection_wait (self->pool->connection, connection_deadline (timeout_ms), s_numbered,
                             self))
        s_job_late (self, "the job has no number", timeout_ms, &fault);
    uint64_t number = self->work.number;
    if (!number && self->work.fault.code)
        fault = self->work.fault;
    pool_unlock (self->pool);
    if (fault.code)
        job_say (self, &fault);
    return number;
}

//  ---- ending
//  ------------------------------------------------------------------------------------------

cadre_error_t cadre_job_cancel (cadre_job_t *self)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    pool_lock (self->pool);
    work_cancel (&self->work);
    if (self->work.ref)
        connection_flush (self->pool->connection);
    pool_unlock (self->pool);
    return CADRE_OK;
}

cadre_error_t cadre_job_cancel_task (cadre_job_t *self, uint32_t index)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    fault_t fault = {0};
    pool_lock (self->pool);
    if (index >= self->work.count)
        fault_set (&fault, CADRE_ERROR_ARGUMENT, "the job has no task %u: it has %u", index,
                   self->work.count);
    else {
        work_cancel_task (&self->work, index);
        if (self->work.ref)
            connection_flush (self->pool->connection);
    }
    pool_unlock (self->pool);
    return fault.code ? job_say (self, &fault) : CADRE_OK;
}

const char *cadre_job_message (cadre_job_t *self)
{
    return self && !pool_forked (self->pool) ? self->fault.text : "";
}

void cadre_job_destroy (cadre_job_t **self_p)
{
    cadre_job_t *self = self_p ? *self_p : NULL;
    if (!self)
        return;
    *self_p = NULL;
    if (pool_forked (self->pool))
        return;
    pool_lock (self->pool);
    if (self->work.ref) {
        if (!self->work.detached && !work_done (&self->work))
            work_cancel (&self->work);
        work_seal (&self->work);
        if (!self->work.final)
            work_put (&self->work);
        connection_flush (self->pool->connection);
        work_close (&self->work);
    }
    s_job_release (self);
    pool_unlock (self->pool);
    events_node_free (&self->current);
    events_chain_free (&self->taken);
    events_free (&self->events);
    pool_release (&self->pool);
    free (self);
}
