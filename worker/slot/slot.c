//  slot.c - serves tasks, one after the other

#include "worker/slot/slot.h"

#include "common/bulk.h"
#include "common/hash.h"
#include "common/wire.h"
#include "worker/runner/call.h"
#include "worker/runner/command.h"
#include "worker/runner/functions.h"
#include "worker/runner/plugin.h"
#include "worker/runner/program.h"
#include "worker/slot/slot_pipe.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT_EXIT_BROKEN 70
#define SLOT_BATCH_US 1000
#define SLOT_MS_MAX (UINT64_C (1) << 42) //  139 years: longer times do not fit into microseconds
#define SLOT_SHORT_US 50u                //  Results of longer tasks are sent at once

typedef struct slot_job {
    uint64_t number;          //  Key
    uint64_t kind;            //  WIRE_KIND_...
    buffer_t function;        //  Name
    functions_entry_t *entry; //  NULL: unknown here
    buffer_t spec;            //  For commands
    uint64_t timeout_ms;      //  For one try, 0: none
    uint64_t grace_ms;        //  From SIGTERM to SIGKILL
    uint64_t last_us;         //  Run time of its last task
    UT_hash_handle hh;        //  In the slot's table
} slot_job_t;

typedef struct slot {
    const slot_serve_options_t *options; //  Borrowed
    slot_pipe_t pipe;                    //  To the worker
    slot_memory_t *memory;               //  Shared with the worker
    runner_host_t host;                  //  Interface for runners
    char *broker;                        //  CADRE_TASK_BROKER for tasks
    functions_t *functions;              //  All functions
    plugin_t **plugins;                  //  Loaded
    size_t plugins_count;                //  How many
    program_t *program;                  //  Or NULL
    pid_t program_pid;                   //  Its process, or 0
    command_t *command;                  //  Created for the first command
    cadre_task_t *call;                  //  Reused for every function
    runner_end_t end;                    //  Reused for every task
    slot_job_t *jobs;                    //  By number
    slot_job_t *last_job;                //  Of the last task, or NULL
    uint32_t ticket;                     //  Ticket of the running task
    bool running;                        //  A task is running
    uint64_t output_sent;                //  Of the running task
    uint64_t output_window;              //  Limit of that in total
    int64_t gathering_us;                //  When the oldest result without a bell was published
    bool started;                        //  slot_start came
    bool useless;                        //  It failed: nothing is run
    bool broken;                         //  The worker's messages are invalid
} slot_t;

//  ---- interface for runners ------------------------------------------------------------

static uint64_t s_slot_room (void *context)
{
    slot_t *self = context;
    return self->output_window > self->output_sent ? self->output_window - self->output_sent : 0;
}

static bool s_slot_flush (void *context)
{
    slot_t *self = context;
    return slot_pipe_flush (&self->pipe);
}

static void s_slot_output (void *context, unsigned stream, const void *bytes, size_t size_bytes)
{
    slot_t *self = context;
    if (slot_pipe_is_copy (&self->pipe))
        return;
    wire_slot_output_t output = {
        .ticket = self->ticket, .stream = stream, .bytes = {.data = bytes, .size = size_bytes}};
    slot_pipe_begin (&self->pipe, WIRE_slot_output);
    wire_pack_slot_output (&self->pipe.out, &output);
    slot_pipe_end (&self->pipe);
    self->output_sent += size_bytes;
    if (self->pipe.untold >= WIRE_BATCH_BYTES)
        slot_pipe_flush (&self->pipe);
}

//  Handles a frame that came while a task runs. True when it is for that task.
static bool s_overhear (slot_t *self, slot_frame_t *frame)
{
    wire_slot_output_window_t window;
    wire_slot_cancel_t cancel;
    if (frame->verb == WIRE_slot_cancel)
        return wire_read_slot_cancel (&frame->body, &cancel) && cancel.ticket == self->ticket;
    if (frame->verb != WIRE_slot_output_window
        || !wire_read_slot_output_window (&frame->body, &window) || window.ticket != self->ticket)
        return false;
    if (window.bytes > self->output_window)
        self->output_window = window.bytes;
    return true;
}

