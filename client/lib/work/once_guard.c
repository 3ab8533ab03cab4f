//  once_guard.c - finds tasks that may have been started by a lost broker

#include "client/lib/work/once_guard.h"

#include <string.h>

typedef struct frame {
    uint64_t number; //  Frame number in the session
    uint32_t first;  //  Its first task
} frame_t;

bool once_guard_runs_once (const wire_job_open_t *open)
{
    uint64_t lost = open->retries_lost;
    cursor_t cursor = cursor_find (open->causes, cadre_outcome_text (CADRE_OUTCOME_WORKER_LOST));
    cursor_uint (&cursor, &lost);
    return lost == 0;
}

static size_t s_once_guard_count (const once_guard_t *self)
{
    return self->frames.size / sizeof (frame_t);
}

static void s_forget_sent (once_guard_t *self, uint64_t sent)
{
    frame_t *frames = (frame_t *) (void *) self->frames.data;
    size_t count = s_once_guard_count (self), left = 0;
    while (left < count && frames [left].number <= sent)
        left++;
    self->frames.size = (count - left) * sizeof *frames;
    if (left)
        memmove (frames, frames + left, self->frames.size);
}

void once_guard_put (once_guard_t *self, uint32_t first, uint32_t count, uint64_t number,
                     uint64_t sent)
{
    frame_t frame = {.number = number, .first = first};
    if (self->frames.size + sizeof frame > self->frames.capacity)
        s_forget_sent (self, sent);
    buffer_append (&self->frames, &frame, sizeof frame);
    self->put = first + count;
}

uint32_t once_guard_gone (once_guard_t *self, uint64_t sent)
{
    s_forget_sent (self, sent);
    const frame_t *frames = (const frame_t *) (const void *) self->frames.data;
    uint32_t end = s_once_guard_count (self) ? frames [0].first : self->put;
    if (end > self->end)
        self->end = end;
    self->put = 0;
    buffer_clear (&self->frames);
    return self->end;
}

void once_guard_free (once_guard_t *self)
{
    buffer_free (&self->frames);
}
