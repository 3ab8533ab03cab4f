//  program.c - functions served by a program in any language

#include "worker/runner/program.h"

#include "common/pack.h"
#include "common/rules.h"
#include "common/wire.h"
#include "worker/runner/call.h"
#include "worker/runner/call_fail.h"
#include "worker/runner/program_pipe.h"
#include "worker/runner/spawner.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM_MAGIC "cadre"
#define PROGRAM_VERSION 1u
#define PROGRAM_HELLO_MS 30000
#define PROGRAM_END_MS 1000

struct program {
    const runner_host_t *host;   //  The slot that runs it
    spawner_t *spawner;          //  Starts it
    char **argv;                 //  NULL-terminated
    program_pipe_t pipe;         //  To and from the program
    pid_t pid;                   //  Process and group; 0: not running
    int pidfd;                   //  Readable when it has ended
    uint64_t id;                 //  Number of the last call
    cadre_function_t *functions; //  From its first hello
    size_t count;                //  How many
};

static cadre_error_t s_program_run (cadre_task_t *call);

//  ---- end ------------------------------------------------------------------------------

//  Waits a limited time for its end, then kills its group. Returns its status, or -1 if that is not
//  available.
static int s_program_end (program_t *self, int patience_ms)
{
    int status = -1;
    program_pipe_close (&self->pipe);
    if (self->pid == 0)
        return status;
    while (poll (&(struct pollfd){.fd = self->pidfd, .events = POLLIN}, 1, patience_ms) < 0
           && errno == EINTR)
        ;
    kill (-self->pid, SIGKILL);
    pid_t pid;
    while ((pid = waitpid (self->pid, &status, 0)) < 0 && errno == EINTR)
        ;
    spawner_close (&self->pidfd);
    self->pid = *self->host->program = 0;
    atomic_store (&self->host->page->process_group, 0);
    return pid < 0 ? -1 : status;
}

void program_destroy (program_t **self_p)
{
    assert (self_p);
    program_t *self = *self_p;
    if (!self)
        return;
    s_program_end (self, PROGRAM_END_MS);
    spawner_destroy (&self->spawner);
    for (size_t i = 0; i < self->count; i++) {
        free ((char *) (uintptr_t) self->functions [i].name);
        free ((char *) (uintptr_t) self->functions [i].takes);
        free ((char *) (uintptr_t) self->functions [i].says);
    }
    free (self->functions);
    for (char **word = self->argv; word && *word; word++)
        free (*word);
    free (self->argv);
    program_pipe_free (&self->pipe);
    free (self);
    *self_p = NULL;
}

//  ---- start ------------------------------------------------------------------------------

static cadre_error_t s_program_spawn (program_t *self, fault_t *fault)
{
    int in [2] = {-1, -1}, out [2] = {-1, -1};
    spawned_t child = {.stage = SPAWN_PROCESS};
    if (spawner_pipe (in) && spawner_pipe (out))
        child = spawner_start (self->spawner, &(spawn_t){.argv = self->argv,
                                                         .env = environ,
                                                         .in = in [0],
                                                         .out = out [1],
                                                         .err = -1,
                                                         .all_signals = true});
    else
        child.error = errno;
    spawner_close (&in [0]);
    spawner_close (&out [1]);
    if (child.stage != SPAWN_RUNS) {
        spawner_close (&in [1]);
        spawner_close (&out [0]);
        return fault_set (fault, CADRE_ERROR_PLUGIN,
                          "program %s cannot be started (%s): give the path of an executable file",
                          self->argv [0], strerror (child.error));
    }
    self->pid = *self->host->program = child.pid;
    self->pidfd = child.pidfd;
    program_pipe_open (&self->pipe, in [1], out [0]);
    return CADRE_OK;
}

static char *s_optional (view_t text)
{
    return text.size ? view_text (text) : NULL;
}

//  A text, or nil for none.
static void s_text_or_nil (cursor_t *list, view_t *text)
{
    if (cursor_peek (list) == CURSOR_NIL)
        cursor_nil (list);
    else
        cursor_text (list, text);
}

