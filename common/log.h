/*
 *  log: lines for the operator, on stderr.
 *
 *  One message is one line and one write (2), so lines of several threads never mix. Every message
 *  carries an identifier that never changes (`B012`), so that it can be looked up and matched by
 *  scripts. The level is one for the whole process and starts as LOG_NONE: a program that embeds
 *  the library hears nothing. Only the main of a daemon or command opens the log. Any thread may
 *  log; log_open and log_set_* belong to main, before threads start.
 *
 *  What peers do cannot fill a disk: of one identifier 200 lines may come at once, and then one a
 *  second (common/flood.h). Those left out are counted, and B034 tells how many. Whoever asks for
 *  LOG_DEBUG gets every line of that level.
 *
 *      log_open ("cadre-broker", LOG_WARNING);
 *      log_line (LOG_WARNING, "B012", "worker %s is lost: silent for %s", name, "10s");
 *      → cadre-broker: warning B012: worker alpha is lost: silent for 10s
 */
#ifndef COMMON_LOG_H_INCLUDED
#define COMMON_LOG_H_INCLUDED

#include <stdbool.h>

#include "common/fault.h"
#include "common/moment.h"

typedef enum log_level {
    LOG_NONE = 0, // nothing is written
    LOG_ERROR,    // the process, or a whole job, cannot go on
    LOG_WARNING,  // something is wrong that the operator should know
    LOG_INFO,     // what an operator may like to know: peers come and go
    LOG_DEBUG     // every change of state
} log_level_t;

//  Name the program and set the level: CADRE_LOG (none, error, warning, info, debug) if it is set
//  and valid, else USUAL. PROGRAM is copied (31 bytes).
void log_open (const char *program, log_level_t usual);

//  Change the level by hand.
void log_set_level (log_level_t level);

//  Put the wall time (ISO 8601, UTC) before each line; daemons want it, commands do not.
void log_set_timestamps (bool timestamps);

//  The clock that says how many lines are too many; NULL: the boot-time clock. Borrowed.
void log_set_clock (const moment_clock_t *clock);

//  Tell what was left out and may be told now; for those who log nothing for a while.
void log_settle (void);

//  Lines left out since the program began.
uint64_t log_left_out (void);

//  "warning" → LOG_WARNING. CADRE_ERROR_ARGUMENT with a fault that lists the names if TEXT is none
//  of them.
cadre_error_t log_parse_level (const char *text, log_level_t *level, fault_t *fault);

//  Is anybody listening at this level? One relaxed load: ask before work that only serves a
//  message.
bool log_wants (log_level_t level);

//  Write one line without level and identifier, at any level: why a program ends, or that it is
//  ready. It is cleaned and cut as by log_line.
void log_say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

//  Write one line. What would do something to a terminal is taken out (printable.h); beyond 511
//  bytes it is cut. errno is left as it was.
void log_line (log_level_t level, const char *identifier, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
