//  cmd_run.c - cadre run: runs a command for each input, in the foreground

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/base/interrupt.h"
#include "client/cli/commands/commands.h"
#include "client/cli/hosts/temp_workers.h"
#include "client/cli/output/progress_bar.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "client/cli/run/job_driver.h"
#include "client/cli/run/run_options.h"
#include "client/cli/run/run_tasks.h"
#include "client/cli/run/task_output.h"
#include "common/cpus.h"

#define WINDOW 4096          //  tasks in progress at a time: limits the memory for them
#define SLOTS_UNLIMITED 256u //  of an embedded pool with -j 0
#define REQUEST_TIMEOUT_MS 5000
#define CLOSE_TIMEOUT_MS 2000

typedef struct run {
    run_options_t options;  //  the command line
    broker_choice_t choice; //  which broker
    temp_workers_t *crew;   //  workers of --hosts, or NULL
    cadre_t *pool;          //  connection to the broker
    cadre_job_t *job;       //  the job of all tasks
    run_tasks_t *tasks;     //  source of the tasks
    task_output_t *output;  //  writes their output
    bool halted;            //  the condition of --halt is true
    int64_t started_ms;     //  for the bar
} run_t;

static int64_t s_run_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

//  Slots of a pool in this process: at most as many as tasks at a time.
static unsigned s_slots (const run_options_t *options)
{
    unsigned slots = options->slots;
    if (slots == 0 && options->jobs_given)
        slots = options->jobs ? options->jobs : SLOTS_UNLIMITED;
    if (slots == 0)
        slots = (unsigned) cpus_usable (NULL);
    uint64_t known = 0;
    if (inputs_known (options->inputs, &known) && known < slots)
        slots = known ? (unsigned) known : 1;
    return slots;
}

//  Starts workers on other hosts. A broker at the default address was not named explicitly, and
//  they could not reach it.
static cadre_error_t s_call_crew (run_t *self, fault_t *fault)
{
    const run_options_t *options = &self->options;
    const char *workers = options->workers ? options->workers : getenv ("CADRE_WORKER_ACCESS");
    if (options->shared.local)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "--local and --hosts exclude each other");
    if (strcmp (self->choice.origin, BROKER_CHOICE_DEFAULT) == 0)
        self->choice.embedded = true;
    self->crew = temp_workers_new (&options->hosts, workers && *workers ? workers : NULL,
                                   &self->choice, fault);
    return self->crew ? temp_workers_wait (self->crew, fault) : fault->code;
}

static cadre_error_t s_run_open (run_t *self, fault_t *fault)
{
    const run_options_t *options = &self->options;
    const cadre_options_t pool = {.slots = s_slots (options)};
    cadre_error_t error = CADRE_OK;
    if (options->shared.local)
        self->choice = (broker_choice_t){.embedded = true, .local = true};
    else
        error = broker_choice_find (&self->choice, options->shared.broker, options->shared.access,
                                    true, fault);
    if (!error && options->hosts.hosts)
        error = s_call_crew (self, fault);
    if (error)
        return error;
    self->pool = broker_choice_open (&self->choice, self->choice.embedded ? &pool : NULL, fault);
    if (!self->pool)
        return fault->code;
    broker_choice_ask_workers (&self->choice, self->pool);
    return CADRE_OK;
}

//  With --halt no task may wait at a worker when the condition becomes true, so only as many are in
//  progress as can run.
static uint64_t s_window (run_t *self)
{
    const run_options_t *options = &self->options;
    if (options->halt.when == HALT_NEVER)
        return WINDOW;
    if (self->choice.embedded)
        return s_slots (options);
    if (options->jobs > 0)
        return options->jobs;
    cadre_value_t *body = NULL;
    subcommand_ask (self->pool, "broker.info", NULL, &body, REQUEST_TIMEOUT_MS);
    uint64_t slots = cadre_value_uint (cadre_value_get (body, "slots"));
    cadre_value_destroy (&body);
    return slots > 0 && slots < WINDOW ? slots : slots ? WINDOW : 1;
}

