//  cmd_broker.c - cadre broker: queries and orders for a broker

#include <stdio.h>

#include "client/cli/base/program.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/say.h"
#include "client/cli/run/admin_request.h"
#include "client/cli/run/drain.h"

#define CLOSE_TIMEOUT_MS 1000

static const table_column_t s_columns [] = {
    {"name", "name", TABLE_TEXT},
    {"version", "version", TABLE_TEXT},
    {"state", "state", TABLE_TEXT},
    {"pid", "pid", TABLE_TEXT},
    {"epoch", "epoch", TABLE_TEXT},
    {"uptime_us", "up for", TABLE_US},
    {"addresses", "addresses", TABLE_TEXT},
    {"workers", "workers", TABLE_COUNT},
    {"slots", "slots", TABLE_COUNT},
    {"clients", "clients", TABLE_COUNT},
    {"clients_limit", "client limit", TABLE_COUNT},
    {"lanes", "lanes", TABLE_COUNT},
    {"lanes_limit", "lane limit", TABLE_COUNT},
    {"jobs", "jobs", TABLE_COUNT},
    {"tasks_waiting", "tasks waiting", TABLE_COUNT},
    {"tasks_running", "tasks running", TABLE_COUNT},
    {"tasks_done", "tasks done", TABLE_COUNT},
    {"tasks_failed", "tasks failed", TABLE_COUNT},
    {"results_per_second", "results per second", TABLE_COUNT},
    {"memory_bytes", "memory", TABLE_SIZE},
    {"memory_limit_bytes", "memory limit", TABLE_SIZE},
    {"job_bytes", "  jobs", TABLE_SIZE},
    {"open_job_bytes", "  of it without tasks", TABLE_SIZE},
    {"kept_bytes", "  kept results", TABLE_SIZE},
    {"client_bytes", "  clients", TABLE_SIZE},
    {"reply_bytes", "  of it replies", TABLE_SIZE},
    {"parked_bytes", "  of it waiting requests", TABLE_SIZE},
    {"worker_bytes", "  workers", TABLE_SIZE},
    {"value_bytes", "  large values in transfer", TABLE_SIZE},
    {"unread_bytes", "  frames not read yet", TABLE_SIZE},
    {"forgotten_bytes", "  forgotten jobs", TABLE_SIZE},
    {"journal_bytes", "  waiting for the store", TABLE_SIZE},
    {"refused_for_room", "refused for lack of room", TABLE_COUNT},
    {"cut_outputs", "tasks whose output was cut", TABLE_COUNT},
    {"stuck_clients", "stuck clients", TABLE_COUNT},
    {"log_lines_left_out", "log lines suppressed", TABLE_COUNT},
    {"refused_frames", "refused frames", TABLE_COUNT},
    {"stale_results", "stale results", TABLE_COUNT},
    {"lost_workers", "lost workers", TABLE_COUNT},
    {"store", "store", TABLE_TEXT},
    {"store_bytes", "store size", TABLE_SIZE},
    {"store_live_bytes", "  of it live data", TABLE_SIZE},
    {"store_commits", "store commits", TABLE_COUNT},
    {"store_written_bytes", "store written", TABLE_SIZE},
    {"security", "security", TABLE_TEXT},
    {"keys", "keys", TABLE_COUNT},
    {"refused_peers", "refused peers", TABLE_COUNT},
    {"refused_hellos", "refused hellos", TABLE_COUNT},
    {"cut_peers", "disconnected peers", TABLE_COUNT},
    {"held_keys", "keys delayed now", TABLE_COUNT},
    {"key_holds", "delays of keys", TABLE_COUNT},
    {"failed_connections", "connections without a message", TABLE_COUNT},
    {"turned_away", "refused connections", TABLE_COUNT},
    {0},
};

static int s_broker_start (int argc, char **argv)
{
    (void) argc;
    return program_become ("cadre-broker", argv);
}