//  Scans all frames that have arrived. Tasks among them wait for their turn.
static bool s_slot_scan (slot_t *self)
{
    bool something = false;
    for (;;) {
        slot_frame_t frame;
        slot_pipe_got_t got = slot_pipe_scan (&self->pipe, &frame);
        if (got == SLOT_PIPE_BROKEN)
            self->broken = true;
        if (got != SLOT_PIPE_FRAME)
            return something;
        something |= s_overhear (self, &frame);
    }
}

static bool s_listen (void *context, bool wait)
{
    slot_t *self = context;
    if (slot_pipe_is_copy (&self->pipe))
        return false;
    slot_pipe_hold (&self->pipe);
    if (s_slot_scan (self))
        return !self->broken;
    if (self->broken || !slot_pipe_fill (&self->pipe, wait))
        return false;
    s_slot_scan (self);
    return !self->broken;
}

//  ---- start -------------------------------------------------------------------------

static cadre_error_t s_load_plugin (slot_t *self, view_t name, fault_t *fault)
{
    char *path = view_text (name);
    char source [256];
    snprintf (source, sizeof source, "plugin %s", path);
    plugin_t *plugin = plugin_new (path, fault);
    free (path);
    if (!plugin)
        return fault->code;
    self->plugins = realloc (self->plugins, (self->plugins_count + 1) * sizeof (plugin_t *));
    assert (self->plugins);
    self->plugins [self->plugins_count++] = plugin;
    return functions_add (self->functions, plugin_functions (plugin), source, NULL, fault);
}

static cadre_error_t s_load_plugins (slot_t *self, const wire_list_t *list, fault_t *fault)
{
    cursor_t cursor = cursor_of_view (list->values);
    for (size_t i = 0; i < list->count; i++) {
        view_t name = {0};
        if (!cursor_text (&cursor, &name))
            return fault_set (fault, CADRE_ERROR_PROTOCOL, "the name of a plugin is not a text");
        cadre_error_t error = s_load_plugin (self, name, fault);
        if (error != CADRE_OK)
            return error;
    }
    return CADRE_OK;
}

static cadre_error_t s_load_program (slot_t *self, const wire_list_t *list, fault_t *fault)
{
    if (list->count == 0)
        return CADRE_OK;
    view_t *argv = calloc (list->count, sizeof *argv);
    assert (argv);
    cursor_t cursor = cursor_of_view (list->values);
    bool ok = true;
    for (size_t i = 0; i < list->count; i++)
        ok = ok && cursor_text (&cursor, &argv [i]);
    if (ok)
        self->program = program_new (&self->host, argv, list->count, fault);
    else
        fault_set (fault, CADRE_ERROR_PROTOCOL, "an argument of the program is not a text");
    free (argv);
    if (!self->program)
        return fault->code;
    return functions_add (self->functions, program_functions (self->program), "the program",
                          self->program, fault);
}

static cadre_error_t s_load (slot_t *self, const wire_slot_start_t *start, fault_t *fault)
{
    cadre_error_t error =
        functions_add (self->functions, self->options->functions, "this executable", NULL, fault);
    if (error == CADRE_OK)
        error = s_load_plugins (self, &start->plugins, fault);
    if (error == CADRE_OK)
        error = s_load_program (self, &start->program, fault);
    return error;
}

static bool s_on_start (slot_t *self, cursor_t *body)
{
    wire_slot_start_t start;
    if (self->started || !wire_read_slot_start (body, &start))
        return false;
    self->started = true;
    self->broker = view_text (start.broker);
    self->host.broker = self->broker;
    self->host.slot = (unsigned) start.slot;
    fault_t fault = {0};
    cadre_error_t error = s_load (self, &start, &fault);
    self->useless = error != CADRE_OK;
    buffer_t values = {0};
    functions_pack (self->functions, &values);
    wire_slot_ready_t ready = {.code = error, .message = wire_view (fault.text)};
    if (!self->useless)
        ready.functions = wire_list_of (&values, functions_count (self->functions));
    slot_pipe_begin (&self->pipe, WIRE_slot_ready);
    wire_pack_slot_ready (&self->pipe.out, &ready);
    slot_pipe_end (&self->pipe);
    buffer_free (&values);
    return true;
}

