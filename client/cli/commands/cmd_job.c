//  cmd_job.c - cadre job: lists and manages jobs at the broker

#include <inttypes.h>
#include <stdio.h>

#include "client/cli/base/interrupt.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/say.h"
#include "client/cli/run/admin_request.h"
#include "client/cli/run/follow.h"

#define CLOSE_TIMEOUT_MS 1000

static const table_column_t s_list_columns [] = {{"job", "JOB", TABLE_TEXT},
                                                 {"name", "NAME", TABLE_TEXT},
                                                 {"kind", "KIND", TABLE_TEXT},
                                                 {"state", "STATE", TABLE_TEXT},
                                                 {"total", "TASKS", TABLE_COUNT},
                                                 {"waiting", "WAITING", TABLE_COUNT},
                                                 {"running", "RUNNING", TABLE_COUNT},
                                                 {"done", "DONE", TABLE_COUNT},
                                                 {"failed", "FAILED", TABLE_COUNT},
                                                 {"created_us", "SUBMITTED", TABLE_MOMENT_US},
                                                 {"ended_us", "ENDED", TABLE_MOMENT_US},
                                                 {"client", "CLIENT", TABLE_TEXT},
                                                 {0}};

static const table_column_t s_info_columns [] = {{"job", "job", TABLE_TEXT},
                                                 {"name", "name", TABLE_TEXT},
                                                 {"kind", "kind", TABLE_TEXT},
                                                 {"function", "function", TABLE_TEXT},
                                                 {"state", "state", TABLE_TEXT},
                                                 {"client", "client", TABLE_TEXT},
                                                 {"key", "key", TABLE_TEXT},
                                                 {"detached", "detached", TABLE_TEXT},
                                                 {"durable", "durable", TABLE_TEXT},
                                                 {"total", "tasks", TABLE_COUNT},
                                                 {"waiting", "waiting", TABLE_COUNT},
                                                 {"running", "running", TABLE_COUNT},
                                                 {"done", "done", TABLE_COUNT},
                                                 {"failed", "failed", TABLE_COUNT},
                                                 {"priority", "priority", TABLE_TEXT},
                                                 {"limit", "limit", TABLE_COUNT},
                                                 {"created_us", "created", TABLE_MOMENT_US},
                                                 {"ended_us", "ended", TABLE_MOMENT_US},
                                                 {"cut_outputs", "cut outputs", TABLE_COUNT},
                                                 {0}};

static int s_job_list (int argc, char **argv)
{
    static const char *const states [] = {"open", "active", "done", "cancelled", NULL};
    static const admin_request_page_t page = {
        ADMIN_REQUEST_LIST | ADMIN_REQUEST_STATE, NULL,
        "List the jobs of the broker.\v"
        "States: open (more tasks may be added), active, done, cancelled.\n\n"
        "Examples:\n"
        "  cadre job list\n"
        "  cadre job list --state active -o json",
        0, 0};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code == 0)
        exit_code = admin_request_check_state (&options, argv [0], states);
    if (exit_code)
        return exit_code;
    cadre_value_t *arguments =
        options.state ? cadre_value_build ("{s:s}", "state", options.state) : cadre_value_map ();
    return admin_request_list (&options, "job.list", "job", &arguments, s_list_columns);
}

static int s_job_info (int argc, char **argv)
{
    static const admin_request_page_t page = {ADMIN_REQUEST_LIST | ADMIN_REQUEST_WHOLE, "JOB",
                                              "Show the state of a job: options, progress, times.\v"
                                              "Example:\n"
                                              "  cadre job info 42",
                                              1, 1};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *arguments =
        admin_request_task (argv [0], argv [options.first], false, &exit_code);
    cadre_value_t *body =
        arguments ? admin_request_ask (&options, "job.info", &arguments, &exit_code) : NULL;
    if (body)
        table_print_one (options.shared.format, body, s_info_columns);
    cadre_value_destroy (&body);
    return exit_code;
}

