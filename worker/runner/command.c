//  command.c - runs a command from its start to the end of its group

#include "worker/runner/command.h"

#include "common/pack.h"
#include "worker/runner/command_plan.h"
#include "worker/runner/spawner.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_PIECE_BYTES (64u * 1024u)
#define COMMAND_EXIT_NOT_FOUND 127
#define COMMAND_EXIT_NOT_EXECUTABLE 126

struct command {
    const runner_host_t *host;           //  The slot that runs it
    spawner_t *spawner;                  //  Starts it
    command_plan_t plan;                 //  Reused for every command
    uint8_t piece [COMMAND_PIECE_BYTES]; //  Buffer for output
};

enum { RUN_HOST, RUN_PROCESS, RUN_STDOUT, RUN_STDERR, RUN_STDIN, RUN_POLLED };

typedef struct run {
    command_t *command;
    const runner_host_t *host;
    const runner_task_t *task; //  The task
    runner_end_t *end;         //  Outcome of the task
    int fds [RUN_POLLED];      //  -1: closed. The host's descriptor is not ours
    size_t left [RUN_POLLED];  //  Output to read after the end of the process
    size_t input_written;      //  Of the plan's input
    pid_t pid;                 //  Process and group
    int64_t deadline_us;       //  End of the timeout; 0: none
    int64_t kill_us;           //  When SIGKILL follows SIGTERM; 0: not sent
    cadre_outcome_t why;       //  NONE, or TIMEOUT or CANCELLED: we ended it
    bool exited;               //  The process has ended; status and usage are known
    bool lost;                 //  Its status is not available
    bool gone;                 //  The worker is gone
    bool gathered;             //  Output is buffered in the slot
    int status;                //  As from wait4
    struct rusage usage;       //  As from wait4
} run_t;

command_t *command_new (const runner_host_t *host)
{
    command_t *self = calloc (1, sizeof *self);
    assert (self);
    self->host = host;
    self->spawner = spawner_new ();
    return self;
}

void command_destroy (command_t **self_p)
{
    assert (self_p);
    if (!*self_p)
        return;
    spawner_destroy (&(*self_p)->spawner);
    command_plan_free (&(*self_p)->plan);
    free (*self_p);
    *self_p = NULL;
}

//  ---- start -------------------------------------------------------------------------------

static void s_fail_start (run_t *run, const spawned_t *child)
{
    char here [256] = "the worker";
    gethostname (here, sizeof here - 1);
    const char *name = command_plan_argv (&run->command->plan) [0];
    const char *why = strerror (child->error);
    if (child->stage == SPAWN_PROCESS) {
        runner_end_failf (run->end, "spawn",
                          "no process for %s (%s): raise the limit of processes on %s", name, why,
                          here);
    } else if (child->stage == SPAWN_DIRECTORY) {
        runner_end_failf (run->end, "directory",
                          "%s: %s: create it on %s, or name another directory",
                          run->command->plan.directory, why, here);
    } else if (child->error == E2BIG) {
        runner_end_failf (run->end, "too-large",
                          "%s: arguments and environment are too long: pass them by stdin", name);
    } else if (child->error == ENOENT || child->error == ENOTDIR) {
        runner_end_failf (run->end, "command",
                          "%s: command not found: install it on %s or give its path", name, here);
        run->end->outcome = CADRE_OUTCOME_EXIT;
        run->end->code = COMMAND_EXIT_NOT_FOUND;
    } else {
        runner_end_failf (run->end, "command",
                          "%s: cannot be executed (%s): check its mode and format on %s", name, why,
                          here);
        run->end->outcome = CADRE_OUTCOME_EXIT;
        run->end->code = COMMAND_EXIT_NOT_EXECUTABLE;
    }
}

