//  timers.c - alarms for one event loop

#include "common/timers.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

struct timers {
    alarm_t **heap;  //  heap [0] is due first; each knows its index
    size_t count;    //  how many are set
    size_t capacity; //  how many fit
    int64_t run_us;  //  the time of the current run
    bool running;    //  inside timers_run
};

timers_t *timers_new (void)
{
    return calloc (1, sizeof (timers_t));
}

void timers_destroy (timers_t **self_p)
{
    assert (self_p);
    timers_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        self->heap [i]->heap_index = 0;
    free (self->heap);
    free (self);
    *self_p = NULL;
}

static void s_timers_put (timers_t *self, size_t index, alarm_t *alarm)
{
    self->heap [index] = alarm;
    alarm->heap_index = index + 1;
}

static void s_rise (timers_t *self, size_t index)
{
    alarm_t *alarm = self->heap [index];
    while (index > 0 && alarm->due_us < self->heap [(index - 1) / 2]->due_us) {
        s_timers_put (self, index, self->heap [(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    s_timers_put (self, index, alarm);
}

static void s_timers_sink (timers_t *self, size_t index)
{
    alarm_t *alarm = self->heap [index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= self->count)
            break;
        if (child + 1 < self->count && self->heap [child + 1]->due_us < self->heap [child]->due_us)
            child++;
        if (alarm->due_us <= self->heap [child]->due_us)
            break;
        s_timers_put (self, index, self->heap [child]);
        index = child;
    }
    s_timers_put (self, index, alarm);
}

static cadre_error_t s_timers_grow (timers_t *self)
{
    size_t capacity = self->capacity ? self->capacity * 2 : 16;
    alarm_t **heap = reallocarray (self->heap, capacity, sizeof *heap);
    if (!heap)
        return CADRE_ERROR_MEMORY;
    self->heap = heap;
    self->capacity = capacity;
    return CADRE_OK;
}

cadre_error_t timers_set (timers_t *self, alarm_t *alarm, int64_t due_us)
{
    assert (alarm->ring);
    if (!alarm->heap_index) {
        if (self->count == self->capacity && s_timers_grow (self))
            return CADRE_ERROR_MEMORY;
        self->count++;
        s_timers_put (self, self->count - 1, alarm);
    }
    size_t index = alarm->heap_index - 1;
    assert (index < self->count && self->heap [index] == alarm);
    //  An alarm set during a run waits for the next one; otherwise a run might never end
    alarm->due_us = self->running && due_us <= self->run_us ? self->run_us + 1 : due_us;
    s_rise (self, index);
    s_timers_sink (self, alarm->heap_index - 1);
    return CADRE_OK;
}

void timers_cancel (timers_t *self, alarm_t *alarm)
{
    if (!alarm->heap_index)
        return;
    size_t index = alarm->heap_index - 1;
    assert (index < self->count && self->heap [index] == alarm);
    alarm->heap_index = 0;
    alarm_t *last = self->heap [--self->count];
    if (last == alarm)
        return;
    s_timers_put (self, index, last);
    s_rise (self, index);
    s_timers_sink (self, last->heap_index - 1);
}

bool timers_is_set (const alarm_t *alarm)
{
    return alarm->heap_index != 0;
}

size_t timers_count (const timers_t *self)
{
    return self->count;
}

int timers_next_ms (const timers_t *self, int64_t now_us, int max_ms)
{
    if (self->count == 0)
        return max_ms < 0 ? -1 : max_ms;
    int64_t due_us = self->heap [0]->due_us;
    if (due_us <= now_us)
        return 0;
    uint64_t left_ms = ((uint64_t) due_us - (uint64_t) now_us - 1) / 1000 + 1;
    int limit = max_ms < 0 ? INT_MAX : max_ms;
    return left_ms < (uint64_t) limit ? (int) left_ms : limit;
}

size_t timers_run (timers_t *self, int64_t now_us)
{
    size_t rung = 0;
    assert (!self->running && now_us < INT64_MAX);
    self->running = true;
    self->run_us = now_us;
    while (self->count > 0 && self->heap [0]->due_us <= now_us) {
        alarm_t *alarm = self->heap [0];
        timers_cancel (self, alarm);
        //  The owner may have been freed after this
        alarm->ring (alarm->owner, now_us);
        rung++;
    }
    self->running = false;
    return rung;
}
