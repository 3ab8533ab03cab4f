//  sink_window.c - checks that a worker stays within its window on the sink

#include "broker/peers/sink_window.h"

#include <string.h>

#include "broker/core/context.h"
#include "common/wire.h"

#define MARK_BYTES (1u << 20) //  Distance of marks
#define MOST_BYTES                                                                                 \
    (CONTEXT_SINK_BYTES + MARK_BYTES                                                               \
     + WIRE_FRAME_MAX) //  Limit of unacknowledged bytes, as measured by marks

static uint64_t s_last (const sink_window_t *self)
{
    return self->count ? self->marks [self->count - 1].bytes : self->acknowledged;
}

bool sink_window_came (sink_window_t *self, uint64_t sequence, size_t size_bytes)
{
    self->received += size_bytes;
    if (self->received - self->acknowledged > MOST_BYTES + size_bytes)
        return false;
    if (self->received - s_last (self) >= MARK_BYTES && self->count < SINK_WINDOW_MARKS)
        self->marks [self->count++] = (sink_mark_t){.sequence = sequence, .bytes = self->received};
    return true;
}

void sink_window_acknowledge (sink_window_t *self, uint64_t sequence)
{
    size_t known = 0;
    while (known < self->count && self->marks [known].sequence <= sequence)
        self->acknowledged = self->marks [known++].bytes;
    self->count -= known;
    memmove (self->marks, self->marks + known, self->count * sizeof *self->marks);
}
