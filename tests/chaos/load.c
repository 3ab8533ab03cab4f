//  load.c - a client under chaos: submits jobs whose results are known, and writes down what it was
//  told
//
//      chaos_load MODE ADDRESS LOG TRACE NAME SEED      jobs, until SIGTERM; MODE: durable,
//      detached, attached, map chaos_load script ADDRESS LOG TRACE NAME 0       always the same few
//      durable jobs chaos_load check ADDRESS LOG TRACE               jobs that stand in stdin, a
//      line each: NUMBER RECIPE
//
//  It may be killed at any moment: a line in LOG is written before the next step. Lines:
//      open RECIPE               acked NAME NUMBER     the broker answers for it from now on
//      result NAME INDEX ATTEMPT VERDICT               end NAME        all results are there
//      wrong, lost, twice NAME INDEX ...               gone NAME       there is no such job
//      failed NAME WHY           refused NAME           the broker is about to end: nobody owes
//      anything forgetting, forgot NAME

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/chaos/deed.h"

#define WAIT_MS 500
#define OUTPUT_BYTES 1024

typedef struct load {
    const char *address; //  Of the broker
    int log;             //  Where it writes
    const char *trace;   //  For tasks
    int told;            //  The same file, for what is told of them
    const char *name;    //  Of this process; begins the names of its jobs
    unsigned seed;       //  What follows
    unsigned number;     //  Jobs so far
    cadre_t *pool;       //  Connection
} load_t;

//  One task, as its results and output come.
typedef struct seen {
    unsigned results;           //  How many
    unsigned attempt;           //  Whose output this is
    char output [OUTPUT_BYTES]; //  To stdout
} seen_t;

static volatile sig_atomic_t s_stops;

static void s_on_term (int number)
{
    (void) number;
    s_stops = 1;
}

__attribute__ ((format (printf, 2, 3))) static void s_log (const load_t *self, const char *format,
                                                           ...)
{
    char line [1024];
    va_list arguments;
    va_start (arguments, format);
    int size = vsnprintf (line, sizeof line - 1, format, arguments);
    va_end (arguments);
    if (size > (int) sizeof line - 2)
        size = (int) sizeof line - 2;
    for (int i = 0; i < size; i++)
        if (line [i] == '\n')
            line [i] = ' ';
    line [size] = '\n';
    if (write (self->log, line, (size_t) size + 1) != size + 1)
        abort ();
}

//  The broker may be away just now.
static void s_open_pool (load_t *self)
{
    const cadre_options_t options = {
        .name = self->name, .reconnect_ms = -1, .connect_timeout_ms = 1000};
    while (!(self->pool = cadre_open (self->address, &options)))
        if (s_stops)
            exit (0);
}

//  ---- reading ---------------------------------------------------------------------------

//  What a task wrote counts by try; what it wrote before it ran anew is void.
static void s_take_output (seen_t *seen, const cadre_event_t *event)
{
    if (event->stream != CADRE_STREAM_STDOUT)
        return;
    if (event->anew || event->attempt != seen->attempt)
        seen->output [0] = 0;
    seen->attempt = event->attempt;
    size_t used = strlen (seen->output), size = event->size_bytes;
    if (size > OUTPUT_BYTES - 1 - used)
        size = OUTPUT_BYTES - 1 - used;
    memcpy (seen->output + used, event->bytes, size);
    seen->output [used + size] = 0;
}

static void s_take_result (const load_t *self, const recipe_t *recipe, seen_t *seen,
                           const cadre_event_t *event)
{
    static const char *const words [] = {"right", "killed", "wrong"};
    char text [512] = "";
    verdict_t verdict = recipe_judge (recipe, event, seen->output, text, sizeof text);
    dprintf (self->told, "told %s %" PRIu32 " %u\n", recipe->name, event->index, event->attempt);
    s_log (self, "result %s %" PRIu32 " %u %s", recipe->name, event->index, event->attempt,
           words [verdict]);
    if (verdict == VERDICT_WRONG)
        s_log (self, "wrong %s %" PRIu32 " %s", recipe->name, event->index, text);
    if (++seen->results > 1)
        s_log (self, "twice %s %" PRIu32, recipe->name, event->index);
}

//  A broker that drains takes no new jobs; another one will soon be there. What one held in memory
//  ends with it (account.py knows whose jobs may).
static void s_fail (const load_t *self, const recipe_t *recipe, const char *doing,
                    cadre_error_t error, const char *message)
{
    if (error == CADRE_ERROR_REFUSED && strstr (message, "draining")) {
        s_log (self, "refused %s", recipe->name);
        nanosleep (&(struct timespec){.tv_nsec = 200000000}, NULL);
        return;
    }
    if (error == CADRE_ERROR_CLOSED
        && (strstr (message, "which it held in memory, is gone")
            || strstr (message, "which must not run twice"))) {
        s_log (self, "gone %s", recipe->name);
        return;
    }
    s_log (self, "failed %s %s: %s: %s", recipe->name, doing, cadre_error_text (error), message);
}

