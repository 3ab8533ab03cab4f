/*
 *  room.h - checks for memory before large allocations
 *
 *  Small allocations are not checked; a process without memory for them aborts. For payloads of any
 *  size the memory, plus a margin, is checked here first, so the caller gets an error instead, and
 *  small allocations still succeed.
 *
 *  A payload in flight is copied: into frames, at the broker, at the worker, for the slot; all in
 *  one process when the pool is embedded. So room_enter reserves memory for a payload and its
 *  copies, until room_leave. Any thread; the figures are those of the process.
 */
#ifndef COMMON_ROOM_H_INCLUDED
#define COMMON_ROOM_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

#define ROOM_LEAST (1u << 20) //  smaller sizes are not checked

//  Is there memory for SIZE bytes and a margin? Always true below ROOM_LEAST.
bool room_for (size_t size_bytes);

//  CADRE_ERROR_MEMORY: there was no memory for SIZE bytes of WHAT ("arguments").
cadre_error_t room_lacks (size_t size_bytes, const char *what, fault_t *fault);

//  Maximum memory of payloads that arrive in parts: half of what this process may use.
size_t room_most (void);

//  Reserves memory for a payload if there is room for COPIES of all payloads in flight, of which at
//  most PARALLEL are copied at a time. If true, room_leave must follow.
bool room_enter (size_t size_bytes, size_t copies, size_t parallel);
void room_leave (size_t size_bytes);

#endif
