//  follow.c - see follow.h

#include "client/cli/run/follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/base/broker_watch.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/output/listing.h"
#include "client/cli/output/say.h"
#include "client/cli/output/text.h"
#include "client/cli/run/run_tasks.h"
#include "client/cli/run/task_output.h"

#define TICK_MS 100
#define REQUEST_TIMEOUT_MS 5000

typedef struct follow follow_t;
typedef void (follow_event_fn) (follow_t *self, const cadre_event_t *event);

struct follow {
    uint64_t number;        //  of the job
    int64_t until_ms;       //  deadline; -1: none
    follow_event_fn *event; //  handles each event
    uint64_t failed;        //  results that are not ok
    int64_t task;           //  logs: only this task; -1: all
    follow_logs_t how;      //  logs: how they are printed
    task_output_t *output;  //  logs: writes the output
    listing_t *listing;     //  results: prints them
    uint64_t cut;           //  logs: events that tell of missing output
    bool stop;              //  stdout cannot be written: further events are in vain
};

static int64_t s_follow_now_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void s_take_event (follow_t *self, const cadre_event_t *event)
{
    if (event->kind == CADRE_EVENT_NOTICE)
        say ("%s", event->message);
    else
        self->event (self, event);
}

//  The exit code after an interruption or timeout, else 0.
static int s_stopped (const follow_t *self)
{
    if (interrupt_asked ()) {
        say ("interrupted; job %" PRIu64 " continues: 'cadre job cancel %" PRIu64 "' ends it",
             self->number, self->number);
        return SAY_EXIT_INTERRUPTED;
    }
    if (self->until_ms < 0 || s_follow_now_ms () < self->until_ms)
        return 0;
    say ("job %" PRIu64 " has not ended in time; it continues", self->number);
    return cadre_error_exit_code (CADRE_ERROR_TIMEOUT);
}

static int s_failed (const follow_t *self, cadre_error_t error, const char *message)
{
    fault_t fault = {0};
    fault_set (&fault, error, "job %" PRIu64 ": %s", self->number, message);
    return say_fault (&fault);
}

//  Reads all events. Returns 0, or the exit code.
static int s_follow_take (follow_t *self, cadre_t *pool, unsigned what)
{
    int exit_code = 0;
    broker_watch_t watch;
    broker_watch_init (&watch, pool);
    cadre_job_t *job = cadre_job_follow (pool, self->number, what);
    while (!exit_code) {
        cadre_event_t event = {0};
        cadre_error_t error = cadre_job_next (job, &event, TICK_MS);
        if (error == CADRE_ERROR_END)
            break;
        if (error == CADRE_OK)
            s_take_event (self, &event);
        else if (error != CADRE_ERROR_TIMEOUT)
            exit_code = s_failed (self, error, cadre_job_message (job));
        else if (self->listing)
            self->stop = !listing_flush (self->listing);
        if (exit_code || self->stop)
            break;
        broker_watch_check (&watch, error == CADRE_OK);
        exit_code = s_stopped (self);
    }
    cadre_job_destroy (&job);
    return exit_code;
}

//  ==== waiting ===============================================================

static void s_wait_event (follow_t *self, const cadre_event_t *event)
{
    if (event->kind != CADRE_EVENT_RESULT || event->outcome == CADRE_OUTCOME_OK)
        return;
    self->failed++;
    char *outcome = run_tasks_outcome (event, 0);
    say ("task %" PRIu64 ".%u %s%s%s", self->number, event->index, outcome,
         event->worker && *event->worker ? " at " : "", event->worker ? event->worker : "");
    free (outcome);
}

//  Tells of output that was dropped, which results do not show.
static void s_say_cuts (cadre_t *pool, uint64_t number)
{
    cadre_value_t *arguments = cadre_value_build ("{s:u}", "job", number);
    cadre_value_t *job = NULL;
    cadre_request (pool, "job.info", arguments, &job, REQUEST_TIMEOUT_MS);
    const uint64_t cuts = cadre_value_uint (cadre_value_get (job, "cut_outputs"));
    if (cuts > 0)
        say ("job %" PRIu64 ": output of %" PRIu64 " task%s was cut for lack of room: "
             "'cadre job logs %" PRIu64 "' names them",
             number, cuts, cuts == 1 ? "" : "s", number);
    cadre_value_destroy (&arguments);
    cadre_value_destroy (&job);
}

int follow_wait (cadre_t *pool, uint64_t number, int64_t timeout_ms, bool like_run)
{
    follow_t self = {.number = number,
                     .until_ms = timeout_ms < 0 ? -1 : s_follow_now_ms () + timeout_ms,
                     .event = s_wait_event};
    int exit_code = s_follow_take (&self, pool, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_WAIT);
    if (exit_code)
        return exit_code;
    s_say_cuts (pool, number);
    if (like_run)
        return run_tasks_exit_code (self.failed);
    return self.failed ? SAY_EXIT_FAILED : 0;
}

//  ==== output ================================================================

//  Handles the first output of a task, or the first since it was printed and tried again.
static void s_follow_begin (follow_t *self, uint32_t index)
{
    if (task_output_has (self->output, index))
        return;
    char *tag = NULL;
    if (self->how.tag) {
        text_t text = {0};
        text_print (&text, "%" PRIu64 ".%u", self->number, index);
        tag = text_take (&text);
    }
    task_output_begin (self->output, index, tag, NULL);
}

