//  arrivals.c - limits the time that failing connections take

#include "broker/guard/arrivals.h"

#define LEVEL_MOST_US (ARRIVALS_BURST_US + ARRIVALS_QUANTUM_US)

static void s_leak (arrivals_t *self, int64_t now_us)
{
    int64_t leak_us = (now_us - self->leaked_us) / ARRIVALS_SHARE;
    if (leak_us <= 0)
        return;
    self->level_us = self->level_us > leak_us ? self->level_us - leak_us : 0;
    self->leaked_us = now_us;
}

bool arrivals_queued (arrivals_t *self, unsigned count, int64_t now_us)
{
    bool ends = self->paused && count > ARRIVALS_QUEUE;
    if (count > ARRIVALS_QUEUE)
        self->crowd_us = now_us + ARRIVALS_CROWD_US;
    self->paused = self->paused && !ends;
    return ends;
}

bool arrivals_fail (arrivals_t *self, uint64_t bytes, int64_t now_us)
{
    s_leak (self, now_us);
    self->failed++;
    self->level_us += ARRIVALS_CONNECT_US + (bytes >= ARRIVALS_SHAKE_BYTES ? ARRIVALS_SHAKE_US : 0);
    if (self->level_us > LEVEL_MOST_US)
        self->level_us = LEVEL_MOST_US; //  What came during a crowd is not made up for
    bool begins = !self->paused && self->level_us > ARRIVALS_BURST_US && now_us >= self->crowd_us;
    self->paused = self->paused || begins;
    return begins;
}

bool arrivals_go_on (arrivals_t *self, int64_t now_us)
{
    if (!self->paused)
        return false;
    s_leak (self, now_us);
    self->paused = self->level_us > ARRIVALS_BURST_US - ARRIVALS_QUANTUM_US;
    return !self->paused;
}
