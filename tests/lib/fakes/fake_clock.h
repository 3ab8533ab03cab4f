/*  fake_clock.h - fake: time that passes when the test says so
 *
 *      fake_clock_t fake = {0};
 *      clock_source_t clock = fake_clock_of (&fake);
 *      fake_clock_pass_ms (&fake, 1000);
 */

#ifndef TESTS_LIB_FAKES_FAKE_CLOCK_H_INCLUDED
#define TESTS_LIB_FAKES_FAKE_CLOCK_H_INCLUDED

#include "common/clock.h"

typedef struct fake_clock {
    int64_t now_us; // set it as you like
} fake_clock_t;

static inline int64_t fake_clock_now (void *context)
{
    return ((fake_clock_t *) context)->now_us;
}

static inline clock_source_t fake_clock_of (fake_clock_t *self)
{
    return (clock_source_t){.now_us = fake_clock_now, .context = self};
}

static inline void fake_clock_pass_ms (fake_clock_t *self, int64_t ms)
{
    self->now_us += ms * 1000;
}

#endif