//  Commands that follow a job: reads its number from argv and calls the function.
typedef int (follow_fn) (cadre_t *pool, uint64_t job, int64_t task,
                         const admin_request_options_t *options);

static int s_follow (const admin_request_page_t *page, follow_fn *work, int argc, char **argv)
{
    admin_request_options_t options;
    uint64_t job;
    int64_t task;
    int exit_code = admin_request_read (&options, page, argc, argv);
    if (exit_code)
        return exit_code;
    if (!subcommand_read_task (argv [options.first], &job, &task))
        return subcommand_usage (argv [0], "'%s' is not a job: write its number, such as 42",
                                 argv [options.first]);
    interrupt_watch ();
    cadre_t *pool = subcommand_connect (&options.shared, &exit_code);
    if (pool)
        exit_code = work (pool, job, task, &options);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

static int s_do_wait (cadre_t *pool, uint64_t job, int64_t task,
                      const admin_request_options_t *options)
{
    (void) task;
    return follow_wait (pool, job, options->timeout_ms, false);
}

static int s_job_wait (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_TIMEOUT | ADMIN_REQUEST_WHOLE, "JOB",
        "Wait until a job has ended.\v"
        "A broker without a store loses its jobs when it restarts.\n\n"
        "Exit codes: 0 all tasks are ok; 1 a task failed; 66 there is no such job; "
        "69 the broker cannot be reached; 75 --timeout was reached.\n\n"
        "Example:\n"
        "  cadre job wait 42 --timeout 5m",
        1, 1};
    return s_follow (&page, s_do_wait, argc, argv);
}

static int s_do_results (cadre_t *pool, uint64_t job, int64_t task,
                         const admin_request_options_t *options)
{
    (void) task;
    return follow_results (pool, job, options->wait, options->shared.format);
}

static int s_results (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_LIST | ADMIN_REQUEST_WAIT | ADMIN_REQUEST_WHOLE, "JOB",
        "Show the outcome and the value of each task of a job.\v"
        "Example:\n"
        "  cadre job results 42 -o ndjson",
        1, 1};
    return s_follow (&page, s_do_results, argc, argv);
}

static int s_do_logs (cadre_t *pool, uint64_t job, int64_t task,
                      const admin_request_options_t *options)
{
    return follow_logs (pool, job, task,
                        &(follow_logs_t){options->wait, options->tag, options->all_tries});
}

static int s_logs (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_WAIT | ADMIN_REQUEST_TAG | ADMIN_REQUEST_TRIES, "JOB",
        "Print the output of a job's tasks, task by task.\v"
        "Their stdout is written to stdout, their stderr to stderr. Of a task that was tried "
        "again, the output of its last try is printed.\n\n"
        "Exit codes: 0; 1 some output is missing, because it was more than is kept.\n\n"
        "Example:\n"
        "  cadre job logs 42 --tag",
        1, 1};
    return s_follow (&page, s_do_logs, argc, argv);
}

static void s_print_count (const cadre_value_t *body, const char *key, const char *format)
{
    const uint64_t count = cadre_value_uint (cadre_value_get (body, key));
    say (format, count, count == 1 ? "" : "s");
}

//  cancel, retry and forget: send one request each.
static int s_job_order (const admin_request_page_t *page, const char *what, const char *key,
                        const char *format, int argc, char **argv)
{
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *arguments =
        admin_request_task (argv [0], argv [options.first], false, &exit_code);
    cadre_value_t *body =
        arguments ? admin_request_ask (&options, what, &arguments, &exit_code) : NULL;
    if (body && key)
        s_print_count (body, key, format);
    cadre_value_destroy (&body);
    return exit_code;
}

//  cancel and forget with --state: one request for many jobs.
static int s_job_order_many (const admin_request_options_t *options, const char *what,
                             const char *key, const char *format)
{
    int exit_code = 0;
    cadre_value_t *arguments = cadre_value_build ("{s:s}", "state", options->state);
    if (options->older_ms > 0) {
        cadre_value_t *older = cadre_value_of_uint ((uint64_t) options->older_ms);
        cadre_value_set (arguments, "older_ms", &older);
    }
    cadre_value_t *body = admin_request_ask (options, what, &arguments, &exit_code);
    if (body)
        s_print_count (body, key, format);
    cadre_value_destroy (&body);
    return exit_code;
}

