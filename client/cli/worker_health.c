//  worker_health.c - cadre worker health: what a worker on this host writes about itself, judged

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/command.h"
#include "client/cli/commands.h"
#include "client/cli/say.h"
#include "common/health.h"
#include "common/moment.h"

#define WITHIN_MS 10000
#define EXIT_ILL 1

enum { KEY_WITHIN = 0x6001 };

static error_t s_parse (int key, char *argument, struct argp_state *state)
{
    int64_t *within_ms = state->input;
    if (key != KEY_WITHIN)
        return ARGP_ERR_UNKNOWN;
    *within_ms = command_duration (argument, state);
    return 0;
}

static int s_judge (const char *file, int64_t within_ms)
{
    health_t health;
    fault_t fault = {0};
    if (health_read (file, &health, &fault) != CADRE_OK) {
        say ("%s; start a worker with CADRE_HEALTH=%s", fault.text, file);
        return EXIT_ILL;
    }
    const int64_t age_ms = (moment_now (NULL) - health.at_us) / 1000;
    if (age_ms > within_ms || age_ms < 0) {
        say ("the worker last moved %" PRId64 " s ago: it hangs, is stopped or was killed; restart it",
             age_ms / 1000);
        return EXIT_ILL;
    }
    if (health.state == HEALTH_STARTING || health.state == HEALTH_AWAY) {
        say ("the worker is %s: %s; see to its broker", health_state_name (health.state), health.text);
        return EXIT_ILL;
    }
    printf ("%s: %s\n", health_state_name (health.state), health.text);
    return say_flush (0);
}

int worker_health (int argc, char **argv)
{
    static const struct argp_option options [] = {
        {"within", KEY_WITHIN, "TIME", 0, "a worker that has not moved for longer is ill; 10s", 1}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = s_parse,
        .args_doc = "[FILE]",
        .doc =
            "Say whether the worker that writes FILE (CADRE_HEALTH) is well: it moves, and has a broker or drains.\v"
            "It asks neither worker nor broker, needs no key, and costs nothing: meant for health checks of containers.\n\n"
            "Exit codes: 0 well, 1 ill, 64 usage.\n\nExample:\n"
            "  cadre-worker --health /tmp/worker.health &\n  cadre worker health /tmp/worker.health"};
    int64_t within_ms = WITHIN_MS;
    int first = argc;
    command_parse (&argp, false, argc, argv, &first, &within_ms);
    const char *file = first < argc ? argv [first] : getenv ("CADRE_HEALTH");
    if (argc - first > 1)
        return command_usage (argv [0], "'%s' is one word too many", argv [first + 1]);
    if (!file || !*file)
        return command_usage (argv [0], "FILE is missing, and CADRE_HEALTH is not set");
    return s_judge (file, within_ms);
}
