//  cmd_worker.c - cadre worker: lists and manages the workers of a broker

#include <inttypes.h>
#include <stdio.h>

#include "client/cli/base/program.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/say.h"
#include "client/cli/run/admin_request.h"
#include "common/units.h"

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

//  drain and stop: send one request each.
static int s_worker_order (const admin_request_page_t *page, const char *what, const char *format,
                           int argc, char **argv)
{
    admin_request_options_t options;
    uint64_t number;
    int exit_code = admin_request_read (&options, page, argc, argv);
    if (exit_code)
        return exit_code;
    const char *word = argv [options.first];
    const uint64_t timeout_ms = options.timeout_ms < 0 ? 0 : (uint64_t) options.timeout_ms;
    cadre_value_t *arguments;
    if (units_parse_count (word, 0, UINT64_MAX, &number, NULL) == CADRE_OK)
        arguments = cadre_value_build ("{s:u}", "worker", number);
    else
        arguments = cadre_value_build ("{s:s}", "worker", word);
    if (timeout_ms > 0) {
        cadre_value_t *value = cadre_value_of_uint (timeout_ms);
        cadre_value_set (arguments, "timeout_ms", &value);
    }
    cadre_value_t *body = admin_request_ask (&options, what, &arguments, &exit_code);
    if (body) {
        const uint64_t count = cadre_value_uint (cadre_value_get (body, "workers"));
        say (format, count, count == 1 ? "" : "s");
    }
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_worker_drain (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_DRAIN, "WORKER",
        "Stop a worker after its running tasks have ended.\v"
        "WORKER is a number or a name from 'cadre worker list', or all. Tasks that "
        "wait at the worker run on other workers.\n\n"
        "Example:\n"
        "  cadre worker drain 3 --timeout 30s",
        1, 1};
    return s_worker_order (&page, "worker.drain", "%" PRIu64 " worker%s told to drain", argc, argv);
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
    return s_worker_order (&page, "worker.stop", "%" PRIu64 " worker%s told to stop", argc, argv);
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