static bool s_pipes (run_t *run, int out [2], int err [2], int in [2])
{
    if (spawner_pipe (out) && spawner_pipe (err)
        && (!run->command->plan.has_input || spawner_pipe (in)))
        return true;
    runner_end_failf (run->end, "spawn",
                      "no pipes for the command (%s): raise the limit of descriptors (ulimit -n)",
                      strerror (errno));
    return false;
}

static void s_close_pair (int ends [2])
{
    spawner_close (&ends [0]);
    spawner_close (&ends [1]);
}

static bool s_command_start (run_t *run)
{
    command_plan_t *plan = &run->command->plan;
    int out [2] = {-1, -1}, err [2] = {-1, -1}, in [2] = {-1, -1};
    spawned_t child = {.stage = SPAWN_PROCESS};
    if (!s_pipes (run, out, err, in))
        goto out;
    child =
        spawner_start (run->command->spawner, &(spawn_t){.argv = command_plan_argv (plan),
                                                         .env = command_plan_env (plan),
                                                         .directory = plan->directory,
                                                         .in = in [0],
                                                         .out = out [1],
                                                         .err = err [1],
                                                         .group = &run->host->page->process_group});
    if (child.stage != SPAWN_RUNS) {
        s_fail_start (run, &child);
        goto out;
    }
    run->pid = child.pid;
    run->fds [RUN_PROCESS] = child.pidfd;
    run->fds [RUN_STDOUT] = out [0];
    run->fds [RUN_STDERR] = err [0];
    run->fds [RUN_STDIN] = in [1];
    if (in [1] >= 0)
        fcntl (in [1], F_SETFL, O_NONBLOCK);
    out [0] = err [0] = in [1] = -1;
out:
    s_close_pair (out);
    s_close_pair (err);
    s_close_pair (in);
    return child.stage == SPAWN_RUNS;
}

//  ---- end --------------------------------------------------------------------------------------

static void s_signal (const run_t *run, int number)
{
    kill (-run->pid, number);
}

//  Reaps children of the command that outlived it, which have become ours. A program that serves
//  functions is also our child but is reaped elsewhere: hence WNOWAIT.
static void s_reap_strays (const run_t *run)
{
    siginfo_t info = {0};
    while (waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        pid_t stray = info.si_pid == *run->host->program ? -run->pid : info.si_pid;
        if (waitpid (stray, NULL, WNOHANG) <= 0)
            return;
        info.si_pid = 0;
    }
}

//  Only what was written until now is read.
static void s_on_exit (run_t *run)
{
    s_signal (run, SIGKILL);
    pid_t pid;
    while ((pid = wait4 (run->pid, &run->status, 0, &run->usage)) < 0 && errno == EINTR)
        ;
    run->lost = pid < 0;
    s_reap_strays (run);
    atomic_store (&run->host->page->process_group, 0);
    run->exited = true;
    spawner_close (&run->fds [RUN_PROCESS]);
    spawner_close (&run->fds [RUN_STDIN]);
    for (int i = RUN_STDOUT; i <= RUN_STDERR; i++) {
        int waiting = 0;
        if (run->fds [i] >= 0 && (ioctl (run->fds [i], FIONREAD, &waiting) != 0 || waiting <= 0))
            spawner_close (&run->fds [i]);
        run->left [i] = (size_t) waiting;
    }
}

static void s_terminate (run_t *run, cadre_outcome_t why, int64_t now_us)
{
    if (run->why != CADRE_OUTCOME_NONE)
        return;
    run->why = why;
    if (run->exited)
        return;
    s_signal (run, SIGTERM);
    s_signal (run, SIGCONT);
    run->kill_us = now_us + (int64_t) run->task->grace_ms * 1000;
}