static cadre_error_t s_run_feed (void *argument, cadre_job_t *job, fault_t *fault)
{
    run_t *self = argument;
    return run_tasks_feed (self->tasks, job, fault);
}

static void s_check_output (run_t *self, job_driver_t *driver)
{
    fault_t fault = {0};
    if (task_output_error (self->output, &fault) != CADRE_OK)
        job_driver_fail (driver, &fault);
}

static void s_check_halt (run_t *self, job_driver_t *driver)
{
    job_driver_counts_t counts;
    const halt_t *halt = &self->options.halt;
    job_driver_count (driver, &counts);
    const uint64_t bad = counts.failed + counts.cancelled;
    uint64_t total = counts.added;
    inputs_known (self->options.inputs, &total);
    if (self->halted || interrupt_asked ()
        || !halt_reached (halt, counts.ended - bad, counts.failed, total))
        return;
    self->halted = true;
    say ("halted: %llu done, %llu failed; nothing more is started%s",
         (unsigned long long) (counts.ended - bad), (unsigned long long) counts.failed,
         halt->when == HALT_NOW ? ", and what runs is ended" : "");
    job_driver_end (driver, halt->when == HALT_NOW);
}

//  The line that reports a failed task; NULL for a successful one, or one that we ended.
static char *s_run_note (run_t *self, const cadre_event_t *event)
{
    if (event->outcome == CADRE_OUTCOME_OK)
        return NULL;
    if (event->outcome == CADRE_OUTCOME_CANCELLED && (self->halted || interrupt_asked ()))
        return NULL;
    char *outcome = run_tasks_outcome (event, self->options.tries.timeout_ms);
    text_t note = {0};
    text_print (&note, "task %u %s", event->index + 1, outcome);
    if (!self->choice.embedded && event->worker && *event->worker)
        text_print (&note, " at %s", event->worker);
    text_print (&note, ": %s", task_output_text (self->output, event->index));
    free (outcome);
    return text_take (&note);
}

//  What earlier tries printed is void; where that stands there already, a line says so.
static void s_run_try (run_t *self, const cadre_event_t *event)
{
    if (!self->options.all_tries && task_output_try (self->output, event->index, event->attempt))
        say ("task %u: try %u counts; what its earlier tries printed is void", event->index + 1,
             event->attempt);
}

static void s_run_on_result (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    run_t *self = argument;
    s_run_try (self, event);
    task_output_end (self->output, event->index, s_run_note (self, event));
    s_check_output (self, driver);
    s_check_halt (self, driver);
}

static void s_run_on_output (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    run_t *self = argument;
    if (event->anew)
        task_output_anew (self->output, event->index);
    s_run_try (self, event);
    if (event->cut)
        say ("task %u wrote faster than could be kept: some of its output is missing",
             event->index + 1);
    if (event->stream == CADRE_STREAM_STDOUT || event->stream == CADRE_STREAM_STDERR)
        task_output_write (self->output, event->index, (int) event->stream, event->bytes,
                           event->size_bytes);
    s_check_output (self, driver);
}

static void s_on_tick (void *argument, job_driver_t *driver)
{
    run_t *self = argument;
    if (self->crew && temp_workers_is_lost (self->crew)) {
        fault_t fault = {0};
        fault_set (&fault, CADRE_ERROR_UNAVAILABLE, "all hosts have failed");
        job_driver_fail (driver, &fault);
        return;
    }
    if (!self->options.bar || !say_is_terminal ())
        return;
    job_driver_counts_t counts;
    char line [PROGRESS_BAR_BYTES];
    uint64_t total = 0;
    job_driver_count (driver, &counts);
    bool known = inputs_known (self->options.inputs, &total) || counts.all;
    say_progress (progress_bar_print (counts.ended, counts.failed,
                                      counts.all ? counts.added : total, known,
                                      s_run_now_ms () - self->started_ms, line, sizeof line));
}