//  ---- jobs ----------------------------------------------------------------------------

static void s_forget_job (slot_t *self, slot_job_t *job)
{
    HASH_DEL (self->jobs, job);
    if (self->last_job == job)
        self->last_job = NULL;
    buffer_free (&job->function);
    buffer_free (&job->spec);
    free (job);
}

static slot_job_t *s_find_job (slot_t *self, uint64_t number)
{
    if (!self->last_job || self->last_job->number != number)
        HASH_FIND (hh, self->jobs, &number, sizeof number, self->last_job);
    return self->last_job;
}

static uint64_t s_clamp_ms (uint64_t ms)
{
    return ms < SLOT_MS_MAX ? ms : SLOT_MS_MAX;
}

static bool s_slot_on_job (slot_t *self, cursor_t *body)
{
    wire_slot_job_t fields;
    if (!self->started || !wire_read_slot_job (body, &fields))
        return false;
    slot_job_t *job = s_find_job (self, fields.job);
    if (job)
        s_forget_job (self, job);
    job = calloc (1, sizeof *job);
    assert (job);
    *job = (slot_job_t){.number = fields.job,
                        .kind = fields.kind,
                        .timeout_ms = s_clamp_ms (fields.timeout_ms),
                        .grace_ms = s_clamp_ms (fields.grace_ms),
                        .last_us = UINT64_MAX};
    buffer_append (&job->function, fields.function.data, fields.function.size);
    buffer_append (&job->spec, fields.spec.data, fields.spec.size);
    job->entry = functions_find (self->functions, fields.function);
    HASH_ADD (hh, self->jobs, number, sizeof job->number, job);
    return true;
}

static bool s_slot_on_job_end (slot_t *self, cursor_t *body)
{
    wire_slot_job_end_t fields;
    if (!wire_read_slot_job_end (body, &fields))
        return false;
    slot_job_t *job = s_find_job (self, fields.job);
    if (job)
        s_forget_job (self, job);
    return true;
}

//  ---- tasks ---------------------------------------------------------------------------

static void s_run_command (slot_t *self, const runner_task_t *task)
{
    if (self->options->thread) {
        runner_end_failf (
            &self->end, "refused",
            "slots that are threads run no commands: use process slots (the default)");
        return;
    }
    if (!self->command)
        self->command = command_new (&self->host);
    command_run (self->command, task, &self->end);
}

static void s_run_function (slot_t *self, slot_job_t *job, const runner_task_t *task)
{
    functions_entry_t *entry = job->entry;
    fault_t fault;
    if (!entry) {
        functions_explain (self->functions, wire_view_of (&job->function), &fault);
        runner_end_fail (&self->end, "function", fault.text, NULL);
        return;
    }
    if (!entry->started && functions_start (entry, &fault) != CADRE_OK) {
        runner_end_fail (&self->end, "start", fault.text, NULL);
        return;
    }
    if (job->kind == WIRE_KIND_MAP)
        call_serve_map (self->call, entry->function, entry->state, task, &self->end);
    else
        call_serve (self->call, entry->function, entry->state, task, &self->end);
}

//  Sends the bell for waiting results before a task that may take long, and after a maximum delay.
static void s_flush_before (slot_t *self, const slot_job_t *job, int64_t now_us)
{
    if (self->pipe.untold
        && (job->last_us >= SLOT_SHORT_US || self->pipe.untold >= WIRE_BATCH_BYTES
            || now_us - self->gathering_us >= SLOT_BATCH_US))
        slot_pipe_flush (&self->pipe);
}

