/*  reconnect.h - how long a broker that is away is waited for
 *
 *  What the program says (cadre_options_t.reconnect_ms), else the variable CADRE_RECONNECT, else a
 *  minute. Any thread.
 */

#ifndef CLIENT_LIB_SESSION_RECONNECT_H_INCLUDED
#define CLIENT_LIB_SESSION_RECONNECT_H_INCLUDED

#include <stdint.h>

#include "common/fault.h"

#define RECONNECT_VARIABLE "CADRE_RECONNECT"
#define RECONNECT_MS 60000

//  given_ms: 0 when the program says nothing, negative for ever. *ms is negative for ever. The
//  variable holds a duration ("10s", "5m") or "forever"; CADRE_ERROR_ARGUMENT when it holds
//  anything else.
cadre_error_t reconnect_read (int given_ms, int64_t *ms, fault_t *fault);

#endif
