//  cmd_task.c - cadre task: lists and manages single tasks

#include <stdio.h>
#include <stdlib.h>

#include "client/cli/base/interrupt.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "client/cli/run/admin_request.h"
#include "client/cli/run/follow.h"

#define CLOSE_TIMEOUT_MS 1000

static const table_column_t s_list_columns [] = {
    {"index", "TASK", TABLE_TEXT},      {"state", "STATE", TABLE_TEXT},
    {"outcome", "OUTCOME", TABLE_TEXT}, {"code", "CODE", TABLE_COUNT},
    {"attempts", "TRIES", TABLE_COUNT}, {"worker", "WORKER", TABLE_TEXT},
    {"run_us", "RAN", TABLE_US},        {0}};

static const table_column_t s_info_columns [] = {{"job", "job", TABLE_TEXT},
                                                 {"index", "task", TABLE_TEXT},
                                                 {"state", "state", TABLE_TEXT},
                                                 {"outcome", "outcome", TABLE_TEXT},
                                                 {"code", "code", TABLE_COUNT},
                                                 {"attempts", "tries", TABLE_COUNT},
                                                 {"worker", "worker", TABLE_TEXT},
                                                 {"run_us", "ran", TABLE_US},
                                                 {"kind", "kind", TABLE_TEXT},
                                                 {"message", "message", TABLE_TEXT},
                                                 {"trace", "trace", TABLE_TEXT},
                                                 {"lease", "lease", TABLE_TEXT},
                                                 {"cut_output", "cut output", TABLE_TEXT},
                                                 {0}};

static void s_set_text (cadre_value_t *map, const char *key, const char *text)
{
    cadre_value_t *value = cadre_value_of_text (text);
    cadre_value_set (map, key, &value);
}

static int s_task_list (int argc, char **argv)
{
    static const char *const states [] = {"waiting", "leased", "done", NULL};
    static const admin_request_page_t page = {
        ADMIN_REQUEST_LIST | ADMIN_REQUEST_STATE | ADMIN_REQUEST_OUTCOME | ADMIN_REQUEST_WHOLE,
        "JOB",
        "List the tasks of a job.\vStates: waiting, leased, done. Outcomes: ok, error, exit, signal, timeout, out-of-memory, "
        "worker-lost, cancelled, dependency-failed, expired, quarantined.\n\nExamples:\n"
        "  cadre task list 42 --state waiting\n"
        "  cadre task list 42 --outcome quarantined",
        1, 1};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code == 0)
        exit_code = admin_request_check_state (&options, argv [0], states);
    if (exit_code)
        return exit_code;
    cadre_value_t *arguments =
        admin_request_task (argv [0], argv [options.first], false, &exit_code);
    if (!arguments)
        return exit_code;
    if (options.state)
        s_set_text (arguments, "state", options.state);
    if (options.outcome)
        s_set_text (arguments, "outcome", options.outcome);
    return admin_request_list (&options, "task.list", "index", &arguments, s_list_columns);
}

//  info and explain: send one request about one task.
static cadre_value_t *s_task_ask (admin_request_options_t *options,
                                  const admin_request_page_t *page, const char *what, int argc,
                                  char **argv, int *exit_code)
{
    *exit_code = admin_request_read (options, page, argc, argv);
    if (*exit_code)
        return NULL;
    cadre_value_t *arguments =
        admin_request_task (argv [0], argv [options->first], true, exit_code);
    return arguments ? admin_request_ask (options, what, &arguments, exit_code) : NULL;
}

static int s_task_info (int argc, char **argv)
{
    static const admin_request_page_t page = {ADMIN_REQUEST_LIST, "JOB.TASK",
                                              "Show the state of a task, and why it failed.\v"
                                              "Example:\n"
                                              "  cadre task info 42.17",
                                              1, 1};
    admin_request_options_t options;
    int exit_code;
    cadre_value_t *body = s_task_ask (&options, &page, "task.info", argc, argv, &exit_code);
    if (body)
        table_print_one (options.shared.format, body, s_info_columns);
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_explain (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, "JOB.TASK",
        "Explain in one sentence why a task waits, or what became of it.\v"
        "Example:\n"
        "  cadre task explain 42.17",
        1, 1};
    admin_request_options_t options;
    int exit_code;
    cadre_value_t *body = s_task_ask (&options, &page, "task.explain", argc, argv, &exit_code);
    if (body)
        line_print ("%s", cadre_value_text (cadre_value_get (body, "text")));
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_task_drop (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, "JOB.TASK",
        "Cancel a task that is in quarantine.\v"
        "A task that kills one slot after another is quarantined: it is not retried "
        "automatically. 'cadre task list JOB --outcome quarantined' lists such "
        "tasks, and 'cadre job retry JOB.TASK' runs one again.\n\n"
        "Exit codes: 0; 66 there is no such task; 77 it is not in quarantine.\n\n"
        "Example:\n"
        "  cadre task drop 42.17",
        1, 1};
    admin_request_options_t options;
    int exit_code;
    cadre_value_t *body = s_task_ask (&options, &page, "task.drop", argc, argv, &exit_code);
    if (body)
        say ("task %s is cancelled", argv [options.first]);
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_logs (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_WAIT | ADMIN_REQUEST_TAG | ADMIN_REQUEST_TRIES, "JOB.TASK",
        "Print the output of a task.\v"
        "Its stdout is written to stdout, its stderr to stderr. If it was tried again, the "
        "output of its last try is printed.\n\n"
        "Example:\n"
        "  cadre task logs 42.17",
        1, 1};
    admin_request_options_t options;
    uint64_t job;
    int64_t task;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code)
        return exit_code;
    if (!subcommand_read_task (argv [options.first], &job, &task) || task < 0)
        return subcommand_usage (argv [0], "'%s' is not a task: write JOB.TASK, such as 42.17",
                                 argv [options.first]);
    interrupt_watch ();
    cadre_value_t *arguments =
        cadre_value_build ("{s:u, s:u}", "job", job, "task", (uint64_t) task);
    cadre_t *pool = subcommand_connect (&options.shared, &exit_code);
    cadre_value_t *known =
        pool ? subcommand_request (pool, "task.info", &arguments, &exit_code) : NULL;
    if (known)
        exit_code = follow_logs (pool, job, task,
                                 &(follow_logs_t){options.wait, options.tag, options.all_tries});
    cadre_value_destroy (&arguments);
    cadre_value_destroy (&known);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

int cmd_task (int argc, char **argv)
{
    static const subcommand_t commands [] = {
        {"list", "list the tasks of a job", s_task_list},
        {"info", "show the state of a task, and why it failed", s_task_info},
        {"explain", "explain why a task waits, or what became of it", s_explain},
        {"logs", "print the output of a task", s_logs},
        {"drop", "cancel a task that is in quarantine", s_task_drop},
        {0},
    };
    return subcommand_dispatch (commands, "cadre task", "  cadre task explain 42.17\n", argc, argv);
}
