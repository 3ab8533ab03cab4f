//  pace.c - delays bulk traffic while many results arrive

#include "broker/core/pace.h"

bool pace_allows (pace_t *self, int64_t now_us, uint64_t ended)
{
    if (now_us < pace_next_us (self))
        return !self->pressing;
    uint64_t passed_us = (uint64_t) (now_us - self->since_us);
    self->pressing = (ended - self->ended) * 1000000 / passed_us >= PACE_PRESSING_RATE;
    self->since_us = now_us;
    self->ended = ended;
    return true;
}

int64_t pace_next_us (const pace_t *self)
{
    return self->since_us + self->every_us;
}
