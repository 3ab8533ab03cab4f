//  cmd_map.c - cadre map: calls a function for each line of JSON

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/base/broker_watch.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/base/pool_options.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/json.h"
#include "client/cli/output/say.h"
#include "client/cli/run/inputs.h"
#include "client/cli/run/job_driver.h"

#define WINDOW 16384 //  lines in progress at a time
#define CLOSE_TIMEOUT_MS 2000

enum { KEY_CHUNK = 0x4001, KEY_SPREAD, KEY_UNORDERED };

typedef struct map {
    pool_options_t options; //  the command line
    unsigned chunk;         //  --chunk: lines per task; 0: one, and results are printed at once
    bool spread;            //  --spread: a line is the list of arguments
    bool unordered;         //  --unordered
    const char *function;   //  function to call
    inputs_t *inputs;       //  lines
    uint64_t line;          //  number of the last line
    uint64_t printed;       //  lines printed
    uint64_t failed;        //  items that failed
    fault_t fault;          //  chunks: error of reading
    bool broken;            //  stdout cannot be written
    bool cut;               //  interrupted: later results follow a missing one
} map_t;

static const struct argp_option s_options [] = {
    {"chunk", KEY_CHUNK, "N", 0, "send up to N lines as one task, for short calls (default 1)", 0},
    {"unordered", KEY_UNORDERED, NULL, 0,
     "print results when they are ready, not in the order of the lines", 0},
    {"spread", KEY_SPREAD, NULL, 0, "each line is an array with the arguments of one call", 0},
    {0}};

