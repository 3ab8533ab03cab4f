//  cmd_worker.c - cadre worker: lists and manages the workers of a broker

#include <inttypes.h>
#include <stdio.h>

#include "client/cli/base/program.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/say.h"
#include "client/cli/run/admin_request.h"
#include "client/cli/run/drain.h"
#include "common/units.h"

#define CLOSE_TIMEOUT_MS 1000

static const table_column_t s_columns [] = {
    {"worker", "WORKER", TABLE_TEXT},  {"name", "NAME", TABLE_TEXT},
    {"key", "KEY", TABLE_TEXT},        {"host", "HOST", TABLE_TEXT},
    {"pid", "PID", TABLE_TEXT},        {"state", "STATE", TABLE_TEXT},
    {"slots", "SLOTS", TABLE_COUNT},   {"running", "RUNNING", TABLE_COUNT},
    {"done", "DONE", TABLE_COUNT},     {"failed", "FAILED", TABLE_COUNT},
    {"labels", "LABELS", TABLE_TEXT},  {"functions", "FUNCTIONS", TABLE_NAMES},
    {"silent_ms", "SILENT", TABLE_MS}, {0}};

static int s_worker_start (int argc, char **argv)
{
    (void) argc;
    return program_become ("cadre-worker", argv);
}

static int s_worker_list (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_LIST, NULL,
        "List the workers of the broker.\vExample:\n  cadre worker list -o ndjson", 0, 0};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *body = admin_request_ask (&options, "worker.list", NULL, &exit_code);
    if (body)
        table_print (options.shared.format, body, s_columns);
    cadre_value_destroy (&body);
    return exit_code;
}

//  {worker: number or name}
static cadre_value_t *s_worker_meant (const char *word)
{
    uint64_t number;
    if (units_parse_count (word, 0, UINT64_MAX, &number, NULL) == CADRE_OK)
        return cadre_value_build ("{s:u}", "worker", number);
    return cadre_value_build ("{s:s}", "worker", word);
}

static int s_worker_drain_on (cadre_t *pool, const admin_request_options_t *options,
                              const char *word)
{
    int exit_code = 0;
    cadre_value_t *arguments = s_worker_meant (word);
    admin_request_set_timeout (options, arguments);
    cadre_value_t *body = subcommand_request (pool, "worker.drain", &arguments, &exit_code);
    if (!body)
        return exit_code;
    const uint64_t count = cadre_value_uint (cadre_value_get (body, "workers"));
    const char *plural = count == 1 ? "" : "s";
    cadre_value_destroy (&body);
    if (options->no_wait || count == 0) {
        say ("%" PRIu64 " worker%s told to drain", count, plural);
        return 0;
    }
    exit_code = drain_await_workers (pool, word);
    if (exit_code == 0)
        say ("%" PRIu64 " worker%s drained", count, plural);
    return exit_code;
}

static int s_worker_drain (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_DRAIN_WORKER, "WORKER",
        "Stop a worker after its running tasks have ended, and wait for that.\v"
        "WORKER is a number or a name from 'cadre worker list', or all. Tasks that "
        "wait at the worker, or still run when --timeout is over, run on other workers; that "
        "costs them no try.\n\n"
        "Example:\n"
        "  cadre worker drain 3 --timeout 5m",
        1, 1};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    cadre_t *pool = exit_code ? NULL : subcommand_connect (&options.shared, &exit_code);
    if (pool)
        exit_code = s_worker_drain_on (pool, &options, argv [options.first]);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

static int s_worker_stop (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, "WORKER",
        "Stop a worker at once.\v"
        "WORKER is a number or a name from 'cadre worker list', or all. Its tasks "
        "run again on other workers.\n\n"
        "Example:\n"
        "  cadre worker stop all",
        1, 1};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *arguments = s_worker_meant (argv [options.first]);
    cadre_value_t *body = admin_request_ask (&options, "worker.stop", &arguments, &exit_code);
    if (body) {
        const uint64_t count = cadre_value_uint (cadre_value_get (body, "workers"));
        say ("%" PRIu64 " worker%s told to stop", count, count == 1 ? "" : "s");
    }
    cadre_value_destroy (&body);
    return exit_code;
}

int cmd_worker (int argc, char **argv)
{
    static const subcommand_t commands [] = {
        {"start", "run cadre-worker on this host, with its options", s_worker_start},
        {"deploy", "start, check, drain and stop workers on many hosts over ssh", cmd_deploy},
        {"list", "list the workers of the broker", s_worker_list},
        {"drain", "stop a worker after its running tasks have ended", s_worker_drain},
        {"stop", "stop a worker at once", s_worker_stop},
        {"health", "check the health of a worker on this host (for containers)", health_of_worker},
        {0},
    };
    return subcommand_dispatch (commands, "cadre worker",
                                "  cadre worker start --broker tcp://hub:5700 --slots 4\n", argc,
                                argv);
}
