//  task_options.c - see task_options.h

#include "client/cli/base/task_options.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/base/subcommand.h"

enum { KEY_TIMEOUT = 0x8001, KEY_RETRIES, KEY_BACKOFF, KEY_NO_RERUN, KEY_EXPIRE, KEY_NEEDS };

static const struct argp_option s_options [] = {
    {"timeout", KEY_TIMEOUT, "TIME", 0, "kill a task that runs longer: 90s, 5m (default: no limit)",
     2},
    {"retries", KEY_RETRIES, "N", 0,
     "retry a failed task up to N times, or by cause: exit=3,timeout=1. Causes: "
     "error, exit, signal, timeout, out-of-memory, worker-lost (default: "
     "worker-lost=2, others 0)",
     2},
    {"backoff", KEY_BACKOFF, "TIME", 0,
     "wait before a retry: 500ms, 10s; doubled each time (default 100ms)", 2},
    {"no-rerun", KEY_NO_RERUN, NULL, 0,
     "never run a task twice: if its worker is lost, it has failed", 2},
    {"expire", KEY_EXPIRE, "TIME", 0,
     "do not start a task that has waited for TIME: 90s, 2h (default: no limit)", 2},
    {"needs", KEY_NEEDS, "LABEL", 0, "run only on workers with this label; may be repeated", 2},
    {0}};

//  A number, or numbers by cause, which the library parses.
static void s_read_retries (task_options_t *self, const char *text, struct argp_state *state)
{
    self->retry_limits = strchr (text, '=') ? text : NULL;
    self->retries = self->retry_limits ? 0 : (unsigned) subcommand_count (text, 0, 10000, state);
}

static void s_task_options_check (const task_options_t *self, struct argp_state *state)
{
    if (self->no_rerun && self->retry_limits && strstr (self->retry_limits, "worker-lost"))
        argp_error (state, "--no-rerun means worker-lost=0: give one of them");
}

static error_t s_task_options_parse (int key, char *argument, struct argp_state *state)
{
    task_options_t *self = state->input;
    switch (key) {
    case KEY_BACKOFF: self->backoff_ms = subcommand_duration (argument, state); return 0;
    case KEY_EXPIRE: self->expire_ms = subcommand_duration (argument, state); return 0;
    case KEY_NEEDS: subcommand_add (&self->needs, argument); return 0;
    case KEY_NO_RERUN:
        self->no_rerun = true;
        s_task_options_check (self, state);
        return 0;
    case KEY_RETRIES:
        s_read_retries (self, argument, state);
        s_task_options_check (self, state);
        return 0;
    case KEY_TIMEOUT: self->timeout_ms = subcommand_duration (argument, state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp task_options_argp = {.options = s_options, .parser = s_task_options_parse};

cadre_job_options_t task_options_job (const task_options_t *self)
{
    return (cadre_job_options_t){.timeout_ms = self->timeout_ms,
                                 .retries = self->retries,
                                 .no_rerun = self->no_rerun,
                                 .retry_limits = self->retry_limits,
                                 .backoff_ms = self->backoff_ms,
                                 .expire_ms = self->expire_ms,
                                 .needs = self->needs};
}

void task_options_clear (task_options_t *self)
{
    free (self->needs);
}
