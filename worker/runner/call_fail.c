//  call_fail.c - how a call fails

#include "worker/runner/call_fail.h"

#include <stdarg.h>
#include <string.h>

#include "common/utf8.h"
#include "worker/runner/call_private.h"
#include "worker/runner/call_text.h"

#define CALL_TRACE_SPARE 8 //  A truncated trace has at most so many bytes less than its limit

static void s_call_fail_with (cadre_task_t *self, const char *kind, const char *format,
                              va_list arguments)
{
    if (self->failed_by_type)
        return;
    self->failed = true;
    view_copy ((view_t){.data = (const uint8_t *) kind, .size = strlen (kind)}, self->kind,
               sizeof self->kind);
    buffer_clear (&self->message);
    call_text_format (&self->message, RUNNER_MESSAGE_BYTES, format, arguments);
    utf8_repair (self->kind, strlen (self->kind));
}

void call_fail_by_type (cadre_task_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    s_call_fail_with (self, "type", format, arguments);
    va_end (arguments);
    self->failed_by_type = true;
}

void call_fail_by_value (cadre_task_t *self, const char *what, const fault_t *fault)
{
    cadre_fail (self, "value", "%s returned an invalid %s: %s", self->function->name, what,
                fault->text);
    self->failed_by_type = true;
}

cadre_error_t cadre_fail (cadre_task_t *self, const char *kind, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    s_call_fail_with (self, kind && *kind ? kind : "error", format, arguments);
    va_end (arguments);
    return CADRE_ERROR_TASK;
}

void cadre_trace (cadre_task_t *self, const char *format, ...)
{
    if (self->trace.size + CALL_TRACE_SPARE >= RUNNER_TRACE_BYTES) //  Truncated, or nearly full
        return;
    if (self->trace.size)
        buffer_append (&self->trace, "\n", 1);
    va_list arguments;
    va_start (arguments, format);
    call_text_format (&self->trace, RUNNER_TRACE_BYTES, format, arguments);
    va_end (arguments);
}