//  Its slot was killed, or stopped for so long that it was replaced.
static bool s_lost_its_slot (cadre_future_t *future)
{
    return cadre_future_outcome (future) == CADRE_OUTCOME_SIGNAL
           || (cadre_future_outcome (future) == CADRE_OUTCOME_ERROR
               && strstr (cadre_future_message (future), "was stopped (SIGSTOP)"));
}

//  Reads a job to its end. False when it did not come to it.
static bool s_read (const load_t *self, const recipe_t *recipe, cadre_job_t *job)
{
    seen_t *seen = calloc (recipe->count + 1, sizeof *seen);
    cadre_event_t event;
    cadre_error_t error;
    assert (seen);
    while ((error = cadre_job_next (job, &event, WAIT_MS)) == CADRE_OK
           || error == CADRE_ERROR_TIMEOUT) {
        if (error || event.kind == CADRE_EVENT_NOTICE)
            continue;
        seen_t *task = &seen [event.index < recipe->count ? event.index : recipe->count];
        if (event.kind == CADRE_EVENT_OUTPUT)
            s_take_output (task, &event);
        else
            s_take_result (self, recipe, task, &event);
    }
    for (uint32_t i = 0; i < recipe->count && error == CADRE_ERROR_END; i++)
        if (!seen [i].results)
            s_log (self, "lost %s %" PRIu32, recipe->name, i);
    free (seen);
    if (error == CADRE_ERROR_END)
        s_log (self, "end %s", recipe->name);
    else if (error == CADRE_ERROR_NOT_FOUND)
        s_log (self, "gone %s", recipe->name);
    else
        s_fail (self, recipe, "reading", error, cadre_job_message (job));
    return error == CADRE_ERROR_END;
}

static bool s_follow (const load_t *self, const recipe_t *recipe, uint64_t number)
{
    cadre_job_t *job = cadre_job_follow (
        self->pool, number, CADRE_FOLLOW_RESULTS | CADRE_FOLLOW_OUTPUT | CADRE_FOLLOW_WAIT);
    bool whole = s_read (self, recipe, job);
    cadre_job_destroy (&job);
    return whole;
}

//  ---- submitting ------------------------------------------------------------------------

static unsigned s_chance (load_t *self, unsigned below)
{
    return (unsigned) rand_r (&self->seed) / 7 % below;
}

static void s_announce (const load_t *self, const recipe_t *recipe)
{
    char line [256];
    recipe_print (recipe, line, sizeof line);
    s_log (self, "open %s", line);
}

static recipe_t s_invent (load_t *self)
{
    recipe_t recipe = {.deed = deed_at (s_chance (self, 1000)),
                       .salt = (int64_t) s_chance (self, 1000)};
    recipe.count = 1 + s_chance (self, recipe.deed->most);
    snprintf (recipe.name, sizeof recipe.name, "%.40s-%u", self->name, ++self->number);
    s_announce (self, &recipe);
    return recipe;
}

//  Submits all tasks; false when the job failed.
static bool s_fill (const load_t *self, const recipe_t *recipe, cadre_job_t *job)
{
    cadre_error_t error = CADRE_OK;
    for (uint32_t i = 0; i < recipe->count && !error; i++)
        error = recipe_add (recipe, job, self->trace, i);
    if (!error)
        error = cadre_job_seal (job);
    if (error)
        s_fail (self, recipe, "submitting", error, cadre_job_message (job));
    return !error;
}

static uint64_t s_sync (const load_t *self, const recipe_t *recipe, cadre_job_t *job)
{
    cadre_error_t error;
    while ((error = cadre_job_sync (job, WAIT_MS)) == CADRE_ERROR_TIMEOUT)
        ;
    uint64_t number = error ? 0 : cadre_job_number (job, -1);
    if (number)
        s_log (self, "acked %s %" PRIu64, recipe->name, number);
    else
        s_fail (self, recipe, "acknowledging", error, cadre_job_message (job));
    return number;
}

//  An answer that was lost with the broker may have been a yes.
static void s_forget (const load_t *self, const recipe_t *recipe, uint64_t number)
{
    cadre_value_t *arguments = cadre_value_build ("{s:u}", "job", number);
    cadre_error_t error;
    s_log (self, "forgetting %s", recipe->name);
    do
        error = cadre_request (self->pool, "job.forget", arguments, NULL, 5000);
    while (error == CADRE_ERROR_CLOSED || error == CADRE_ERROR_TIMEOUT
           || error == CADRE_ERROR_UNAVAILABLE);
    if (error && error != CADRE_ERROR_NOT_FOUND)
        s_log (self, "failed %s forgetting: %s: %s", recipe->name, cadre_error_text (error),
               cadre_message (self->pool));
    else
        s_log (self, "forgot %s", recipe->name);
    cadre_value_destroy (&arguments);
}

static void s_do_detached (load_t *self, bool durable)
{
    recipe_t recipe = s_invent (self);
    cadre_job_t *job = recipe_open (&recipe, self->pool, true, durable);
    uint64_t number = s_fill (self, &recipe, job) ? s_sync (self, &recipe, job) : 0;
    cadre_job_destroy (&job);
    if (!number || s_chance (self, 4) == 0)
        return;
    if (s_follow (self, &recipe, number) && s_chance (self, 2) == 0)
        s_forget (self, &recipe, number);
}

