//  cmd_submit.c - cadre submit: a command for each input, handed to the broker and left there

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/commands.h"
#include "client/cli/follow.h"
#include "client/cli/run_options.h"
#include "client/cli/say.h"
#include "client/cli/stop.h"
#include "client/cli/tasks.h"

#define HERALD_MS 100
#define NUMBER_TIMEOUT_MS 10000
#define REQUEST_TIMEOUT_MS 30000
#define CLOSE_TIMEOUT_MS 2000

//  What the broker says about a wait, while this command does nothing but wait.
typedef struct herald {
    cadre_job_t *job;  // its events are taken
    atomic_bool ended; // nobody waits any more
    bool started;      // thread is there
    pthread_t thread;  // takes them
} herald_t;

static void *s_herald (void *argument)
{
    herald_t *self = argument;
    cadre_event_t event = {0};
    cadre_error_t error = CADRE_OK;
    while (!atomic_load (&self->ended) && (error == CADRE_OK || error == CADRE_ERROR_TIMEOUT)) {
        error = cadre_job_next (self->job, &event, HERALD_MS);
        if (error == CADRE_OK && event.kind == CADRE_EVENT_NOTICE)
            say ("%s", event.message);
    }
    return NULL;
}

static void s_herald_start (herald_t *self, cadre_job_t *job)
{
    *self = (herald_t){.job = job};
    self->started = pthread_create (&self->thread, NULL, s_herald, self) == 0;
}

static void s_herald_end (herald_t *self)
{
    atomic_store (&self->ended, true);
    if (self->started)
        pthread_join (self->thread, NULL);
}

//  All inputs into the job; after Ctrl-C those that came so far are given up.
static cadre_error_t s_feed_all (tasks_t *tasks, cadre_job_t *job, fault_t *fault)
{
    cadre_error_t error = CADRE_OK;
    while (!error && !stop_asked ())
        error = tasks_feed (tasks, job, fault);
    if (error == CADRE_ERROR_END)
        return CADRE_OK;
    return error ? error : fault_set (fault, CADRE_ERROR_CANCELLED, "interrupted: the job is cancelled");
}

//  The job's number, once the broker has all of it: a request is answered after everything that was sent before.
static uint64_t s_hand_over (cadre_t *pool, cadre_job_t *job, fault_t *fault)
{
    cadre_job_seal (job);
    uint64_t number = cadre_job_number (job, NUMBER_TIMEOUT_MS);
    if (number == 0) {
        fault_set (fault, CADRE_ERROR_REFUSED, "the broker did not take the job: %s",
                   cadre_job_message (job));
        return 0;
    }
    cadre_value_t *arguments = cadre_value_build ("{s:u}", "job", number);
    cadre_error_t error = cadre_request (pool, "job.info", arguments, NULL, REQUEST_TIMEOUT_MS);
    cadre_value_destroy (&arguments);
    if (error == CADRE_OK)
        return number;
    fault_set (fault, error, "the broker does not confirm job %" PRIu64 ": %s", number, cadre_message (pool));
    return 0;
}

static int s_submit (run_options_t *options, cadre_t *pool, const reach_t *reach)
{
    fault_t fault = {0};
    tasks_t *tasks = tasks_new (options, reach, NULL);
    cadre_job_t *job = tasks_open (tasks, pool, true);
    int exit_code = 0;
    uint64_t number = 0;
    herald_t herald;
    s_herald_start (&herald, job);
    cadre_error_t error = s_feed_all (tasks, job, &fault);
    if (error == CADRE_OK)
        number = s_hand_over (pool, job, &fault);
    s_herald_end (&herald);
    if (number == 0) {
        cadre_job_seal (job);
        cadre_job_cancel (job);
        exit_code = say_fault (&fault);
        exit_code = error == CADRE_ERROR_CANCELLED ? SAY_EXIT_INTERRUPTED
                    : exit_code == 1               ? SAY_EXIT_OWN
                                                   : exit_code;
        goto out;
    }
    printf ("%" PRIu64 "\n", number);
    exit_code = say_flush (0);
    say ("job %" PRIu64 " is kept in the broker's memory alone: it lives as long as the broker", number);
    if (options->wait && exit_code == 0)
        exit_code = follow_wait (pool, number, -1, true);
out:
    cadre_job_destroy (&job);
    tasks_destroy (&tasks);
    return exit_code;
}

int cmd_submit (int argc, char **argv)
{
    run_options_t options;
    reach_t reach;
    fault_t fault = {0};
    cadre_t *pool = NULL;
    int exit_code = run_options_read (&options, argc, argv, true);
    if (exit_code == 0 && options.dry_run) {
        reach = (reach_t){.local = true};
        tasks_t *tasks = tasks_new (&options, &reach, NULL);
        if (tasks_print (tasks, &fault) != CADRE_OK)
            exit_code = say_fault (&fault);
        tasks_destroy (&tasks);
    } else if (exit_code == 0) {
        stop_watch ();
        if (reach_find (&reach, options.shared.broker, options.shared.access, false, &fault) == CADRE_OK)
            pool = reach_open (&reach, NULL, &fault);
        if (pool)
            reach_ask_workers (&reach, pool);
        exit_code = pool ? s_submit (&options, pool, &reach) : say_fault (&fault);
    }
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    run_options_clear (&options);
    return exit_code;
}