//  A large value goes as a file, if that can be; then *reference stands for it.
static view_t s_hand_over (slot_t *self, buffer_t *reference)
{
    buffer_t *value = &self->end.value;
    if (value->size <= WIRE_INLINE_MAX)
        return wire_view_of (value);
    view_t whole = wire_view_of (value);
    if (!value->bulk) {
        bulk_t *bulk = bulk_of_pieces (&whole, 1);
        if (!bulk)
            return whole;
        buffer_free (value);
        *value = buffer_of_bulk (bulk);
    }
    if (bulk_descriptor (value->bulk) < 0
        || !slot_pipe_send_file (&self->pipe, bulk_descriptor (value->bulk)))
        return wire_view_of (value);
    wire_pack_file (reference, value->size);
    return wire_view_of (reference);
}

static void s_slot_answer (slot_t *self, uint64_t run_us, int64_t now_us)
{
    buffer_t reference = {0};
    wire_slot_result_t result = {.ticket = self->ticket,
                                 .outcome = self->end.outcome,
                                 .code = self->end.code,
                                 .run_us = run_us,
                                 .value = s_hand_over (self, &reference),
                                 .detail = wire_view_of (&self->end.detail)};
    if (self->pipe.untold == 0)
        self->gathering_us = now_us;
    slot_pipe_begin (&self->pipe, WIRE_slot_result);
    wire_pack_slot_result (&self->pipe.out, &result);
    slot_pipe_end (&self->pipe);
    if (self->end.value.capacity > WIRE_INLINE_MAX)
        buffer_free (&self->end.value);
    buffer_free (&reference);
}

static void s_slot_run (slot_t *self, slot_job_t *job, const runner_task_t *task, uint64_t window)
{
    self->running = true;
    self->ticket = task->ticket;
    self->output_sent = 0;
    self->output_window = window;
    runner_end_clear (&self->end);
    if (job->kind == WIRE_KIND_COMMAND)
        s_run_command (self, task);
    else
        s_run_function (self, job, task);
    self->running = false;
    if (slot_pipe_is_copy (
            &self->pipe)) //  The task has forked, and this is its child, which returned, too
        _exit (0);
    int64_t now_us = clock_now (self->host.clock);
    job->last_us = (uint64_t) (now_us - task->started_us);
    s_slot_answer (self, job->last_us, now_us);
    slot_pipe_release (&self->pipe);
}

//  It has expired, and is not started.
static void s_decline (slot_t *self, uint32_t ticket, int64_t now_us)
{
    runner_end_clear (&self->end);
    self->end.outcome = CADRE_OUTCOME_EXPIRED;
    self->ticket = ticket;
    s_slot_answer (self, 0, now_us);
}

//  The file that the payload refers to. False when none came; *file stays NULL when it cannot be
//  used.
static bool s_take_file (slot_t *self, view_t payload, bulk_t **file)
{
    int fd;
    uint64_t size = wire_file_of (payload);
    if (!size)
        return true;
    if (!handover_take (&self->pipe.files, &fd))
        return false;
    *file = bulk_of_descriptor (fd, size, false);
    return true;
}

//  Its payload was sent as a file that cannot be used here.
static void s_lack_payload (slot_t *self, uint32_t ticket, uint64_t size_bytes, int64_t now_us)
{
    runner_end_clear (&self->end);
    runner_end_failf (&self->end, "memory",
                      "no memory or descriptor in the slot for arguments of %llu bytes: raise the "
                      "limit (ulimit -v, ulimit -n)",
                      (unsigned long long) size_bytes);
    self->ticket = ticket;
    s_slot_answer (self, 0, now_us);
}

