//  cmd_call.c - cadre call: calls one function and prints its value as JSON

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/base/interrupt.h"
#include "client/cli/base/pool_options.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/json.h"
#include "client/cli/output/say.h"
#include "client/cli/run/job_driver.h"

#define CLOSE_TIMEOUT_MS 2000

typedef struct call {
    pool_options_t options;   //  the command line
    const char *function;     //  function to call
    cadre_value_t *arguments; //  its arguments; used once
    bool fed;                 //  the task was added
    int exit_code;            //  exit code of the command
} call_t;

static error_t s_call_parse (int key, char *argument, struct argp_state *state)
{
    (void) argument;
    call_t *self = state->input;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs [0] = &self->options;
    return 0;
}

static const struct argp_child s_children [] = {{&pool_options_argp, 0, NULL, 0}, {0}};
static const struct argp s_argp = {
    .parser = s_call_parse,
    .args_doc = "FUNCTION [JSON...]",
    .doc = "Call one function, and print its value as JSON.\v"
           "Each argument is one JSON value. Write bytes as {\"base64\": \"...\"}, and "
           "numbers that JSON does not have as {\"double\": \"nan\"}. Integer keys are "
           "printed as strings; a map that has both as {\"pairs\": [[1, ...], [\"1\", "
           "...]]}.\n\n"
           "Exit codes: 0; 1 the task failed; 64 usage; 69 no broker answers; 78 the "
           "plugin cannot be used; 130 interrupted.\n\n"
           "Examples:\n"
           "  cadre call --plugin ./square.so square 7\n"
           "  cadre call --broker tcp://hub:5700 greet '\"Ada\"'\n"
           "  cadre call --no-rerun --retries timeout=2 --timeout 10s pay 17",
    .children = s_children};

//  Reads one word. Returns 0, or the exit code.
static int s_read_argument (call_t *self, const char *word)
{
    fault_t fault = {0};
    cadre_value_t *value = json_read (word, strlen (word), &fault);
    if (!value) {
        say ("argument %zu of %s is not JSON: %s; a text is written '\"text\"'",
             cadre_value_count (self->arguments) + 1, self->function, fault.text);
        return SAY_EXIT_USAGE;
    }
    cadre_value_append (self->arguments, &value);
    return 0;
}

//  A JSON value cannot begin like this; a number may begin with '-'.
static bool s_is_option (const char *word)
{
    return word [0] == '-' && (word [1] == '-' || isalpha ((unsigned char) word [1]));
}

//  Reads all words after the function, and options among them. Returns 0, or the exit code.
static int s_read_arguments (call_t *self, int argc, char **argv, int at)
{
    self->arguments = cadre_value_list ();
    int exit_code = 0;
    while (at < argc && exit_code == 0) {
        if (!s_is_option (argv [at])) {
            exit_code = s_read_argument (self, argv [at++]);
            continue;
        }
        int next = argc - at + 1;
        argv [at - 1] = argv [0];
        subcommand_parse (&s_argp, true, argc - at + 1, argv + at - 1, &next, self);
        at += next - 1;
    }
    return exit_code;
}

static cadre_error_t s_call_feed (void *argument, cadre_job_t *job, fault_t *fault)
{
    call_t *self = argument;
    if (self->fed)
        return CADRE_ERROR_END;
    self->fed = true;
    cadre_error_t error = cadre_job_add_value (job, NULL, self->arguments);
    if (error)
        fault_set (fault, error, "%s", cadre_job_message (job));
    return error;
}

static void s_call_on_result (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    (void) driver;
    call_t *self = argument;
    if (event->outcome != CADRE_OUTCOME_OK) {
        self->exit_code = SAY_EXIT_FAILED;
        if (!interrupt_asked ())
            pool_options_say (self->function, cadre_outcome_text (event->outcome),
                              event->error_kind, event->message, event->trace);
        return;
    }
    cadre_value_t *value = cadre_value_decode (event->bytes, event->size_bytes);
    json_print (value, 0);
    cadre_value_destroy (&value);
}

//  Prints what the function logs or prints, to stderr.
static void s_call_on_output (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    (void) argument;
    (void) driver;
    if (event->stream == CADRE_STREAM_LOG || event->stream == CADRE_STREAM_STDOUT
        || event->stream == CADRE_STREAM_STDERR)
        say_output (event->bytes, event->size_bytes);
}

static int s_call_function (call_t *self)
{
    int exit_code = 0;
    fault_t fault = {0};
    job_driver_counts_t counts;
    cadre_t *pool = pool_options_open (&self->options, &exit_code);
    if (!pool)
        return exit_code;
    const cadre_job_options_t options = task_options_job (&self->options.tries);
    cadre_job_t *job = cadre_job_open (pool, self->function, &options);
    const job_driver_work_t work = {.feed = s_call_feed,
                                    .result = s_call_on_result,
                                    .output = s_call_on_output,
                                    .argument = self,
                                    .pool = pool,
                                    .window = 1};
    cadre_error_t error = job_driver_run (job, &work, &counts, &fault);
    if (error == CADRE_ERROR_CANCELLED) {
        say ("interrupted");
        self->exit_code = SAY_EXIT_INTERRUPTED;
    } else if (error)
        self->exit_code = say_fault (&fault);
    cadre_job_destroy (&job);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return self->exit_code;
}

int cmd_call (int argc, char **argv)
{
    static call_t s_call_state; //  static: see job_driver_run
    call_t *self = &s_call_state;
    int first = argc;
    subcommand_parse (&s_argp, true, argc, argv, &first, self);
    if (first >= argc)
        return subcommand_usage (argv [0], "a function is missing");
    self->function = argv [first];
    int exit_code = s_read_arguments (self, argc, argv, first + 1);
    if (exit_code == 0) {
        interrupt_watch ();
        exit_code = s_call_function (self);
    }
    cadre_value_destroy (&self->arguments);
    pool_options_clear (&self->options);
    return exit_code;
}