static error_t s_map_parse (int key, char *argument, struct argp_state *state)
{
    map_t *self = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs [0] = &self->options; return 0;
    case KEY_CHUNK:
        self->chunk = (unsigned) subcommand_count (argument, 1, 1000000, state);
        return 0;
    case KEY_SPREAD: self->spread = true; return 0;
    case KEY_UNORDERED: self->unordered = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child s_children [] = {{&pool_options_argp, 0, NULL, 0}, {0}};
static const struct argp s_argp = {
    .options = s_options,
    .parser = s_map_parse,
    .args_doc = "FUNCTION",
    .doc = "Call a function for each line of stdin: one JSON value per line in, one per "
           "line out.\v"
           "A failed call prints {\"error\": {\"kind\": ..., \"message\": ...}} as its "
           "line. A line that is not JSON ends the input; the lines before it are "
           "completed and printed.\n\n"
           "Exit codes: 0; 1 a task failed; 64 usage, or a line that is not JSON; 69 no "
           "broker answers; 78 the plugin cannot be used; 130 interrupted.\n\n"
           "Example:\n"
           "  seq 1000 | cadre map --plugin ./square.so square | tail -1",
    .children = s_children};

//  Reads the next line as a value; NULL at the end, or with *ERROR.
static cadre_value_t *s_map_read (map_t *self, cadre_error_t *error, fault_t *fault)
{
    const char *const *values = NULL;
    size_t count = 0;
    *error = inputs_next (self->inputs, &values, &count, fault);
    if (*error)
        return NULL;
    self->line++;
    fault_t why = {0};
    cadre_value_t *value = json_read (values [0], inputs_first_bytes (self->inputs), &why);
    if (value && (!self->spread || cadre_value_type (value) == CADRE_TYPE_LIST))
        return value;
    if (value)
        *error = fault_set (fault, CADRE_ERROR_ARGUMENT,
                            "line %llu is not an array, which --spread needs",
                            (unsigned long long) self->line);
    else
        *error = fault_set (fault, CADRE_ERROR_ARGUMENT,
                            "line %llu is not JSON: %s; the lines before it are done",
                            (unsigned long long) self->line, why.text);
    cadre_value_destroy (&value);
    return NULL;
}

static void s_put_line (map_t *self, char *json)
{
    if (json_put (json) < 0)
        self->broken = true;
    self->printed++;
    free (json);
}

//  ==== line by line: results are printed while lines are read ===============

static cadre_error_t s_map_feed (void *argument, cadre_job_t *job, fault_t *fault)
{
    map_t *self = argument;
    cadre_error_t error = CADRE_OK;
    cadre_value_t *value = s_map_read (self, &error, fault);
    if (!value)
        return error;
    if (!self->spread) {
        cadre_value_t *list = cadre_value_list ();
        cadre_value_append (list, &value);
        value = list;
    }
    error = cadre_job_add_value (job, NULL, value);
    cadre_value_destroy (&value);
    if (error)
        fault_set (fault, error, "%s", cadre_job_message (job));
    return error;
}

static void s_check_output (map_t *self, job_driver_t *driver)
{
    if (!self->broken)
        return;
    fault_t fault = {0};
    fault_set (&fault, CADRE_ERROR_IO, "cannot write to standard output");
    job_driver_fail (driver, &fault);
}

static void s_map_on_result (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    map_t *self = argument;
    self->cut |= event->outcome != CADRE_OUTCOME_OK && interrupt_asked () && !self->unordered;
    if (self->cut)
        return;
    if (event->outcome == CADRE_OUTCOME_OK) {
        cadre_value_t *value = cadre_value_decode (event->bytes, event->size_bytes);
        s_put_line (self, json_write (value, 0));
        cadre_value_destroy (&value);
    } else if (!interrupt_asked ()) {
        char label [32];
        const char *kind = event->error_kind && *event->error_kind
                               ? event->error_kind
                               : cadre_outcome_text (event->outcome);
        snprintf (label, sizeof label, "line %llu", event->index + 1ull);
        self->failed++;
        pool_options_say (label, cadre_outcome_text (event->outcome), kind, event->message,
                          event->trace);
        s_put_line (self, json_write_error (kind, event->message ? event->message : ""));
    }
    s_check_output (self, driver);
}

//  Nothing has come for a while: flushes stdout for its reader.
static void s_on_tick (void *argument, job_driver_t *driver)
{
    map_t *self = argument;
    if (fflush (stdout) != 0)
        self->broken = true;
    s_check_output (self, driver);
}

static void s_map_on_output (void *argument, job_driver_t *driver, const cadre_event_t *event)
{
    (void) argument;
    (void) driver;
    if (event->stream == CADRE_STREAM_LOG || event->stream == CADRE_STREAM_STDOUT
        || event->stream == CADRE_STREAM_STDERR)
        say_output (event->bytes, event->size_bytes);
}

static void s_map_wake (void *argument)
{
    map_t *self = argument;
    inputs_wake (self->inputs);
}

static cadre_error_t s_map_lines (map_t *self, cadre_t *pool, fault_t *fault)
{
    job_driver_counts_t counts;
    cadre_job_options_t options = task_options_job (&self->options.tries);
    options.ordered = !self->unordered;
    cadre_job_t *job = cadre_job_open (pool, self->function, &options);
    const job_driver_work_t work = {.feed = s_map_feed,
                                    .result = s_map_on_result,
                                    .output = s_map_on_output,
                                    .tick = s_on_tick,
                                    .wake = s_map_wake,
                                    .argument = self,
                                    .pool = pool,
                                    .window = WINDOW};
    cadre_error_t error = job_driver_run (job, &work, &counts, fault);
    cadre_job_destroy (&job);
    return error;
}

//  ==== in chunks ===============================================================

static cadre_value_t *s_source (void *argument)
{
    map_t *self = argument;
    cadre_error_t error = CADRE_OK;
    if (self->fault.code || interrupt_asked ())
        return NULL;
    if (inputs_would_wait (self->inputs))
        return cadre_imap_later ();
    cadre_value_t *value = s_map_read (self, &error, &self->fault);
    if (error && error != CADRE_ERROR_END)
        self->fault.code = error;
    return value;
}

static void s_put_item (map_t *self, cadre_value_t *value, size_t index)
{
    if (cadre_value_type (value) == CADRE_TYPE_FAILURE) {
        char label [32];
        const char *kind = cadre_value_text (cadre_value_at (value, 0));
        const char *message = cadre_value_text (cadre_value_at (value, 1));
        snprintf (label, sizeof label, "line %zu", index + 1);
        self->failed++;
        pool_options_say (label, "error", kind, message,
                          cadre_value_text (cadre_value_at (value, 2)));
        s_put_line (self, json_write_error (kind, message));
    } else
        s_put_line (self, json_write (value, 0));
}

static cadre_error_t s_map_chunks (map_t *self, cadre_t *pool, fault_t *fault)
{
    const cadre_map_options_t options = {.job = task_options_job (&self->options.tries),
                                         .chunk = self->chunk,
                                         .spread = self->spread,
                                         .unordered = self->unordered};
    cadre_imap_t *imap = cadre_imap (pool, self->function, s_source, self, &options);
    cadre_error_t error = CADRE_OK;
    broker_watch_t watch;
    broker_watch_init (&watch, pool);
    while (error != CADRE_ERROR_END && !self->broken && !interrupt_asked ()) {
        cadre_value_t *value = NULL;
        size_t index = 0;
        error = cadre_imap_next (imap, &value, &index, 100);
        if (value)
            s_put_item (self, value, index);
        else if (error == CADRE_ERROR_TIMEOUT)
            fflush (stdout);
        else if (error && error != CADRE_ERROR_END) {
            fault_set (fault, error, "%s", cadre_imap_message (imap));
            break;
        }
        bool heard = value != NULL;
        cadre_value_destroy (&value);
        const char *notice = cadre_imap_notice (imap);
        if (*notice)
            say ("%s", notice);
        broker_watch_check (&watch, heard);
    }
    cadre_imap_destroy (&imap);
    if (interrupt_asked ())
        return fault_set (fault, CADRE_ERROR_CANCELLED, "interrupted");
    if (!fault->code && self->fault.code)
        *fault = self->fault;
    return fault->code;
}

static int s_map (map_t *self)
{
    int exit_code = 0;
    fault_t fault = {0};
    cadre_t *pool = pool_options_open (&self->options, &exit_code);
    if (!pool)
        return exit_code;
    cadre_error_t error =
        self->chunk > 1 ? s_map_chunks (self, pool, &fault) : s_map_lines (self, pool, &fault);
    fflush (stdout);
    if (error == CADRE_ERROR_CANCELLED) {
        say ("interrupted: %llu of the %llu lines that were read are done",
             (unsigned long long) self->printed, (unsigned long long) self->line);
        exit_code = SAY_EXIT_INTERRUPTED;
    } else if (self->broken)
        exit_code = say_flush (0);
    else if (error)
        exit_code = say_fault (&fault);
    else
        exit_code = self->failed ? SAY_EXIT_FAILED : 0;
    if (error)
        cadre_abort (&pool);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

int cmd_map (int argc, char **argv)
{
    static map_t s_map_state; //  static: see job_driver_run
    map_t *self = &s_map_state;
    int first = argc;
    subcommand_parse (&s_argp, false, argc, argv, &first, self);
    if (first >= argc)
        return subcommand_usage (argv [0], "a function is missing");
    if (first + 1 < argc)
        return subcommand_usage (argv [0], "'%s' is one word too many: items are lines of stdin",
                                 argv [first + 1]);
    self->function = argv [first];
    self->inputs = inputs_new ();
    inputs_add_file (self->inputs, "-", NULL);
    interrupt_watch ();
    int exit_code = s_map (self);
    inputs_destroy (&self->inputs);
    pool_options_clear (&self->options);
    return exit_code;
}