static void s_do_attached (load_t *self)
{
    recipe_t recipe = s_invent (self);
    cadre_job_t *job = recipe_open (&recipe, self->pool, false, false);
    if (s_fill (self, &recipe, job)) {
        s_log (self, "acked %s 0", recipe.name);
        s_read (self, &recipe, job);
    }
    cadre_job_destroy (&job);
}

//  A future each for some calls, then a map.
static void s_do_map (load_t *self)
{
    enum { CALLS = 20, ITEMS = 3000 };
    static int64_t items [ITEMS], results [ITEMS];
    cadre_future_t *futures [CALLS];
    unsigned wrong = 0;
    for (int64_t i = 0; i < CALLS; i++)
        futures [i] = cadre_submit (self->pool, "item", "i", i);
    for (int64_t i = 0; i < ITEMS; i++)
        items [i] = i + s_chance (self, 1000);
    const cadre_map_options_t options = {
        .job = {.retry_limits = "signal=50,worker-lost=1000,error=50"}};
    cadre_error_t error = cadre_map_int (self->pool, "item", items, ITEMS, &options, results);
    const recipe_t map = {.name = "map"};
    if (error)
        s_fail (self, &map, "as a whole", error, cadre_message (self->pool));
    for (int64_t i = 0; i < ITEMS && !error; i++)
        wrong += results [i] != 3 * items [i] + 1;
    for (int64_t i = 0; i < CALLS; i++) {
        int64_t value = 0;
        error = cadre_future_wait_int (futures [i], &value, -1);
        if (error == CADRE_ERROR_TASK && s_lost_its_slot (futures [i]))
            s_log (self, "killed %s", self->name); //  Such a call is tried once
        else if (error && cadre_future_outcome (futures [i]) != CADRE_OUTCOME_WORKER_LOST)
            s_fail (self, &map, "call", error, cadre_future_message (futures [i]));
        else if (!error)
            wrong += value != 3 * i + 1;
        cadre_future_destroy (&futures [i]);
    }
    if (wrong)
        s_log (self, "wrong %s 0 %u values of a map", self->name, wrong);
    s_log (self, "items %d", ITEMS + CALLS);
}

//  The same jobs each time, few and small; the first is forgotten in the end.
static void s_script (load_t *self)
{
    static const struct {
        const char *word; //  Of the deed
        uint32_t count;   //  Tasks
    } jobs [] = {{"quick", 30}, {"flaky", 2}, {"command", 4},
                 {"fails", 1},  {"once", 3},  {"quick", 5}};
    enum { JOBS = sizeof jobs / sizeof *jobs };
    recipe_t recipes [JOBS];
    uint64_t numbers [JOBS] = {0};
    for (unsigned i = 0; i < JOBS; i++) {
        recipe_t *recipe = &recipes [i];
        *recipe = (recipe_t){.deed = deed_find (jobs [i].word), .count = jobs [i].count, .salt = i};
        snprintf (recipe->name, sizeof recipe->name, "%.40s-%u", self->name, i + 1);
        s_announce (self, recipe);
        cadre_job_t *job = recipe_open (recipe, self->pool, true, true);
        numbers [i] = s_fill (self, recipe, job) ? s_sync (self, recipe, job) : 0;
        cadre_job_destroy (&job);
    }
    for (unsigned i = 0; i < JOBS; i++)
        s_follow (self, &recipes [i], numbers [i]);
    s_forget (self, &recipes [0], numbers [0]);
}

static void s_check (load_t *self)
{
    char line [256];
    while (fgets (line, sizeof line, stdin)) {
        recipe_t recipe;
        char *rest;
        uint64_t number = strtoull (line, &rest, 10);
        if (!recipe_scan (&recipe, rest))
            exit (64);
        s_follow (self, &recipe, number);
    }
}

static void s_loop (load_t *self, const char *mode)
{
    while (!s_stops)
        if (strcmp (mode, "attached") == 0)
            s_do_attached (self);
        else if (strcmp (mode, "map") == 0)
            s_do_map (self);
        else
            s_do_detached (self, strcmp (mode, "durable") == 0);
}

int main (int argc, char **argv)
{
    if (argc != 5 && argc != 7)
        return 64;
    const char *mode = argv [1];
    load_t self = {.address = argv [2], .trace = argv [4], .name = argc == 7 ? argv [5] : "check"};
    self.seed = argc == 7 ? (unsigned) strtoul (argv [6], NULL, 10) : 0;
    self.log = open (argv [3], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    self.told = open (self.trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct sigaction term = {.sa_handler = s_on_term};
    sigaction (SIGTERM, &term, NULL);
    s_open_pool (&self);
    if (strcmp (mode, "check") == 0)
        s_check (&self);
    else if (strcmp (mode, "script") == 0)
        s_script (&self);
    else
        s_loop (&self, mode);
    return cadre_close (&self.pool, 10000) ? 1 : 0;
}
