//  runner.c - results of tasks

#include "worker/runner/runner.h"
#include "common/pack.h"

#include <stdarg.h>
#include <stdio.h>

void runner_end_clear (runner_end_t *self)
{
    self->outcome = CADRE_OUTCOME_OK;
    self->code = 0;
    buffer_clear (&self->value);
    buffer_clear (&self->detail);
}

void runner_end_free (runner_end_t *self)
{
    buffer_free (&self->value);
    buffer_free (&self->detail);
}

void runner_end_fail (runner_end_t *self, const char *kind, const char *message, const char *trace)
{
    self->outcome = CADRE_OUTCOME_ERROR;
    buffer_clear (&self->detail);
    pack_map (&self->detail, trace && *trace ? 3 : 2);
    pack_text (&self->detail, "kind");
    pack_text (&self->detail, kind);
    pack_text (&self->detail, "message");
    pack_text (&self->detail, message);
    if (!trace || !*trace)
        return;
    pack_text (&self->detail, "trace");
    pack_text (&self->detail, trace);
}

void runner_end_failf (runner_end_t *self, const char *kind, const char *format, ...)
{
    char message [RUNNER_MESSAGE_BYTES];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (message, sizeof message, format, arguments);
    va_end (arguments);
    runner_end_fail (self, kind, message, NULL);
}

bool runner_cancelled (const runner_host_t *host, const runner_task_t *task)
{
    if (ticket_is_cancelled (host->page, task->ticket))
        return true;
    return task->timeout_ms
           && clock_now (host->clock) - task->started_us >= (int64_t) task->timeout_ms * 1000;
}
