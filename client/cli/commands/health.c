//  health.c - cadre broker health, cadre worker health: checks the status file of a daemon on this
//  host

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/base/subcommand.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/line.h"
#include "client/cli/output/say.h"
#include "common/clock.h"
#include "common/health.h"

#define WITHIN_MS 10000
#define EXIT_UNHEALTHY 1

enum { KEY_WITHIN = 0x6001 };

static error_t s_health_parse (int key, char *argument, struct argp_state *state)
{
    int64_t *within_ms = state->input;
    if (key != KEY_WITHIN)
        return ARGP_ERR_UNKNOWN;
    *within_ms = subcommand_duration (argument, state);
    return 0;
}

static int s_health_judge (const char *who, const char *file, int64_t within_ms)
{
    health_t health;
    fault_t fault = {0};
    if (health_read (file, &health, &fault) != CADRE_OK) {
        say ("%s; start a %s with CADRE_HEALTH=%s", fault.text, who, file);
        return EXIT_UNHEALTHY;
    }
    const int64_t age_ms = (clock_now (NULL) - health.at_us) / 1000;
    if (age_ms > within_ms || age_ms < 0) {
        say ("the %s last wrote its status %" PRId64
             " s ago: it hangs, is stopped or was killed; restart it",
             who, age_ms / 1000);
        return EXIT_UNHEALTHY;
    }
    if (health.state == HEALTH_STARTING || health.state == HEALTH_AWAY) {
        say ("the %s is %s: %s; check its broker", who, health_state_name (health.state),
             health.text);
        return EXIT_UNHEALTHY;
    }
    line_print ("%s: %s", health_state_name (health.state), health.text);
    return say_flush (0);
}

static int s_health (const char *who, const char *doc, int argc, char **argv)
{
    static const struct argp_option options [] = {
        {"within", KEY_WITHIN, "TIME", 0,
         "the daemon hangs if it has not updated FILE for TIME (default 10s)", 1},
        {0}};
    const struct argp argp = {
        .options = options, .parser = s_health_parse, .args_doc = "[FILE]", .doc = doc};
    int64_t within_ms = WITHIN_MS;
    int first = argc;
    subcommand_parse (&argp, false, argc, argv, &first, &within_ms);
    const char *file = first < argc ? argv [first] : getenv ("CADRE_HEALTH");
    if (argc - first > 1)
        return subcommand_usage (argv [0], "'%s' is one word too many", argv [first + 1]);
    if (!file || !*file)
        return subcommand_usage (argv [0], "FILE is missing, and CADRE_HEALTH is not set");
    return s_health_judge (who, file, within_ms);
}

#define READS_ONLY_FILE                                                                            \
    "Reads only FILE: it needs no connection and no key. For health checks of "                    \
    "containers.\n\n"                                                                              \
    "Exit codes: 0 healthy, 1 not healthy, 64 usage.\n\n"                                          \
    "Example:\n"

int health_of_broker (int argc, char **argv)
{
    return s_health (
        "broker",
        "Check the health of the broker that writes FILE (default: CADRE_HEALTH): it "
        "listens, and updates FILE every second.\v" READS_ONLY_FILE
        "  cadre-broker --health /tmp/broker.health &\n  cadre broker health /tmp/broker.health",
        argc, argv);
}

int health_of_worker (int argc, char **argv)
{
    return s_health (
        "worker",
        "Check the health of the worker that writes FILE (default: CADRE_HEALTH): it "
        "updates FILE every second, and is connected to a broker or drains.\v" READS_ONLY_FILE
        "  cadre-worker --health /tmp/worker.health &\n  cadre worker health /tmp/worker.health",
        argc, argv);
}
