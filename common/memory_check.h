/*
 *  memory_check.h - checks for memory before large allocations
 *
 *  Small allocations are not checked; a process without memory for them aborts. For payloads of any
 *  size the memory, plus a margin, is checked here first, so the caller gets an error instead, and
 *  small allocations still succeed.
 *
 *  A payload in flight is copied: into frames, at the broker, at the worker, for the slot; all in
 *  one process when the pool is embedded. So memory_check_enter reserves memory for a payload and
 *  its copies, until memory_check_leave. Any thread; the figures are those of the process.
 */
#ifndef COMMON_MEMORY_CHECK_H_INCLUDED
#define COMMON_MEMORY_CHECK_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

#define MEMORY_CHECK_LEAST (1u << 20) //  smaller sizes are not checked

//  Is there memory for SIZE bytes and a margin? Always true below MEMORY_CHECK_LEAST.
bool memory_check_for (size_t size_bytes);

//  CADRE_ERROR_MEMORY: there was no memory for SIZE bytes of WHAT ("arguments").
cadre_error_t memory_check_lacks (size_t size_bytes, const char *what, fault_t *fault);

//  Maximum memory of payloads that arrive in parts: half of what this process may use.
size_t memory_check_most (void);

//  Reserves memory for a payload if there is room for COPIES of all payloads in flight, of which at
//  most PARALLEL are copied at a time. If true, memory_check_leave must follow.
bool memory_check_enter (size_t size_bytes, size_t copies, size_t parallel);
void memory_check_leave (size_t size_bytes);

#endif
