/*
 *  log.h - log lines for the operator, on stderr
 *
 *  One message is one line and one write (2), so lines of several threads never mix. Every message
 *  has a number that never changes its meaning (`B012`), for searches and scripts. The level is
 *  common to the process and starts as LOG_NONE: the library logs nothing in a program that embeds
 *  it. Only the main function of a daemon or command opens the log. Any thread may log; log_open
 *  and log_set_* must be called by main before threads start.
 *
 *  Peers cannot fill a disk: 200 lines of one number may be written at once, and then one a second
 *  (common/log_flood.h). Suppressed lines are counted, and B034 logs the count. At LOG_DEBUG
 *  nothing is suppressed.
 *
 *      log_open ("cadre-broker", LOG_WARNING);
 *      log_line (LOG_WARNING, "B012", "worker %s is lost: silent for %s", name, "10s");
 *      → cadre-broker: warning B012: worker alpha is lost: silent for 10s
 */
#ifndef COMMON_LOG_H_INCLUDED
#define COMMON_LOG_H_INCLUDED

#include <stdbool.h>

#include "common/clock.h"
#include "common/fault.h"

typedef enum log_level {
    LOG_NONE = 0, //  nothing is written
    LOG_ERROR,    //  the process, or a whole job, cannot continue
    LOG_WARNING,  //  something is wrong that the operator should know
    LOG_INFO,     //  of interest to an operator: peers come and go
    LOG_DEBUG     //  every change of state
} log_level_t;

//  Sets the program's name and the level: CADRE_LOG (none, error, warning, info, debug) if it is
//  set and valid, else USUAL. PROGRAM is copied (31 bytes).
void log_open (const char *program, log_level_t usual);

//  Sets the level.
void log_set_level (log_level_t level);

//  Puts the wall time (ISO 8601, UTC) before each line, also those of log_say; used by daemons, not
//  by commands.
void log_set_timestamps (bool timestamps);

//  The clock of the rate limit; NULL: the boot-time clock. Borrowed.
void log_set_clock (const clock_source_t *clock);

//  Logs the counts of suppressed lines that are due; call it when nothing is logged for a while.
void log_settle (void);

//  Number of lines suppressed since the program began.
uint64_t log_left_out (void);

//  "warning" → LOG_WARNING. CADRE_ERROR_ARGUMENT with a fault that lists the names if TEXT is
//  invalid.
cadre_error_t log_parse_level (const char *text, log_level_t *level, fault_t *fault);

//  Is this level logged? One relaxed load: ask before work that only serves a message.
bool log_wants (log_level_t level);

//  Writes one line without level and number, at any level: why a program ends, or that it is ready.
//  It is cleaned and truncated as by log_line.
void log_say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  Writes one line. Control characters are removed (printable.h); it is truncated to 511 bytes.
//  errno is not changed.
void log_line (log_level_t level, const char *identifier, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
