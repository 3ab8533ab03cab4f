//  cmd_submit.c - cadre submit: submits a command for each input to the broker, as a detached job

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/base/broker_watch.h"
#include "client/cli/base/interrupt.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "client/cli/run/follow.h"
#include "client/cli/run/run_options.h"
#include "client/cli/run/run_tasks.h"

#define HERALD_MS 100
#define TICK_MS 100
#define DISK_MS 5000 //  then the broker's store or disk is reported as slow
#define NUMBER_TIMEOUT_MS 10000
#define REQUEST_TIMEOUT_MS 30000
#define CLOSE_TIMEOUT_MS 2000

typedef struct submit {
    run_options_t options;  //  the command line
    broker_choice_t choice; //  which broker
    cadre_t *pool;          //  connection to the broker
    cadre_job_t *job;       //  the job of all tasks
    run_tasks_t *tasks;     //  source of the tasks
    run_tasks_life_t life;  //  when the job ends
    broker_watch_t watch;   //  checks whether the broker answers
    pthread_t feeder;       //  thread that adds tasks
    fault_t feed;  //  the feeder's error, except the end of inputs; owned by the feeder until it is
                   //  joined
    fault_t fault; //  the error
} submit_t;

static struct timespec s_in_ms (int64_t ms)
{
    struct timespec until;
    clock_gettime (CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + ms * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    return until;
}

//  ---- notices ---------------------------------------------------------------

//  Prints the broker's notices about a wait while this command waits.
typedef struct herald {
    cadre_job_t *job; //  its events are read
    sem_t ended;      //  the wait is over
    bool started;     //  the thread was started
    pthread_t thread; //  reads the events
} herald_t;

static bool s_has_ended (herald_t *self)
{
    struct timespec until = s_in_ms (HERALD_MS);
    while (sem_timedwait (&self->ended, &until) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

//  It looks for notices between its waits, not while it waits: so the end of the wait wakes it.
static void *s_herald (void *argument)
{
    herald_t *self = argument;
    cadre_event_t event = {0};
    while (!s_has_ended (self))
        while (cadre_job_next (self->job, &event, 0) == CADRE_OK)
            if (event.kind == CADRE_EVENT_NOTICE)
                say ("%s", event.message);
    return NULL;
}

static void s_herald_start (herald_t *self, cadre_job_t *job)
{
    *self = (herald_t){.job = job};
    sem_init (&self->ended, 0, 0);
    self->started = pthread_create (&self->thread, NULL, s_herald, self) == 0;
}

static void s_herald_end (herald_t *self)
{
    sem_post (&self->ended);
    if (self->started)
        pthread_join (self->thread, NULL);
    sem_destroy (&self->ended);
}

//  ---- feeding, in a separate thread, because adding waits for the broker ----

static void *s_submit_feed (void *argument)
{
    submit_t *self = argument;
    cadre_error_t error = CADRE_OK;
    while (!error && !interrupt_asked ())
        error = run_tasks_feed (self->tasks, self->job, &self->feed);
    if (error && error != CADRE_ERROR_END)
        self->feed.code = error;
    return NULL;
}

static bool s_joined (submit_t *self)
{
    struct timespec until = s_in_ms (TICK_MS);
    return pthread_timedjoin_np (self->feeder, NULL, &until) == 0;
}

static cadre_error_t s_interrupted (submit_t *self)
{
    return fault_set (&self->fault, CADRE_ERROR_CANCELLED, "interrupted: the job is cancelled");
}

//  Adds all inputs to the job; after Ctrl-C the inputs so far are dropped.
static cadre_error_t s_feed_all (submit_t *self)
{
    if (pthread_create (&self->feeder, NULL, s_submit_feed, self) != 0)
        return fault_set (&self->fault, CADRE_ERROR_MEMORY,
                          "cannot start a thread: raise the limit of processes (ulimit -u)");
    uint64_t added = 0;
    while (!s_joined (self)) {
        cadre_progress_t progress = {0};
        cadre_job_progress (self->job, &progress);
        broker_watch_check (&self->watch, progress.total != added);
        added = progress.total;
        if (!interrupt_asked ())
            continue;
        //  A feeder that waits for inputs is woken; one that waits for the broker may wait long
        inputs_wake (self->options.inputs);
        if (s_joined (self))
            break;
        cadre_job_cancel (self->job);
        say ("interrupted: the job is cancelled");
        _exit (SAY_EXIT_INTERRUPTED);
    }
    if (interrupt_asked ())
        return s_interrupted (self);
    self->fault = self->feed;
    return self->fault.code;
}

//  ---- confirmation ----------------------------------------------------------

//  Waits, also over a restart of the broker, until the broker has the job (a durable one on its
//  disk) and has not refused it as another job.
static cadre_error_t s_sync (submit_t *self)
{
    cadre_error_t error;
    int waited_ms = 0;
    while ((error = cadre_job_sync (self->job, TICK_MS)) == CADRE_ERROR_TIMEOUT
           && !interrupt_asked ()) {
        broker_watch_check (&self->watch, false);
        waited_ms += TICK_MS;
        if (waited_ms == DISK_MS && !self->watch.lost)
            say (
                "the broker at %s has not written all of the job to its store yet; waiting for its disk; Ctrl-C "
                "ends this and cancels the job",
                cadre_address (self->pool));
    }
    if (error == CADRE_ERROR_TIMEOUT)
        return s_interrupted (self);
    return error ? fault_set (&self->fault, error, "%s", cadre_job_message (self->job)) : CADRE_OK;
}

//  Waits until the broker has the job in memory: a request is answered after all frames before it.
static cadre_error_t s_confirm (submit_t *self, uint64_t number)
{
    cadre_value_t *arguments = cadre_value_build ("{s:u}", "job", number);
    cadre_error_t error =
        subcommand_ask (self->pool, "job.info", arguments, NULL, REQUEST_TIMEOUT_MS);
    cadre_value_destroy (&arguments);
    if (error)
        fault_set (&self->fault, error, "the broker does not confirm job %" PRIu64 ": %s", number,
                   cadre_message (self->pool));
    return error;
}

//  Returns the job's number when the broker has all of it; 0 and a fault on failure.
static uint64_t s_hand_over (submit_t *self)
{
    cadre_job_seal (self->job);
    if (self->life == RUN_TASKS_DURABLE && s_sync (self))
        return 0;
    uint64_t number = cadre_job_number (self->job, NUMBER_TIMEOUT_MS);
    if (number == 0)
        fault_set (&self->fault, CADRE_ERROR_REFUSED, "the broker did not take the job: %s",
                   cadre_job_message (self->job));
    if (number && self->life == RUN_TASKS_DETACHED && (s_confirm (self, number) || s_sync (self)))
        return 0;
    return number;
}

//  The state of the broker, when it takes jobs: the end of a drain is waited for, and then the next
//  broker, as CADRE_RECONNECT says.
static cadre_error_t s_ask_broker (submit_t *self, cadre_value_t **body)
{
    for (bool told = false; !interrupt_asked (); told = true) {
        cadre_error_t error =
            subcommand_ask (self->pool, "broker.info", NULL, body, REQUEST_TIMEOUT_MS);
        if (error && (error != CADRE_ERROR_TIMEOUT || !told))
            return fault_set (&self->fault, error, "%s", cadre_message (self->pool));
        const char *state = cadre_value_text (cadre_value_get (*body, "state"));
        if (!error && (!state || strcmp (state, "draining") != 0))
            return CADRE_OK;
        if (!told)
            say (
                "the broker at %s drains and takes no new jobs; waiting until it is back; Ctrl-C ends "
                "this",
                cadre_address (self->pool));
        cadre_value_destroy (body);
        nanosleep (&(struct timespec){.tv_nsec = TICK_MS * 1000000L}, NULL);
    }
    return fault_set (&self->fault, CADRE_ERROR_CANCELLED, "interrupted: there is no job yet");
}

//  Durable if there is a store, unless the options say otherwise.
static cadre_error_t s_choose_life (submit_t *self)
{
    cadre_value_t *body = NULL;
    if (s_ask_broker (self, &body))
        return self->fault.code;
    self->life = RUN_TASKS_DETACHED;
    const char *store = cadre_value_text (cadre_value_get (body, "store"));
    bool stores = store && *store;
    cadre_value_destroy (&body);
    if (self->options.in_memory)
        return CADRE_OK;
    if (stores)
        self->life = RUN_TASKS_DURABLE;
    else if (self->options.durable)
        return fault_set (
            &self->fault, CADRE_ERROR_REFUSED,
            "the broker at %s has no store to keep the job in: start it with --store FILE, or leave "
            "--durable out",
            cadre_address (self->pool));
    return CADRE_OK;
}

static int s_submit_give_up (submit_t *self)
{
    cadre_job_seal (self->job);
    cadre_job_cancel (self->job);
    int exit_code = say_fault (&self->fault);
    if (self->fault.code == CADRE_ERROR_CANCELLED)
        return SAY_EXIT_INTERRUPTED;
    if (self->fault.code == CADRE_ERROR_NOT_FOUND) //  it existed, and was forgotten
        return cadre_error_exit_code (CADRE_ERROR_REFUSED);
    return exit_code == 1 ? SAY_EXIT_OWN : exit_code;
}

static int s_submit (submit_t *self)
{
    if (s_choose_life (self)) {
        int exit_code = say_fault (&self->fault);
        return self->fault.code == CADRE_ERROR_CANCELLED ? SAY_EXIT_INTERRUPTED : exit_code;
    }
    broker_watch_init (&self->watch, self->pool);
    self->tasks = run_tasks_new (&self->options, &self->choice, NULL);
    self->job = run_tasks_open (self->tasks, self->pool, self->life);
    herald_t herald;
    s_herald_start (&herald, self->job);
    uint64_t number = s_feed_all (self) == CADRE_OK ? s_hand_over (self) : 0;
    s_herald_end (&herald);
    if (number == 0)
        return s_submit_give_up (self);
    line_print ("%" PRIu64, number);
    int exit_code = say_flush (0);
    if (self->life == RUN_TASKS_DETACHED)
        say ("job %" PRIu64 " is kept in the broker's memory alone: it lives as long as the broker",
             number);
    if (self->options.wait && exit_code == 0)
        exit_code = follow_wait (self->pool, number, -1, true);
    return exit_code;
}

static int s_dry_run (submit_t *self)
{
    self->choice = (broker_choice_t){.local = true};
    self->tasks = run_tasks_new (&self->options, &self->choice, NULL);
    return run_tasks_print (self->tasks, &self->fault) ? say_fault (&self->fault) : 0;
}

int cmd_submit (int argc, char **argv)
{
    static submit_t s_submit_state; //  static: the feeder may outlive this call
    submit_t *self = &s_submit_state;
    run_options_t *options = &self->options;
    int exit_code = run_options_read (options, argc, argv, true);
    if (exit_code == 0 && options->dry_run)
        exit_code = s_dry_run (self);
    else if (exit_code == 0) {
        interrupt_watch ();
        if (broker_choice_find (&self->choice, options->shared.broker, options->shared.access,
                                false, &self->fault)
            == CADRE_OK)
            self->pool = broker_choice_open (&self->choice, NULL, &self->fault);
        if (self->pool)
            broker_choice_ask_workers (&self->choice, self->pool);
        exit_code = self->pool ? s_submit (self) : say_fault (&self->fault);
    }
    cadre_job_destroy (&self->job);
    run_tasks_destroy (&self->tasks);
    cadre_close (&self->pool, CLOSE_TIMEOUT_MS);
    run_options_clear (options);
    return exit_code;
}
