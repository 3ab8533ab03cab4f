//  clock.c - clocks

#include "common/clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static int64_t s_read_us (clockid_t clock)
{
    struct timespec now;
    int rc = clock_gettime (clock, &now);
    assert (rc == 0);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t s_boottime_us (void *context)
{
    (void) context;
    return s_read_us (CLOCK_BOOTTIME);
}

const clock_source_t clock_boottime = {.now_us = s_boottime_us, .context = NULL};

int64_t clock_now (const clock_source_t *clock)
{
    if (!clock)
        clock = &clock_boottime;
    return clock->now_us (clock->context);
}

int64_t clock_wall_us (void)
{
    return s_read_us (CLOCK_REALTIME);
}

const char *clock_iso (int64_t wall_us, char *buffer, size_t size)
{
    int64_t seconds = wall_us / 1000000;
    int64_t rest_us = wall_us % 1000000;
    if (rest_us < 0) {
        rest_us += 1000000;
        seconds--;
    }
    time_t when = (time_t) seconds;
    struct tm parts;
    char day [24] = "?";
    if (gmtime_r (&when, &parts))
        strftime (day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf (buffer, size, "%s.%03dZ", day, (int) (rest_us / 1000));
    return buffer;
}