//  Handles cancels and timeouts. When only output is left, a cancel drops it.
static void s_command_judge (run_t *run)
{
    int64_t now_us = clock_now (run->host->clock);
    if (run->gone && !run->exited)
        s_signal (run, SIGKILL);
    if (run->why == CADRE_OUTCOME_NONE && ticket_is_cancelled (run->host->page, run->task->ticket))
        s_terminate (run, CADRE_OUTCOME_CANCELLED, now_us);
    if (!run->exited && run->deadline_us && now_us >= run->deadline_us)
        s_terminate (run, CADRE_OUTCOME_TIMEOUT, now_us);
    if (!run->exited && run->kill_us && now_us >= run->kill_us) {
        s_signal (run, SIGKILL);
        run->kill_us = 0;
    }
    if (run->exited && (run->gone || run->why == CADRE_OUTCOME_CANCELLED)) {
        spawner_close (&run->fds [RUN_STDOUT]);
        spawner_close (&run->fds [RUN_STDERR]);
    }
}

//  ---- while it runs
//  ------------------------------------------------------------------------------

static bool s_busy (const run_t *run)
{
    return !run->exited || run->fds [RUN_STDOUT] >= 0 || run->fds [RUN_STDERR] >= 0;
}

//  Milliseconds until the next deadline, rounded up; -1: none.
static int s_wait_ms (const run_t *run)
{
    int64_t due_us = run->why == CADRE_OUTCOME_NONE ? run->deadline_us : run->kill_us;
    if (run->exited || due_us == 0)
        return -1;
    int64_t left_us = due_us - clock_now (run->host->clock);
    if (left_us <= 0)
        return 0;
    return left_us > 3600000000ll ? 3600000 : (int) ((left_us + 999) / 1000);
}

static void s_command_poll (run_t *run, struct pollfd *polled)
{
    uint64_t room = run->host->room (run->host->context);
    for (int i = 0; i < RUN_POLLED; i++)
        polled [i] =
            (struct pollfd){.fd = run->fds [i], .events = i == RUN_STDIN ? POLLOUT : POLLIN};
    if (room == 0)
        polled [RUN_STDOUT].fd = polled [RUN_STDERR].fd = -1;
    if (run->gathered) {
        if (poll (polled, RUN_POLLED, 0) > 0)
            return;
        run->host->flush (run->host->context);
        run->gathered = false;
    }
    if (poll (polled, RUN_POLLED, s_wait_ms (run)) < 0)
        for (int i = 0; i < RUN_POLLED; i++)
            polled [i].revents = 0;
}

static void s_command_read (run_t *run, int which, short events)
{
    uint64_t room = run->host->room (run->host->context);
    size_t size = room < COMMAND_PIECE_BYTES ? (size_t) room : COMMAND_PIECE_BYTES;
    if (run->exited && run->left [which] < size)
        size = run->left [which];
    if (run->fds [which] < 0 || events == 0 || size == 0)
        return;
    ssize_t got = events & POLLIN ? read (run->fds [which], run->command->piece, size) : 0;
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got > 0) {
        unsigned stream = which == RUN_STDOUT ? CADRE_STREAM_STDOUT : CADRE_STREAM_STDERR;
        run->host->output (run->host->context, stream, run->command->piece, (size_t) got);
        run->gathered = true;
        run->left [which] -= run->exited ? (size_t) got : 0;
    }
    if (got <= 0 || (run->exited && run->left [which] == 0))
        spawner_close (&run->fds [which]);
}

//  A command need not read all of its stdin.
static void s_command_write (run_t *run)
{
    view_t input = run->command->plan.input;
    ssize_t put = write (run->fds [RUN_STDIN], input.data + run->input_written,
                         input.size - run->input_written);
    if (put > 0)
        run->input_written += (size_t) put;
    if (run->input_written == input.size || (put < 0 && errno != EAGAIN && errno != EINTR))
        spawner_close (&run->fds [RUN_STDIN]);
}

