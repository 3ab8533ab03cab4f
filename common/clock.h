/*
 *  clock.h - clocks
 *
 *  Timers use the boot-time clock (it continues while the machine sleeps and never jumps), through
 *  an object that tests replace by their own clock (tests/lib/fakes/fake_clock.h). Wall time is
 *  stored and shown, never compared. Any thread.
 */
#ifndef COMMON_CLOCK_H_INCLUDED
#define COMMON_CLOCK_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

typedef struct clock_source {
    int64_t (*now_us) (void *context); //  microseconds since some fixed moment, never decreasing
    void *context;                     //  passed to now_us; borrowed
} clock_source_t;

//  The boot-time clock of this machine.
extern const clock_source_t clock_boottime;

//  Microseconds on CLOCK, or on the boot-time clock if CLOCK is NULL.
int64_t clock_now (const clock_source_t *clock);

//  Microseconds since 1970 (UTC).
int64_t clock_wall_us (void);

#define CLOCK_ISO_BYTES 32

//  Prints wall time as "2024-02-29T12:34:56.789Z" into BUFFER (CLOCK_ISO_BYTES are enough) and
//  returns BUFFER.
const char *clock_iso (int64_t wall_us, char *buffer, size_t size);

#endif
