/*
 *  room: is there memory for something large?
 *
 *  Small memory is taken where it is needed, and a process that has none left ends by an assertion.
 *  What is as large as payloads can be is asked for here first, with a margin behind it, so that
 *  whoever hands it over gets an error instead, and what is small still finds its place.
 *
 *  A payload on its way is copied: into frames, at the broker, at the worker, for the slot; all of
 *  them in one process when the pool is embedded. So whoever lets one in says how many copies may
 *  be made (room_enter), and that it has gone (room_leave). Any thread; figures are those of the
 *  process.
 */
#ifndef COMMON_ROOM_H_INCLUDED
#define COMMON_ROOM_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

#define ROOM_LEAST (1u << 20) // what is smaller is not asked for

//  Could SIZE bytes be had now, and a margin? True at once for what is smaller than ROOM_LEAST.
bool room_for (size_t size_bytes);

//  CADRE_ERROR_MEMORY: there was none for SIZE bytes of WHAT ("arguments").
cadre_error_t room_lacks (size_t size_bytes, const char *what, fault_t *fault);

//  The most that payloads may hold while they come in parts: half of the memory that this process
//  may use.
size_t room_most (void);

//  Lets a payload in if there is room for COPIES of all that are on their way, of which PARALLEL at
//  most are copied at a time. With true, room_leave is due for it.
bool room_enter (size_t size_bytes, size_t copies, size_t parallel);
void room_leave (size_t size_bytes);

#endif
