//  cmd_submit.c - cadre submit: a command for each input, handed to the broker and left there

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/commands.h"
#include "client/cli/follow.h"
#include "client/cli/run_options.h"
#include "client/cli/say.h"
#include "client/cli/stop.h"
#include "client/cli/tasks.h"

#define NUMBER_TIMEOUT_MS 10000
#define REQUEST_TIMEOUT_MS 30000
#define CLOSE_TIMEOUT_MS 2000

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
    cadre_error_t error = s_feed_all (tasks, job, &fault);
    if (error == CADRE_OK)
        number = s_hand_over (pool, job, &fault);
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
        exit_code = pool ? s_submit (&options, pool, &reach) : say_fault (&fault);
    }
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    run_options_clear (&options);
    return exit_code;
}
