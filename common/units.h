/*
 *  units.h - parses and prints durations, sizes and counts
 *
 *  Parsing is strict: no trailing characters, no sign, no overflow. An error is
 *  CADRE_ERROR_ARGUMENT, and its fault quotes the text and shows what is accepted. Nothing depends
 *  on the locale. Printing returns its buffer; UNITS_TEXT_BYTES are always enough. Any thread.
 */
#ifndef COMMON_UNITS_H_INCLUDED
#define COMMON_UNITS_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

#define UNITS_TEXT_BYTES 32

//  "250ms", "90s", "5m", "1.5h", "2d", "1m30s"; a plain number is seconds. The result is in
//  milliseconds, rounded to the nearest.
cadre_error_t units_parse_duration (const char *text, int64_t *ms, fault_t *fault);

//  "512K", "64M", "1.5G", "2T" (also "64MiB", "64MB", all 1024-based); a plain number is bytes.
cadre_error_t units_parse_size (const char *text, uint64_t *bytes, fault_t *fault);

//  An integer from LOW to HIGH.
cadre_error_t units_parse_count (const char *text, uint64_t low, uint64_t high, uint64_t *count,
                                 fault_t *fault);

//  "250ms", "1.5s", "1m30s", "2h", "1d3h": at most two units, truncated. Negative ones begin with
//  "-".
const char *units_print_duration (int64_t ms, char *buffer, size_t size);

//  "512 B", "64.0 MiB", "1.5 GiB".
const char *units_print_size (uint64_t bytes, char *buffer, size_t size);

//  "1,000,000".
const char *units_print_count (uint64_t count, char *buffer, size_t size);

#endif