//  Reads a command that is for one job, or, with --state, for many.
static int s_read_one_or_many (admin_request_options_t *options, const admin_request_page_t *page,
                               const char *const *states, int argc, char **argv)
{
    int exit_code = admin_request_read (options, page, argc, argv);
    if (exit_code == 0)
        exit_code = admin_request_check_state (options, argv [0], states);
    if (exit_code)
        return exit_code;
    const bool word = options->first < argc;
    if (!word && !options->state)
        return subcommand_usage (argv [0], "%s or --state is missing", page->words);
    if (word && options->state)
        return subcommand_usage (argv [0], "'%s' and --state: give one of them",
                                 argv [options->first]);
    if (options->older_ms > 0 && !options->state)
        return subcommand_usage (argv [0], "--older-than goes with --state");
    return 0;
}

static int s_job_cancel (int argc, char **argv)
{
    static const char *const states [] = {"open", "active", NULL};
    static const admin_request_page_t page = {
        ADMIN_REQUEST_STATE, "JOB[.TASK]",
        "Cancel a job, or one of its tasks, or all jobs in a state.\v"
        "Tasks that wait are removed. Tasks that run get SIGTERM and, 5 s later, "
        "SIGKILL.\n\n"
        "Examples:\n"
        "  cadre job cancel 42\n"
        "  cadre job cancel 42.17\n"
        "  cadre job cancel --state active",
        0, 1};
    admin_request_options_t options;
    int exit_code = s_read_one_or_many (&options, &page, states, argc, argv);
    if (exit_code)
        return exit_code;
    if (options.state)
        return s_job_order_many (&options, "job.cancel", "cancelled",
                                 "%" PRIu64 " task%s cancelled");
    return s_job_order (&page, "job.cancel", "cancelled", "%" PRIu64 " task%s cancelled", argc,
                        argv);
}

static int s_job_retry (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, "JOB[.TASK]",
        "Run the failed tasks of a job again, or one of them.\v"
        "Examples:\n"
        "  cadre job retry 42\n"
        "  cadre job retry 42.17",
        1, 1};
    return s_job_order (&page, "job.retry", "tasks", "%" PRIu64 " task%s queued again", argc, argv);
}

static int s_job_forget (int argc, char **argv)
{
    static const char *const states [] = {"done", "cancelled", NULL};
    static const admin_request_page_t page = {
        ADMIN_REQUEST_STATE | ADMIN_REQUEST_OLDER | ADMIN_REQUEST_WHOLE, "JOB",
        "Delete a job that has ended, or all in a state, with results and output.\v"
        "Examples:\n"
        "  cadre job forget 42\n"
        "  cadre job forget --state done --older-than 1d",
        0, 1};
    admin_request_options_t options;
    int exit_code = s_read_one_or_many (&options, &page, states, argc, argv);
    if (exit_code)
        return exit_code;
    if (options.state)
        return s_job_order_many (&options, "job.forget", "jobs", "%" PRIu64 " job%s forgotten");
    return s_job_order (&page, "job.forget", NULL, NULL, argc, argv);
}

int cmd_job (int argc, char **argv)
{
    static const subcommand_t commands [] = {
        {"list", "list the jobs of the broker", s_job_list},
        {"info", "show the state of a job", s_job_info},
        {"wait", "wait until a job has ended", s_job_wait},
        {"results", "show the outcomes and values of its tasks", s_results},
        {"logs", "print the output of its tasks", s_logs},
        {"cancel", "cancel a job, or one of its tasks", s_job_cancel},
        {"retry", "run its failed tasks again", s_job_retry},
        {"forget", "delete a job that has ended", s_job_forget},
        {0},
    };
    return subcommand_dispatch (commands, "cadre job", "  cadre job info 42\n", argc, argv);
}