static bool s_read_function (program_t *self, cursor_t *list)
{
    size_t count = 0;
    view_t name = {0}, takes = {0}, says = {0};
    if (!cursor_array (list, &count) || count < 1 || !cursor_text (list, &name))
        return false;
    if (count > 1)
        s_text_or_nil (list, &takes);
    if (count > 2)
        s_text_or_nil (list, &says);
    for (size_t i = 3; i < count; i++)
        cursor_skip (list, NULL);
    if (list->failed)
        return false;
    self->functions [self->count++] = (cadre_function_t){.name = view_text (name),
                                                         .run = s_program_run,
                                                         .takes = s_optional (takes),
                                                         .says = s_optional (says)};
    return true;
}

//  Only the first list counts: the worker already has it when the program is restarted.
static bool s_read_hello (program_t *self, cursor_t hello)
{
    size_t count = 0;
    view_t magic = {0}, list = {0};
    uint64_t version = 0;
    if (!cursor_array (&hello, &count) || count < 3 || !cursor_text (&hello, &magic)
        || !view_is (magic, PROGRAM_MAGIC) || !cursor_uint (&hello, &version)
        || version != PROGRAM_VERSION || !cursor_skip (&hello, &list))
        return false;
    if (self->functions)
        return true;
    cursor_t functions = cursor_of_view (list);
    if (!cursor_array (&functions, &count))
        return false;
    self->functions = calloc (count + 1, sizeof *self->functions);
    assert (self->functions);
    for (size_t i = 0; i < count; i++)
        if (!s_read_function (self, &functions))
            return false;
    return true;
}

static cadre_error_t s_fail_hello (program_t *self, const char *what, fault_t *fault)
{
    s_program_end (self, 0);
    return fault_set (fault, CADRE_ERROR_PLUGIN, "program %s %s: see PROGRAM.md for the protocol",
                      self->argv [0], what);
}

static cadre_error_t s_await_hello (program_t *self, fault_t *fault)
{
    int64_t deadline_us = clock_now (NULL) + PROGRAM_HELLO_MS * 1000ll;
    for (;;) {
        cursor_t hello;
        program_pipe_got_t got = program_pipe_next (&self->pipe, &hello);
        if (got == PROGRAM_PIPE_MESSAGE)
            return s_read_hello (self, hello) ? CADRE_OK
                                              : s_fail_hello (self, "sends no valid hello", fault);
        if (got == PROGRAM_PIPE_GARBLED)
            return s_fail_hello (self, "writes other data than messages to its stdout", fault);
        int64_t left_ms = (deadline_us - clock_now (NULL)) / 1000;
        struct pollfd polled [] = {{.fd = self->host->fd},
                                   {.fd = self->pipe.from, .events = POLLIN}};
        if (left_ms <= 0)
            return s_fail_hello (self, "sends no hello within 30 s", fault);
        if (poll (polled, 2, (int) left_ms) < 0)
            continue;
        if (polled [0].revents)
            return s_fail_hello (self, "did not say hello before the worker ended", fault);
        if (polled [1].revents && !program_pipe_fill (&self->pipe))
            return s_fail_hello (self, "ended without a hello", fault);
    }
}

static cadre_error_t s_program_start (program_t *self, fault_t *fault)
{
    cadre_error_t error = s_program_spawn (self, fault);
    return error == CADRE_OK ? s_await_hello (self, fault) : error;
}

program_t *program_new (const runner_host_t *host, const view_t *argv, size_t argc, fault_t *fault)
{
    program_t *self = calloc (1, sizeof *self);
    assert (self && argc > 0);
    *self = (program_t){
        .host = host, .spawner = spawner_new (), .pidfd = -1, .pipe = PROGRAM_PIPE_CLOSED};
    self->argv = calloc (argc + 1, sizeof *self->argv);
    assert (self->argv);
    for (size_t i = 0; i < argc; i++)
        self->argv [i] = view_text (argv [i]);
    if (s_program_start (self, fault) != CADRE_OK)
        program_destroy (&self);
    return self;
}

const cadre_function_t *program_functions (const program_t *self)
{
    return self->functions;
}

//  ---- one call -------------------------------------------------------------------------------

static void s_program_ask (program_t *self, const cadre_task_t *call)
{
    const runner_task_t *task = call_task (call);
    view_t arguments = call_of_arguments (call);
    buffer_t *out = program_pipe_begin (&self->pipe);
    pack_array (out, 4);
    pack_uint (out, ++self->id);
    pack_text (out, call_name (call));
    pack_raw (out, arguments.data, arguments.size);
    pack_array (out, 3);
    pack_uint (out, task->job);
    pack_uint (out, task->index);
    pack_uint (out, task->attempt);
    program_pipe_end (&self->pipe);
}