//  What earlier tries wrote is void; where that is printed already, a line says so.
static void s_follow_try (follow_t *self, const cadre_event_t *event)
{
    if (!self->how.all_tries && task_output_try (self->output, event->index, event->attempt))
        say ("task %" PRIu64 ".%u: try %u counts; what its earlier tries printed is void",
             self->number, event->index, event->attempt);
}

static void s_logs_output (follow_t *self, const cadre_event_t *event)
{
    s_follow_begin (self, event->index);
    s_follow_try (self, event);
    if (event->stream == CADRE_STREAM_STDOUT || event->stream == CADRE_STREAM_STDERR)
        task_output_write (self->output, event->index, (int) event->stream, event->bytes,
                           event->size_bytes);
    else if (event->stream == CADRE_STREAM_LOG)
        task_output_write (self->output, event->index, CADRE_STREAM_STDERR, event->bytes,
                           event->size_bytes);
    self->stop = task_output_error (self->output, NULL) != CADRE_OK;
    if (event->cut)
        say ("task %" PRIu64 ".%u wrote more than is kept: some of it is missing", self->number,
             event->index);
    self->cut += event->cut;
}

//  Without --wait tasks are printed at the end, in order.
static void s_logs_event (follow_t *self, const cadre_event_t *event)
{
    if (self->task >= 0 && event->index != (uint32_t) self->task)
        return;
    if (event->kind == CADRE_EVENT_OUTPUT) {
        s_logs_output (self, event);
        return;
    }
    s_follow_try (self, event);
    if (self->how.wait)
        task_output_end (self->output, event->index, NULL);
    self->stop = task_output_error (self->output, NULL) != CADRE_OK;
}

int follow_logs (cadre_t *pool, uint64_t number, int64_t task, const follow_logs_t *how)
{
    fault_t fault = {0};
    follow_t self = {
        .number = number, .until_ms = -1, .event = s_logs_event, .task = task, .how = *how};
    self.output =
        task_output_new (how->wait && task >= 0 ? TASK_OUTPUT_RAW : TASK_OUTPUT_GROUPED, false);
    //  A result tells which try counts
    int exit_code = s_follow_take (&self, pool,
                                   CADRE_FOLLOW_OUTPUT | CADRE_FOLLOW_RESULTS
                                       | (how->wait ? CADRE_FOLLOW_WAIT : 0));
    task_output_flush (self.output);
    if (task_output_is_closed (self.output))
        exit_code = SAY_EXIT_PIPE;
    else if (task_output_error (self.output, &fault) != CADRE_OK)
        exit_code = say_fault (&fault);
    task_output_destroy (&self.output);
    return exit_code == 0 && self.cut > 0 ? SAY_EXIT_FAILED : exit_code;
}

//  ==== results ===============================================================

static void s_follow_set (cadre_value_t *map, const char *key, cadre_value_t *value)
{
    if (value)
        cadre_value_set (map, key, &value);
}

static const table_column_t s_result_columns [] = {
    {"task", "TASK", TABLE_TEXT},       {"outcome", "OUTCOME", TABLE_TEXT},
    {"code", "CODE", TABLE_COUNT},      {"attempts", "TRIES", TABLE_COUNT},
    {"run_us", "RAN", TABLE_US},        {"value", "VALUE", TABLE_TEXT},
    {"message", "MESSAGE", TABLE_TEXT}, {0}};

static void s_results_event (follow_t *self, const cadre_event_t *event)
{
    if (event->kind != CADRE_EVENT_RESULT)
        return;
    if (event->outcome != CADRE_OUTCOME_OK)
        self->failed++;
    char task [48];
    snprintf (task, sizeof task, "%" PRIu64 ".%u", self->number, event->index);
    cadre_value_t *row = cadre_value_map ();
    s_follow_set (row, "task", cadre_value_of_text (task));
    s_follow_set (row, "outcome", cadre_value_of_text (cadre_outcome_text (event->outcome)));
    s_follow_set (row, "code", cadre_value_of_int (event->code));
    s_follow_set (row, "attempts", cadre_value_of_uint (event->attempt));
    s_follow_set (row, "run_us", cadre_value_of_int (event->run_us));
    if (event->size_bytes > 0)
        s_follow_set (row, "value", cadre_value_decode (event->bytes, event->size_bytes));
    if (event->error_kind && *event->error_kind)
        s_follow_set (row, "kind", cadre_value_of_text (event->error_kind));
    if (event->message && *event->message)
        s_follow_set (row, "message", cadre_value_of_text (event->message));
    if (event->worker && *event->worker)
        s_follow_set (row, "worker", cadre_value_of_text (event->worker));
    self->stop = !listing_add (self->listing, &row);
}

int follow_results (cadre_t *pool, uint64_t number, bool wait, table_format_t format)
{
    follow_t self = {.number = number, .until_ms = -1, .event = s_results_event};
    self.listing = listing_new (format, s_result_columns);
    int exit_code =
        s_follow_take (&self, pool, CADRE_FOLLOW_RESULTS | (wait ? CADRE_FOLLOW_WAIT : 0));
    exit_code = listing_end (&self.listing, exit_code);
    if (exit_code == 0)
        s_say_cuts (pool, number);
    return exit_code;
}
