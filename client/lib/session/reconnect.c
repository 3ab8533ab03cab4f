//  reconnect.c - how long the library tries to reconnect

#include "client/lib/session/reconnect.h"

#include <stdlib.h>
#include <string.h>

#include "common/units.h"

bool reconnect_is_given (int given_ms)
{
    const char *text = getenv (RECONNECT_VARIABLE);
    return given_ms || (text && *text);
}

cadre_error_t reconnect_read (int given_ms, int64_t *ms, fault_t *fault)
{
    const char *text = getenv (RECONNECT_VARIABLE);
    fault_t why = {0};
    *ms = given_ms ? given_ms : RECONNECT_MS;
    if (given_ms || !text || !*text)
        return CADRE_OK;
    if (strcmp (text, "forever") == 0) {
        *ms = -1;
        return CADRE_OK;
    }
    if (units_parse_duration (text, ms, &why) == CADRE_OK)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_ARGUMENT, RECONNECT_VARIABLE ": %s, or forever", why.text);
}