//  Texts of an error; missing ones are empty.
static cadre_error_t s_fail_as_told (cadre_task_t *call, cursor_t *message, size_t count)
{
    view_t texts [3] = {{0}};
    for (size_t i = 0; i < 3 && i + 2 < count; i++) {
        if (cursor_peek (message) == CURSOR_TEXT)
            cursor_text (message, &texts [i]);
        else
            cursor_skip (message, NULL);
    }
    char kind [RUNNER_KIND_BYTES];
    view_copy (texts [0], kind, sizeof kind);
    cadre_fail (call, kind, "%.*s", (int) texts [1].size, (const char *) texts [1].data);
    if (texts [2].size)
        cadre_trace (call, "%.*s", (int) texts [2].size, (const char *) texts [2].data);
    return CADRE_ERROR_TASK;
}

typedef enum told { TOLD_MORE, TOLD_END, TOLD_RUBBISH } told_t;

static told_t s_hear_progress (cadre_task_t *call, cursor_t *message, size_t count)
{
    double fraction = 0;
    view_t text = {0};
    char line [256];
    if (count < 3 || !cursor_double (message, &fraction))
        return TOLD_RUBBISH;
    if (count > 3 && cursor_peek (message) == CURSOR_TEXT)
        cursor_text (message, &text);
    view_copy (text, line, sizeof line);
    cadre_task_progress (call, fraction, line);
    return TOLD_MORE;
}

//  An invalid value is an error of the task; the program may continue.
static told_t s_hear_value (cadre_task_t *call, view_t what, cursor_t *message)
{
    bool last = view_is (what, "ok");
    view_t value = {0};
    fault_t fault = {0};
    if (cursor_peek (message) == CURSOR_END)
        return TOLD_RUBBISH;
    if (!rules_take (message, &rules_value, &value, &fault)) {
        call_fail_by_value (call, last ? "value" : "partial value", &fault);
        return last ? TOLD_END : TOLD_MORE;
    }
    while (!cursor_done (message)) //  Elements of a newer version
        if (!cursor_skip (message, NULL))
            return TOLD_RUBBISH;
    if (last) {
        call_return_raw (call, value);
        return TOLD_END;
    }
    if (call_emit_raw (call, value) == CADRE_ERROR_TOO_LARGE) {
        fault_set (&fault, CADRE_ERROR_TOO_LARGE, "%zu bytes, more than 256 KiB", value.size);
        call_fail_by_value (call, "partial value", &fault);
    }
    return TOLD_MORE;
}

static told_t s_hear_log (cadre_task_t *call, cursor_t *message)
{
    view_t line = {0};
    if (!cursor_text (message, &line))
        return TOLD_RUBBISH;
    cadre_task_log (call, "%.*s", (int) line.size, (const char *) line.data);
    return TOLD_MORE;
}

static told_t s_hear_what (cadre_task_t *call, view_t what, cursor_t *message, size_t count)
{
    if (view_is (what, "ok") || view_is (what, "partial"))
        return s_hear_value (call, what, message);
    if (view_is (what, "log"))
        return s_hear_log (call, message);
    if (view_is (what, "progress"))
        return s_hear_progress (call, message, count);
    if (!view_is (what, "error"))
        return TOLD_RUBBISH;
    s_fail_as_told (call, message, count);
    return message->failed ? TOLD_RUBBISH : TOLD_END;
}

static told_t s_hear (program_t *self, cadre_task_t *call, cursor_t message)
{
    size_t count = 0;
    uint64_t id = 0;
    view_t what = {0};
    if (!cursor_array (&message, &count) || count < 3 || !cursor_uint (&message, &id)
        || id > self->id || !cursor_text (&message, &what))
        return TOLD_RUBBISH;
    if (id < self->id) //  Of a call that has ended: only an answer is wrong
        return view_is (what, "ok") || view_is (what, "error") ? TOLD_RUBBISH : TOLD_MORE;
    return s_hear_what (call, what, &message, count);
}