static void s_command_turn (run_t *run)
{
    struct pollfd polled [RUN_POLLED];
    s_command_poll (run, polled);
    if (polled [RUN_HOST].revents && !run->host->listen (run->host->context, false)) {
        run->gone = true;
        run->fds [RUN_HOST] = -1;
    }
    s_command_read (run, RUN_STDOUT, polled [RUN_STDOUT].revents);
    s_command_read (run, RUN_STDERR, polled [RUN_STDERR].revents);
    if (polled [RUN_STDIN].revents)
        s_command_write (run);
    if (polled [RUN_PROCESS].revents)
        s_on_exit (run);
    s_command_judge (run);
}

//  Writing to a command that has closed its stdin must not kill the slot.
static void s_command_watch (run_t *run)
{
    struct sigaction before;
    bool input = run->fds [RUN_STDIN] >= 0;
    if (input)
        sigaction (SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &before);
    s_command_judge (run);
    while (s_busy (run))
        s_command_turn (run);
    if (input)
        sigaction (SIGPIPE, &before, NULL);
}

//  ---- result
//  -------------------------------------------------------------------------------------

static void s_message (const run_t *run, char *text, size_t size)
{
    switch (run->end->outcome) {
    case CADRE_OUTCOME_TIMEOUT:
        snprintf (text, size, "timed out after %g s", (double) run->task->timeout_ms / 1000);
        return;
    case CADRE_OUTCOME_CANCELLED: snprintf (text, size, "cancelled while it ran"); return;
    case CADRE_OUTCOME_SIGNAL:
        snprintf (text, size, "killed by signal %d (%s)", run->end->code,
                  strsignal (run->end->code));
        return;
    default: snprintf (text, size, "exit code %d", run->end->code);
    }
}

static int64_t s_micros (struct timeval time)
{
    return (int64_t) time.tv_sec * 1000000 + time.tv_usec;
}

static void s_pack_count (buffer_t *detail, const char *name, int64_t value)
{
    pack_text (detail, name);
    pack_int (detail, value);
}

static void s_command_tell (run_t *run)
{
    runner_end_t *end = run->end;
    if (run->lost) {
        runner_end_failf (
            end, "spawn",
            "the command's exit code is lost: a function in this slot ignores SIGCHLD");
        return;
    }
    end->outcome = run->why;
    if (run->why == CADRE_OUTCOME_NONE && WIFSIGNALED (run->status)) {
        end->outcome = CADRE_OUTCOME_SIGNAL;
        end->code = WTERMSIG (run->status);
    } else if (run->why == CADRE_OUTCOME_NONE) {
        end->code = WEXITSTATUS (run->status);
        end->outcome = end->code ? CADRE_OUTCOME_EXIT : CADRE_OUTCOME_OK;
    }
    bool ok = end->outcome == CADRE_OUTCOME_OK;
    pack_map (&end->detail, ok ? 3 : 4);
    if (!ok) {
        char message [128];
        s_message (run, message, sizeof message);
        pack_text (&end->detail, "message");
        pack_text (&end->detail, message);
    }
    s_pack_count (&end->detail, "user_us", s_micros (run->usage.ru_utime));
    s_pack_count (&end->detail, "system_us", s_micros (run->usage.ru_stime));
    s_pack_count (&end->detail, "max_rss_bytes", (int64_t) run->usage.ru_maxrss * 1024);
}

void command_run (command_t *self, const runner_task_t *task, runner_end_t *end)
{
    fault_t fault;
    runner_end_clear (end);
    if (command_plan_make (&self->plan, self->host, task, &fault) != CADRE_OK) {
        runner_end_fail (end, fault.code == CADRE_ERROR_TOO_LARGE ? "too-large" : "type",
                         fault.text, NULL);
        return;
    }
    run_t run = {.command = self, .host = self->host, .task = task, .end = end};
    for (int i = 0; i < RUN_POLLED; i++)
        run.fds [i] = -1;
    run.fds [RUN_HOST] = self->host->fd;
    if (task->timeout_ms)
        run.deadline_us = task->started_us + (int64_t) task->timeout_ms * 1000;
    if (!s_command_start (&run))
        return;
    s_command_watch (&run);
    s_command_tell (&run);
}