static uint64_t s_run_waiting (void *argument)
{
    run_t *self = argument;
    return task_output_waiting (self->output);
}

static void s_run_wake (void *argument)
{
    run_t *self = argument;
    inputs_wake (self->options.inputs);
}

static int s_exit_code (const run_t *self, cadre_error_t error, const job_driver_counts_t *counts,
                        const fault_t *fault)
{
    if (error == CADRE_ERROR_CANCELLED) {
        say ("interrupted: %llu done, %llu failed, %llu cancelled",
             (unsigned long long) (counts->ended - counts->failed - counts->cancelled),
             (unsigned long long) counts->failed, (unsigned long long) counts->cancelled);
        return SAY_EXIT_INTERRUPTED;
    }
    if (error) {
        const int exit_code = say_fault (fault);
        return exit_code == SAY_EXIT_FAILED ? SAY_EXIT_OWN : exit_code; //  1 means one failed task
    }
    if (self->halted && self->options.halt.what == HALT_SUCCESS)
        return 0;
    return run_tasks_exit_code (counts->failed);
}

static int s_run_all (run_t *self)
{
    fault_t fault = {0};
    if (s_run_open (self, &fault) != CADRE_OK)
        return fault.code == CADRE_ERROR_CANCELLED ? SAY_EXIT_INTERRUPTED : say_fault (&fault);
    self->output = task_output_new (self->options.mode, self->options.keep_order);
    self->tasks = run_tasks_new (&self->options, &self->choice, self->output);
    self->started_ms = s_run_now_ms ();
    self->job = run_tasks_open (self->tasks, self->pool, RUN_TASKS_ATTACHED);
    const job_driver_work_t work = {.feed = s_run_feed,
                                    .result = s_run_on_result,
                                    .output = s_run_on_output,
                                    .tick = s_on_tick,
                                    .waiting = s_run_waiting,
                                    .wake = s_run_wake,
                                    .argument = self,
                                    .pool = self->choice.embedded ? NULL : self->pool,
                                    .window = s_window (self)};
    job_driver_counts_t counts = {0};
    cadre_error_t error = job_driver_run (self->job, &work, &counts, &fault);
    say_progress (NULL);
    if (task_output_error (self->output, NULL) == CADRE_OK)
        task_output_flush (self->output);
    return s_exit_code (self, error, &counts, &fault);
}

static int s_dry_run (run_t *self)
{
    fault_t fault = {0};
    self->choice = (broker_choice_t){.embedded = true, .local = true};
    self->tasks = run_tasks_new (&self->options, &self->choice, NULL);
    if (run_tasks_print (self->tasks, &fault) != CADRE_OK) {
        say ("%s", fault.text);
        return fault.code == CADRE_ERROR_ARGUMENT ? SAY_EXIT_USAGE : SAY_EXIT_OWN;
    }
    return 0;
}

int cmd_run (int argc, char **argv)
{
    static run_t s_run_state; //  static: see job_driver_run
    run_t *self = &s_run_state;
    int exit_code = run_options_read (&self->options, argc, argv, false);
    if (exit_code == 0 && self->options.dry_run)
        exit_code = s_dry_run (self);
    else if (exit_code == 0) {
        interrupt_watch ();
        exit_code = s_run_all (self);
    }
    cadre_job_destroy (&self->job);
    if (exit_code == SAY_EXIT_OWN || exit_code == SAY_EXIT_INTERRUPTED)
        cadre_abort (&self->pool);
    else
        cadre_close (&self->pool, CLOSE_TIMEOUT_MS);
    temp_workers_destroy (&self->crew);
    run_tasks_destroy (&self->tasks);
    task_output_destroy (&self->output);
    run_options_clear (&self->options);
    return exit_code;
}