static cadre_error_t s_blame (program_t *self, cadre_task_t *call)
{
    int status = s_program_end (self, PROGRAM_END_MS);
    if (status != -1 && WIFSIGNALED (status)) {
        cadre_fail (call, "program", "program %s was killed by signal %d (%s) during %s",
                    self->argv [0], WTERMSIG (status), strsignal (WTERMSIG (status)),
                    call_name (call));
        call_set_outcome (call, CADRE_OUTCOME_SIGNAL, WTERMSIG (status));
    } else if (status != -1 && WEXITSTATUS (status) != 0) {
        cadre_fail (call, "program", "program %s ended with exit code %d during %s", self->argv [0],
                    WEXITSTATUS (status), call_name (call));
        call_set_outcome (call, CADRE_OUTCOME_EXIT, WEXITSTATUS (status));
    } else {
        cadre_fail (call, "program", "program %s ended during %s without an answer", self->argv [0],
                    call_name (call));
    }
    return CADRE_ERROR_TASK;
}

static cadre_error_t s_condemn (program_t *self, cadre_task_t *call)
{
    s_program_end (self, 0);
    return cadre_fail (
        call, "program",
        "program %s sent something that is not an answer to %s and was ended: it must write to stdout nothing but "
        "messages as in PROGRAM.md",
        self->argv [0], call_name (call));
}

//  The program cannot be asked to stop: it gets SIGTERM, and the next call starts a new one.
static cadre_error_t s_program_cancel (program_t *self, cadre_task_t *call)
{
    uint64_t grace_ms = call_task (call)->grace_ms;
    kill (-self->pid, SIGTERM);
    s_program_end (self, grace_ms > INT32_MAX ? INT32_MAX : (int) grace_ms);
    cadre_fail (call, "cancelled", "%s was cancelled, and the program that ran it ended",
                call_name (call));
    call_set_outcome (call, CADRE_OUTCOME_CANCELLED, 0);
    return CADRE_ERROR_TASK;
}

static cadre_error_t s_converse (program_t *self, cadre_task_t *call)
{
    const runner_host_t *host = self->host;
    for (;;) {
        cursor_t message;
        program_pipe_got_t got;
        while ((got = program_pipe_next (&self->pipe, &message)) == PROGRAM_PIPE_MESSAGE) {
            told_t told = s_hear (self, call, message);
            if (told == TOLD_RUBBISH)
                return s_condemn (self, call);
            if (told == TOLD_END)
                return CADRE_OK;
        }
        if (got == PROGRAM_PIPE_GARBLED)
            return s_condemn (self, call);
        if (ticket_is_cancelled (host->page, call_task (call)->ticket))
            return s_program_cancel (self, call);
        struct pollfd polled [] = {
            {.fd = host->fd, .events = POLLIN},
            {.fd = self->pipe.from, .events = POLLIN},
            {.fd = self->pipe.out.size ? self->pipe.to : -1, .events = POLLOUT}};
        if (poll (polled, 3, -1) < 0)
            continue;
        if (polled [0].revents && !host->listen (host->context, false))
            return s_condemn (self, call);
        if (polled [2].revents)
            program_pipe_flush (&self->pipe);
        if (polled [1].revents && !program_pipe_fill (&self->pipe))
            return s_blame (self, call);
    }
}

//  Drops messages since the last answer, which must not affect the next call. A program that has
//  ended, or sends invalid messages, is replaced.
static void s_look_after (program_t *self)
{
    struct pollfd polled [] = {{.fd = self->pidfd, .events = POLLIN},
                               {.fd = self->pipe.from, .events = POLLIN}};
    cursor_t message;
    program_pipe_got_t got;
    bool alive =
        poll (polled, 2, 0) <= 0 || (!polled [0].revents && program_pipe_fill (&self->pipe));
    while ((got = program_pipe_next (&self->pipe, &message)) == PROGRAM_PIPE_MESSAGE)
        ;
    if (!alive || got == PROGRAM_PIPE_GARBLED)
        s_program_end (self, 0);
}

static cadre_error_t s_program_run (cadre_task_t *call)
{
    program_t *self = cadre_task_state (call);
    fault_t fault;
    if (self->pid)
        s_look_after (self);
    if (self->pid == 0 && s_program_start (self, &fault) != CADRE_OK)
        return cadre_fail (call, "program", "%s", fault.text);
    atomic_store (&self->host->page->process_group, self->pid);
    s_program_ask (self, call);
    program_pipe_flush (&self->pipe);
    s_converse (self, call);
    atomic_store (&self->host->page->process_group, 0);
    return CADRE_OK; //  the call contains the error
}
