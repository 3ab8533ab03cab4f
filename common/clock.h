/*
 *  moment.h - clocks
 *
 *  Timers use the boot-time clock (it continues while the machine sleeps and never jumps), through
 *  an object that tests replace by their own clock (tests/lib/fakes/fake_clock.h). Wall time is
 *  stored and shown, never compared. Any thread.
 */
#ifndef COMMON_MOMENT_H_INCLUDED
#define COMMON_MOMENT_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

typedef struct moment_clock {
    int64_t (*now_us) (void *context); //  microseconds since some fixed moment, never decreasing
    void *context;                     //  passed to now_us; borrowed
} moment_clock_t;

//  The boot-time clock of this machine.
extern const moment_clock_t moment_boottime;

//  Microseconds on CLOCK, or on the boot-time clock if CLOCK is NULL.
int64_t moment_now (const moment_clock_t *clock);

//  Microseconds since 1970 (UTC).
int64_t moment_wall_us (void);

#define MOMENT_ISO_BYTES 32

//  Prints wall time as "2024-02-29T12:34:56.789Z" into BUFFER (MOMENT_ISO_BYTES are enough) and
//  returns BUFFER.
const char *moment_iso (int64_t wall_us, char *buffer, size_t size);

#endif
