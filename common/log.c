//  log.c - log lines for the operator, on stderr

#include "common/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log_flood.h"

#define LINE_BYTES 1024

static const char *const s_names [] = {"none", "error", "warning", "info", "debug"};

static _Atomic int s_level = LOG_NONE;
static char s_program [32] = "cadre";
static bool s_timestamps;
static const clock_source_t *s_clock;
static log_flood_t s_flood; //  the rate limit
static pthread_mutex_t s_flood_lock = PTHREAD_MUTEX_INITIALIZER;

void log_open (const char *program, log_level_t usual)
{
    snprintf (s_program, sizeof s_program, "%s", program);
    log_level_t level = usual;
    const char *wanted = getenv ("CADRE_LOG");
    fault_t fault = {0};
    cadre_error_t error = wanted && *wanted ? log_parse_level (wanted, &level, &fault) : CADRE_OK;
    log_set_level (level);
    if (error)
        log_line (LOG_WARNING, "C001", "CADRE_LOG is ignored: %s", fault.text);
}

void log_set_level (log_level_t level)
{
    atomic_store_explicit (&s_level, (int) level, memory_order_relaxed);
}

void log_set_timestamps (bool timestamps)
{
    s_timestamps = timestamps;
}

cadre_error_t log_parse_level (const char *text, log_level_t *level, fault_t *fault)
{
    for (size_t i = 0; i < sizeof s_names / sizeof *s_names; i++)
        if (strcmp (text, s_names [i]) == 0) {
            *level = (log_level_t) i;
            return CADRE_OK;
        }
    return fault_set (fault, CADRE_ERROR_ARGUMENT,
                      "'%.40s' is not a log level: write none, error, warning, info or debug",
                      text);
}

bool log_wants (log_level_t level)
{
    return level != LOG_NONE
           && (int) level <= atomic_load_explicit (&s_level, memory_order_relaxed);
}

//  One write, so that lines of several threads and processes are not mixed. Write errors cannot be
//  reported and are ignored.
static void s_log_write (const char *line, size_t size)
{
    while (write (STDERR_FILENO, line, size) < 0 && errno == EINTR)
        continue;
}

//  Time (if wanted) and program.
static size_t s_begin (char *line, size_t size)
{
    char when [CLOCK_ISO_BYTES] = "";
    if (s_timestamps)
        clock_iso (clock_wall_us (), when, sizeof when);
    int length = snprintf (line, size, "%s%s%s: ", when, *when ? " " : "", s_program);
    return length < 0 ? 0 : (size_t) length;
}

static size_t s_prefix (char *line, size_t size, log_level_t level, const char *identifier)
{
    size_t used = s_begin (line, size);
    int length = snprintf (line + used, size - used, "%s %.16s: ", s_names [level], identifier);
    return length < 0 ? used : used + (size_t) length;
}

static void s_line_va (log_level_t level, const char *identifier, const char *format,
                       va_list arguments)
{
    char line [LINE_BYTES];
    size_t used = s_prefix (line, sizeof line, level, identifier);
    //  fault_set truncates and cleans a line
    fault_t text = {0};
    fault_set_va (&text, CADRE_OK, format, arguments);
    int length = snprintf (line + used, sizeof line - used, "%s\n", text.text);
    if (length > 0)
        s_log_write (line, used + (size_t) length);
}

__attribute__ ((format (printf, 3, 4))) static void s_line (log_level_t level,
                                                            const char *identifier,
                                                            const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    s_line_va (level, identifier, format, arguments);
    va_end (arguments);
}

//  ---- the rate limit -----------------------------------------------------

static void s_tell_left_out (const char *identifier, uint64_t left_out)
{
    if (left_out)
        s_line (LOG_WARNING, "B034",
                "%llu lines of %s were suppressed: there was more than one a second",
                (unsigned long long) left_out, identifier);
}

static bool s_admit (const char *identifier)
{
    uint64_t left_out;
    pthread_mutex_lock (&s_flood_lock);
    bool admitted = log_flood_admit (&s_flood, identifier, clock_now (s_clock), &left_out);
    pthread_mutex_unlock (&s_flood_lock);
    s_tell_left_out (identifier, left_out);
    return admitted;
}

void log_settle (void)
{
    const char *identifier; //  Static texts
    uint64_t left_out;
    int saved = errno;
    for (bool more = true; more;) {
        pthread_mutex_lock (&s_flood_lock);
        more = log_flood_next (&s_flood, clock_now (s_clock), &identifier, &left_out);
        pthread_mutex_unlock (&s_flood_lock);
        if (more)
            s_tell_left_out (identifier, left_out);
    }
    errno = saved;
}

uint64_t log_left_out (void)
{
    pthread_mutex_lock (&s_flood_lock);
    uint64_t total = s_flood.total;
    pthread_mutex_unlock (&s_flood_lock);
    return total;
}

void log_set_clock (const clock_source_t *clock)
{
    s_clock = clock;
}

void log_line (log_level_t level, const char *identifier, const char *format, ...)
{
    if (!log_wants (level))
        return;
    int saved = errno;
    va_list arguments;
    va_start (arguments, format);
    if (level == LOG_DEBUG || s_admit (identifier))
        s_line_va (level, identifier, format, arguments);
    va_end (arguments);
    errno = saved;
}

void log_say (const char *format, ...)
{
    char line [LINE_BYTES];
    fault_t text = {0};
    va_list arguments;
    va_start (arguments, format);
    fault_set_va (&text, CADRE_OK, format, arguments);
    va_end (arguments);
    size_t used = s_begin (line, sizeof line);
    int length = snprintf (line + used, sizeof line - used, "%s\n", text.text);
    if (length > 0)
        s_log_write (line, used + (size_t) length);
}
