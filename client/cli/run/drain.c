//  drain.c - waits until a broker or workers that were told to drain have left

#include "client/cli/run/drain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/cli/base/broker_choice.h"
#include "client/cli/output/say.h"

#define PAUSE_MS 200
#define ANSWER_MS 1000
#define CONNECT_MS 2000
#define CLOSE_MS 1000

static void s_pause (void)
{
    nanosleep (&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
}

//  0 if it does not answer.
static uint64_t s_epoch (cadre_t *pool)
{
    cadre_value_t *body = NULL;
    cadre_request (pool, "broker.info", NULL, &body, ANSWER_MS);
    uint64_t epoch = cadre_value_uint (cadre_value_get (body, "epoch"));
    cadre_value_destroy (&body);
    return epoch;
}

//  A broker that does not answer on this connection may only be busy: does one accept another?
static bool s_is_there (const subcommand_shared_t *shared, uint64_t epoch)
{
    broker_choice_t choice;
    fault_t fault = {0};
    cadre_options_t options = {.connect_timeout_ms = CONNECT_MS};
    cadre_t *pool = NULL;
    if (broker_choice_find (&choice, shared->broker, shared->access, false, &fault) == CADRE_OK)
        pool = broker_choice_open (&choice, &options, &fault);
    uint64_t found = pool ? s_epoch (pool) : 0;
    bool there = pool && (found == epoch || found == 0);
    cadre_close (&pool, CLOSE_MS);
    return there;
}

int drain_await_broker (cadre_t *pool, const subcommand_shared_t *shared, uint64_t epoch)
{
    for (uint64_t found = epoch; found == epoch || (found == 0 && s_is_there (shared, epoch));) {
        s_pause ();
        found = s_epoch (pool);
    }
    say ("the broker has ended");
    return 0;
}

//  ---- workers --------------------------------------------------------------------------------

static bool s_is_meant (const cadre_value_t *worker, const char *word)
{
    char number [24];
    snprintf (number, sizeof number, "%" PRIu64,
              cadre_value_uint (cadre_value_get (worker, "worker")));
    const char *name = cadre_value_text (cadre_value_get (worker, "name")),
               *state = cadre_value_text (cadre_value_get (worker, "state"));
    return state && strcmp (state, "draining") == 0
           && (strcmp (word, "all") == 0 || strcmp (word, number) == 0
               || (name && strcmp (word, name) == 0));
}

int drain_await_workers (cadre_t *pool, const char *word)
{
    for (size_t left = 1; left > 0;) {
        int exit_code = 0;
        s_pause ();
        cadre_value_t *workers = subcommand_request (pool, "worker.list", NULL, &exit_code);
        if (!workers)
            return exit_code;
        left = 0;
        for (size_t i = 0; i < cadre_value_count (workers); i++)
            left += s_is_meant (cadre_value_at (workers, i), word);
        cadre_value_destroy (&workers);
    }
    return 0;
}
