//  run_tasks.c - see run_tasks.h

#include "client/cli/run/run_tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "client/lib/job.h"
#include "common/private.h"
#include "common/units.h"

#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define NAME_BYTES 60 //  length of a job's default name

struct run_tasks {
    run_options_t *options;   //  borrowed
    task_output_t *output;    //  borrowed, or NULL
    uint64_t sequence;        //  number of the last task, from 1
    const char **environment; //  for all tasks, or NULL
    size_t around;            //  of it: inherited variables, not named by --env
    char *directory;          //  for all tasks, or NULL
    char *name;               //  of the job
};

//  Chooses the environment of the tasks: all of ours when the worker is on this host, else what
//  --env names. A pool in this process has it already. The variables of our broker and key are
//  excluded: tasks have CADRE_TASK_BROKER.
static void s_set_environment (run_tasks_t *self, const broker_choice_t *choice)
{
    const char **more = self->options->environment;
    if (choice->local && (!choice->embedded || more))
        for (char **pair = environ; *pair; pair++)
            if (!private_variable (*pair)) {
                subcommand_add (&self->environment, *pair);
                self->around++;
            }
    for (size_t i = 0; more && more [i]; i++)
        subcommand_add (&self->environment, more [i]);
}

static void s_set_directory (run_tasks_t *self, const broker_choice_t *choice)
{
    const char *given = self->options->directory;
    if (given && (!choice->local || given [0] == '/')) {
        self->directory = text_copy (given, strlen (given));
        return;
    }
    if (!choice->local || (choice->embedded && !given))
        return;
    char *here = getcwd (NULL, 0);
    text_t path = {0};
    text_print (&path, "%s%s%s", here ? here : "/", given ? "/" : "", given ? given : "");
    free (here);
    self->directory = text_take (&path);
}

run_tasks_t *run_tasks_new (run_options_t *options, const broker_choice_t *choice,
                            task_output_t *output)
{
    run_tasks_t *self = text_resize (NULL, sizeof *self);
    *self = (run_tasks_t){.options = options, .output = output};
    s_set_environment (self, choice);
    s_set_directory (self, choice);
    const char *name = options->name ? options->name : options->words [0];
    self->name = text_copy (name, strnlen (name, NAME_BYTES));
    return self;
}

void run_tasks_destroy (run_tasks_t **self_p)
{
    if (!self_p || !*self_p)
        return;
    free ((*self_p)->environment);
    free ((*self_p)->directory);
    free ((*self_p)->name);
    free (*self_p);
    *self_p = NULL;
}

cadre_job_t *run_tasks_open (run_tasks_t *self, cadre_t *pool, run_tasks_life_t life)
{
    const run_options_t *options = self->options;
    cadre_job_options_t job = task_options_job (&options->tries);
    job.name = self->name;
    job.limit = options->jobs;
    job.detached = life != RUN_TASKS_ATTACHED;
    job.durable = life == RUN_TASKS_DURABLE;
    job.environment = self->environment;
    job.directory = self->directory;
    job.slot_mark = template_has_slot (options->template);
    job.uuid = options->once ? options->uuid : NULL;
    const job_spec_around_t around = {.environment = self->around,
                                      .directory = !options->directory && self->directory};
    return job_open_commands (pool, &job, &around);
}

//  Reads the inputs of the next task.
static cadre_error_t s_run_tasks_next (run_tasks_t *self, const char *const **inputs, size_t *count,
                                       fault_t *fault)
{
    cadre_error_t error = inputs_next (self->options->inputs, inputs, count, fault);
    if (error)
        return error;
    self->sequence++;
    if (self->sequence > UINT32_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "a job has at most 4,294,967,295 tasks: split the inputs");
    if (!self->options->feed_stdin
        && strlen ((*inputs) [0]) != inputs_first_bytes (self->options->inputs))
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "input %llu holds a NUL byte, which no argument can: add -0 if NUL ends each input",
            (unsigned long long) self->sequence);
    return CADRE_OK;
}