//  Claims a task and runs it. file has the payload if fields refer to one; NULL: it cannot be used.
static bool s_begin (slot_t *self, const wire_slot_task_t *fields, const bulk_t *file)
{
    slot_job_t *job = s_find_job (self, fields->job);
    if (!job)
        return false;
    int64_t now_us = clock_now (self->host.clock);
    s_flush_before (self, job, now_us);
    uint32_t ticket = (uint32_t) fields->ticket;
    ticket_verdict_t verdict = ticket_claim (&self->memory->page, ticket, now_us);
    if (verdict != TICKET_RUN)
        return verdict == TICKET_SKIP;
    atomic_store_explicit (&self->memory->begun, ticket, memory_order_release);
    uint64_t size = wire_file_of (fields->payload);
    if (fields->begin_by_us && now_us > (int64_t) fields->begin_by_us) {
        s_decline (self, ticket, now_us);
        return true;
    }
    if (size && !file) {
        s_lack_payload (self, ticket, size, now_us);
        return true;
    }
    runner_task_t task = {.ticket = ticket,
                          .job = fields->job,
                          .index = (uint32_t) fields->index,
                          .attempt = (uint32_t) fields->attempt,
                          .payload = file ? bulk_view (file) : fields->payload,
                          .spec = wire_view_of (&job->spec),
                          .timeout_ms = job->timeout_ms,
                          .grace_ms = job->grace_ms,
                          .started_us = now_us};
    s_slot_run (self, job, &task, fields->output_bytes);
    return true;
}

//  The file is taken whatever becomes of the task: those of later tasks stand behind it.
static bool s_on_task (slot_t *self, cursor_t *body)
{
    bulk_t *file = NULL;
    wire_slot_task_t fields;
    if (!self->started || self->useless || !wire_read_slot_task (body, &fields)
        || fields.ticket > UINT32_MAX || !s_take_file (self, fields.payload, &file))
        return false;
    bool fine = s_begin (self, &fields, file);
    bulk_release (&file);
    return fine;
}

//  ---- the loop ------------------------------------------------------------------------

static bool s_handle (slot_t *self, slot_frame_t *frame)
{
    switch (frame->verb) {
    case WIRE_slot_start: return s_on_start (self, &frame->body);
    case WIRE_slot_job: return s_slot_on_job (self, &frame->body);
    case WIRE_slot_task: return s_on_task (self, &frame->body);
    case WIRE_slot_job_end: return s_slot_on_job_end (self, &frame->body);
    case WIRE_slot_cancel:
    case WIRE_slot_output_window: return true; //  for a task that has ended
    default: return false;
    }
}

static void s_slot_serve (slot_t *self)
{
    while (!self->broken && !self->pipe.gone) {
        slot_frame_t frame;
        slot_pipe_got_t got = slot_pipe_next (&self->pipe, &frame);
        if (got == SLOT_PIPE_FRAME) {
            self->broken |= !s_handle (self, &frame);
            continue;
        }
        slot_pipe_flush (&self->pipe);
        if (got == SLOT_PIPE_BROKEN)
            self->broken = true;
        else
            slot_pipe_fill (&self->pipe, true);
    }
}

static void s_slot_release (slot_t *self)
{
    command_destroy (&self->command);
    call_destroy (&self->call);
    functions_destroy (&self->functions);
    program_destroy (&self->program);
    for (size_t i = 0; i < self->plugins_count; i++)
        plugin_destroy (&self->plugins [i]);
    free (self->plugins);
    while (self->jobs)
        s_forget_job (self, self->jobs);
    runner_end_free (&self->end);
    slot_pipe_free (&self->pipe);
    free (self->broker);
}

int slot_serve (int fd, slot_memory_t *memory, const slot_serve_options_t *options)
{
    slot_t self = {.options = options, .memory = memory};
    slot_pipe_init (&self.pipe, fd, &memory->ring);
    self.host = (runner_host_t){.context = &self,
                                .fd = fd,
                                .page = &memory->page,
                                .item_values = &memory->item_values,
                                .clock = options->clock,
                                .program = &self.program_pid,
                                .broker = "",
                                .room = s_slot_room,
                                .output = s_slot_output,
                                .flush = s_slot_flush,
                                .listen = s_listen};
    self.functions = functions_new ();
    self.call = call_new (&self.host);
    s_slot_serve (&self);
    s_slot_release (&self);
    return self.broken ? SLOT_EXIT_BROKEN : 0;
}
