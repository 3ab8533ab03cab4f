/*  reconnect.h - how long the library tries to reconnect
 *
 *  The program's option (cadre_options_t.reconnect_ms), else the variable CADRE_RECONNECT, else a
 *  minute. Any thread.
 */

#ifndef CLIENT_LIB_SESSION_RECONNECT_H_INCLUDED
#define CLIENT_LIB_SESSION_RECONNECT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

#define RECONNECT_VARIABLE "CADRE_RECONNECT"
#define RECONNECT_MS 60000

//  given_ms: 0 when the program gives none, negative for no limit. *ms is negative for no limit.
//  The variable holds a duration ("10s", "5m") or "forever"; CADRE_ERROR_ARGUMENT when it is
//  invalid.
bool reconnect_is_given (int given_ms); //  By the program or the variable
cadre_error_t reconnect_read (int given_ms, int64_t *ms, fault_t *fault);

#endif