static char *s_tag (const char *const *inputs, size_t count)
{
    text_t tag = {0};
    for (size_t i = 0; i < count; i++)
        text_print (&tag, "%s%s", i ? " " : "", inputs [i]);
    return line_clean (text_take (&tag));
}

cadre_error_t run_tasks_feed (run_tasks_t *self, cadre_job_t *job, fault_t *fault)
{
    const char *const *inputs = NULL;
    size_t count = 0;
    cadre_error_t error = s_run_tasks_next (self, &inputs, &count, fault);
    if (error)
        return error;
    const run_options_t *options = self->options;
    template_command_t command;
    text_t input = {0};
    error = template_expand (options->template, inputs, options->feed_stdin ? 0 : count,
                             self->sequence, &command, fault);
    if (error)
        return error;
    if (options->feed_stdin) {
        text_add (&input, inputs [0], inputs_first_bytes (options->inputs));
        if (options->end == '\n')
            text_put (&input, "\n");
    }
    if (self->output)
        task_output_begin (self->output, (uint32_t) (self->sequence - 1),
                           options->tag ? s_tag (inputs, count) : NULL,
                           template_command_text (&command));
    if (command.line)
        error = cadre_job_add_line (job, NULL, command.line, input.bytes, input.size, NULL);
    else
        error = cadre_job_add_command (job, NULL, (const char *const *) command.argv, input.bytes,
                                       input.size, NULL);
    template_command_clear (&command);
    text_free (&input);
    if (error)
        fault_set (fault, error, "%s", cadre_job_message (job));
    return error;
}

cadre_error_t run_tasks_print (run_tasks_t *self, fault_t *fault)
{
    const char *const *inputs = NULL;
    size_t count = 0;
    cadre_error_t error;
    while ((error = s_run_tasks_next (self, &inputs, &count, fault)) == CADRE_OK) {
        template_command_t command;
        error =
            template_expand (self->options->template, inputs, self->options->feed_stdin ? 0 : count,
                             self->sequence, &command, fault);
        if (error)
            return error;
        char *text = template_command_text (&command);
        bool written = line_print_data (text) >= 0;
        free (text);
        template_command_clear (&command);
        if (!written)
            return CADRE_OK;
    }
    return error == CADRE_ERROR_END ? CADRE_OK : error;
}

char *run_tasks_outcome (const cadre_event_t *event, int64_t timeout_ms)
{
    text_t out = {0};
    char duration [UNITS_TEXT_BYTES];
    const char *signal_name = sigabbrev_np (event->code);
    if (event->outcome == CADRE_OUTCOME_EXIT)
        text_print (&out, "exit %d", event->code);
    else if (event->outcome == CADRE_OUTCOME_SIGNAL)
        text_print (&out, "signal %d (%s)", event->code, signal_name ? signal_name : "?");
    else if (event->outcome == CADRE_OUTCOME_TIMEOUT && timeout_ms > 0)
        text_print (&out, "timeout after %s",
                    units_print_duration (timeout_ms, duration, sizeof duration));
    else
        text_put (&out, cadre_outcome_text (event->outcome));
    const bool known =
        event->outcome == CADRE_OUTCOME_SIGNAL || event->outcome == CADRE_OUTCOME_TIMEOUT;
    if (event->outcome == CADRE_OUTCOME_EXIT && event->code == NOT_FOUND)
        text_put (&out, " (command not found)");
    else if (event->outcome == CADRE_OUTCOME_EXIT && event->code == NOT_EXECUTABLE)
        text_put (&out, " (cannot be executed)");
    else if (!known && event->outcome != CADRE_OUTCOME_EXIT && event->message && *event->message)
        text_print (&out, " (%s)", event->message);
    return text_take (&out);
}

int run_tasks_exit_code (uint64_t failed)
{
    return failed > 100 ? SAY_EXIT_MANY : (int) failed;
}
