/*
 *  timers.h - alarms for one event loop
 *
 *  A binary heap of alarms. An alarm is embedded in its owner's object, so setting, moving and
 *  cancelling one costs O(log n), and only growth of the heap allocates. Initialize an alarm with
 *  zero, set ring and owner once, and cancel it before its owner is freed. While it rings, an alarm
 *  may set or cancel itself and any other one, and free its owner. One thread.
 *
 *      self->beat = (alarm_t){.ring = s_beat, .owner = self};
 *      timers_set (timers, &self->beat, now_us + 1000000);
 *      ... zmq_poll (items, n, timers_next_ms (timers, clock_now (clock), 1000)) ...
 *      timers_run (timers, clock_now (clock));
 */
#ifndef COMMON_TIMERS_H_INCLUDED
#define COMMON_TIMERS_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cadre_error.h"

typedef struct timers timers_t;

typedef struct alarm {
    int64_t due_us;                             //  when it rings, on the clock of the loop
    size_t heap_index;                          //  1 + its index in the heap; 0 while it is not set
    void (*ring) (void *owner, int64_t now_us); //  called once each time it is due
    void *owner;                                //  borrowed
} alarm_t;

//  NULL without memory.
timers_t *timers_new (void);

//  Alarms that are still set are unset; their owners keep them.
void timers_destroy (timers_t **self_p);

//  Sets ALARM, or moves it. CADRE_ERROR_MEMORY only if the heap had to grow; moving never fails.
cadre_error_t timers_set (timers_t *self, alarm_t *alarm, int64_t due_us);

//  Unsets ALARM. No effect if it was not set.
void timers_cancel (timers_t *self, alarm_t *alarm);

//  Is it set?
bool timers_is_set (const alarm_t *alarm);

//  Number of alarms that are set.
size_t timers_count (const timers_t *self);

//  Milliseconds until the next alarm, rounded up, for poll: 0 if one is due, MAX_MS if none is set
//  or the next one is later. A negative MAX_MS is no limit
//  (-1 is returned if nothing is set).
int timers_next_ms (const timers_t *self, int64_t now_us, int max_ms);

//  Calls all alarms that are due at NOW_US, earliest first, and returns their number. An alarm that
//  is set meanwhile to a time in the past is called in the next run, so this always ends. Must not
//  be called from an alarm.
size_t timers_run (timers_t *self, int64_t now_us);

#endif
