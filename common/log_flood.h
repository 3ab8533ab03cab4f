/*
 *  log_flood.h - rate limit for log lines
 *
 *  Actions of peers are logged, so peers could fill a disk. For each number (`B020`),
 *  LOG_FLOOD_BURST lines may be written at once, and then one a second. Suppressed lines are
 *  counted, and the count is logged when the next line is allowed. A plain value, initialized with
 *  zero; it uses no clock and no lock.
 */
#ifndef COMMON_LOG_FLOOD_H_INCLUDED
#define COMMON_LOG_FLOOD_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_FLOOD_BURST 200u     //  lines of one number that may be written at once
#define LOG_FLOOD_US 1000000     //  then one in this interval
#define LOG_FLOOD_NAMES_MAX 128u //  distinct numbers; further ones share the last entry
#define LOG_FLOOD_NAME_BYTES 17u

typedef struct log_flood_line {
    char name [LOG_FLOOD_NAME_BYTES]; //  the number
    uint32_t taken;                   //  lines of the burst used at time since_us
    int64_t since_us;                 //  time up to which taken was reduced
    uint64_t left_out;                //  lines suppressed since the last one was written
} log_flood_line_t;

typedef struct log_flood {
    log_flood_line_t lines [LOG_FLOOD_NAMES_MAX]; //  by number, in the order of their first use
    size_t count;                                 //  how many
    uint64_t total;                               //  lines suppressed, ever
} log_flood_t;

//  May a line of this number be written now? If so, *LEFT_OUT is the number of lines suppressed
//  before it.
bool log_flood_admit (log_flood_t *self, const char *name, int64_t now_us, uint64_t *left_out);

//  Finds a number with suppressed lines for which a line may be written now: true, and the count is
//  reset. False: none.
bool log_flood_next (log_flood_t *self, int64_t now_us, const char **name, uint64_t *left_out);

#endif