static int s_broker_info (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_LIST, NULL,
        "Show the state of the broker: workers, tasks, memory, store, security.\v"
        "Example:\n"
        "  cadre broker info --broker tcp://hub:5700",
        0, 0};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *body = admin_request_ask (&options, "broker.info", NULL, &exit_code);
    if (body)
        table_print_one (options.shared.format, body, s_columns);
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_broker_order (const admin_request_page_t *page, const char *what, const char *done,
                           int argc, char **argv)
{
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, page, argc, argv);
    if (exit_code)
        return exit_code;
    cadre_value_t *body = admin_request_ask (&options, what, NULL, &exit_code);
    if (body)
        say ("%s", done);
    cadre_value_destroy (&body);
    return exit_code;
}

static int s_broker_drain_on (cadre_t *pool, const admin_request_options_t *options)
{
    int exit_code = 0;
    cadre_value_t *body = subcommand_request (pool, "broker.info", NULL, &exit_code);
    if (!body)
        return exit_code;
    const uint64_t epoch = cadre_value_uint (cadre_value_get (body, "epoch"));
    cadre_value_destroy (&body);
    cadre_value_t *arguments = cadre_value_map ();
    admin_request_set_timeout (options, arguments);
    body = subcommand_request (pool, "broker.drain", &arguments, &exit_code);
    if (!body)
        return exit_code;
    cadre_value_destroy (&body);
    if (!options->no_wait)
        return drain_await_broker (pool, &options->shared, epoch);
    say ("the broker drains");
    return 0;
}

static int s_broker_drain (int argc, char **argv)
{
    static const admin_request_page_t page = {
        ADMIN_REQUEST_DRAIN_BROKER, NULL,
        "Stop the broker when its jobs have ended, and wait for that.\v"
        "It takes no new jobs. It waits for jobs whose clients wait, and for jobs that only its "
        "memory holds; when --timeout is over, it ends nevertheless: detached jobs in memory "
        "are lost then. Jobs in its store continue when it is started again, and what runs "
        "of them goes on meanwhile. Programs and commands that bring a job, or wait for one, "
        "wait for the next broker at this address, as CADRE_RECONNECT says.\n\n"
        "Examples:\n"
        "  cadre broker drain\n"
        "  cadre broker drain --timeout 10m",
        0, 0};
    admin_request_options_t options;
    int exit_code = admin_request_read (&options, &page, argc, argv);
    cadre_t *pool = exit_code ? NULL : subcommand_connect (&options.shared, &exit_code);
    if (pool)
        exit_code = s_broker_drain_on (pool, &options);
    cadre_close (&pool, CLOSE_TIMEOUT_MS);
    return exit_code;
}

static int s_broker_stop (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, NULL,
        "Stop the broker at once. Jobs in its memory are lost; jobs in its store "
        "continue when it is started again.\v"
        "Example:\n"
        "  cadre broker stop",
        0, 0};
    return s_broker_order (&page, "broker.stop", "the broker stops", argc, argv);
}

static int s_broker_reload (int argc, char **argv)
{
    static const admin_request_page_t page = {
        0, NULL,
        "Make the broker read its keys again: new keys are accepted, and peers with "
        "a revoked key are disconnected at once.\v"
        "Example:\n"
        "  cadre keygen node7 --revoke && cadre broker reload",
        0, 0};
    return s_broker_order (&page, "broker.reload", "the broker has reloaded its keys", argc, argv);
}

int cmd_broker (int argc, char **argv)
{
    static const subcommand_t commands [] = {
        {"start", "run cadre-broker on this host, with its options", s_broker_start},
        {"info", "show the state of the broker", s_broker_info},
        {"drain", "take no new jobs, and stop when the jobs have ended", s_broker_drain},
        {"stop", "stop the broker at once", s_broker_stop},
        {"reload", "make the broker read its keys again", s_broker_reload},
        {"health", "check the health of a broker on this host (for containers)", health_of_broker},
        {0},
    };
    return subcommand_dispatch (commands, "cadre broker",
                                "  cadre broker start --listen tcp://127.0.0.1:5700\n", argc, argv);
}
