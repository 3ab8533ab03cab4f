//  halt.c - see halt.h

#include "client/cli/run/halt.h"

#include <stdio.h>
#include <string.h>

#include "common/units.h"

#define PERCENT_AT_LEAST 3u //  minimum of tasks for a percentage

static cadre_error_t s_halt_refuse (const char *text, fault_t *fault)
{
    return fault_set (
        fault, CADRE_ERROR_ARGUMENT,
        "'%s' is not a halt condition; write never, or soon or now with fail=N, success=N or done=N, "
        "such as now,fail=1 or soon,fail=10%%",
        text);
}

//  Parses "fail=", "success=" or "done=" at *TEXT, and advances *TEXT.
static bool s_read_what (halt_t *self, const char **text)
{
    static const char *const words [] = {
        [HALT_FAIL] = "fail=", [HALT_SUCCESS] = "success=", [HALT_DONE] = "done="};
    for (int i = HALT_FAIL; i <= HALT_DONE; i++) {
        size_t size = strlen (words [i]);
        if (strncmp (*text, words [i], size) == 0) {
            self->what = (halt_what_t) i;
            *text += size;
            return true;
        }
    }
    return false;
}

cadre_error_t halt_parse (halt_t *self, const char *text, fault_t *fault)
{
    *self = (halt_t){0};
    if (strcmp (text, "never") == 0)
        return CADRE_OK;
    halt_t read = {.when = HALT_SOON};
    const char *at = text;
    if (strncmp (at, "soon,", 5) == 0)
        at += 5;
    else if (strncmp (at, "now,", 4) == 0) {
        read.when = HALT_NOW;
        at += 4;
    } else
        return s_halt_refuse (text, fault);
    if (!s_read_what (&read, &at))
        return s_halt_refuse (text, fault);
    char number [24];
    size_t size = strlen (at);
    read.percent = size > 0 && at [size - 1] == '%';
    snprintf (number, sizeof number, "%.*s", (int) (read.percent ? size - 1 : size), at);
    if (size >= sizeof number
        || units_parse_count (number, 1, read.percent ? 100 : UINT32_MAX, &read.limit, NULL)
               != CADRE_OK)
        return s_halt_refuse (text, fault);
    *self = read;
    return CADRE_OK;
}

bool halt_reached (const halt_t *self, uint64_t succeeded, uint64_t failed, uint64_t total)
{
    if (self->when == HALT_NEVER)
        return false;
    uint64_t count = self->what == HALT_FAIL      ? failed
                     : self->what == HALT_SUCCESS ? succeeded
                                                  : succeeded + failed;
    if (!self->percent)
        return count >= self->limit;
    return count >= PERCENT_AT_LEAST && count * 100 >= total * self->limit;
}
