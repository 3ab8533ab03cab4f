//  delay.c - tasks that wait before their next try

#include "broker/record/delay.h"

#include <assert.h>
#include <stdlib.h>

#define WAKES_A_TURN 2048u //  More entries are called in the next turn

typedef struct entry {
    int64_t due_us; //  When it is due
    uint64_t job;   //  Number of the job
    uint32_t index; //  The task
} entry_t;

struct delay {
    timers_t *timers;    //  Borrowed
    alarm_t alarm;       //  Fires for the first entry
    entry_t *heap;       //  The earliest entry at 0
    size_t count;        //  Entries
    size_t capacity;     //  Entries allocated
    delay_wake_fn *wake; //  Called for each
    void *owner;         //  Its first argument; borrowed
};

static void s_ring (void *owner, int64_t now_us);

delay_t *delay_new (timers_t *timers, delay_wake_fn *wake, void *owner)
{
    delay_t *self = calloc (1, sizeof *self);
    assert (self);
    self->timers = timers;
    self->wake = wake;
    self->owner = owner;
    self->alarm = (alarm_t){.ring = s_ring, .owner = self};
    return self;
}

void delay_destroy (delay_t **self_p)
{
    assert (self_p);
    delay_t *self = *self_p;
    if (!self)
        return;
    timers_cancel (self->timers, &self->alarm);
    free (self->heap);
    free (self);
    *self_p = NULL;
}

static void s_swap (entry_t *a, entry_t *b)
{
    entry_t other = *a;
    *a = *b;
    *b = other;
}

static void s_set_alarm (delay_t *self)
{
    if (self->count)
        timers_set (self->timers, &self->alarm, self->heap [0].due_us);
}

void delay_add (delay_t *self, int64_t due_us, uint64_t job, uint32_t index)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->heap = realloc (self->heap, self->capacity * sizeof (entry_t));
        assert (self->heap);
    }
    size_t at = self->count++;
    self->heap [at] = (entry_t){.due_us = due_us, .job = job, .index = index};
    for (; at > 0 && self->heap [at].due_us < self->heap [(at - 1) / 2].due_us; at = (at - 1) / 2)
        s_swap (&self->heap [at], &self->heap [(at - 1) / 2]);
    s_set_alarm (self);
}

static entry_t s_pop (delay_t *self)
{
    entry_t first = self->heap [0];
    self->heap [0] = self->heap [--self->count];
    for (size_t at = 0;;) {
        size_t child = at * 2 + 1;
        if (child + 1 < self->count && self->heap [child + 1].due_us < self->heap [child].due_us)
            child++;
        if (child >= self->count || self->heap [at].due_us <= self->heap [child].due_us)
            return first;
        s_swap (&self->heap [at], &self->heap [child]);
        at = child;
    }
}

static void s_ring (void *owner, int64_t now_us)
{
    delay_t *self = owner;
    for (unsigned i = 0; i < WAKES_A_TURN && self->count && self->heap [0].due_us <= now_us; i++) {
        entry_t entry = s_pop (self);
        self->wake (self->owner, entry.job, entry.index);
    }
    s_set_alarm (self);
}

void delay_each (const delay_t *self, delay_each_fn *each, void *owner)
{
    for (size_t i = 0; i < self->count; i++)
        each (owner, self->heap [i].job, self->heap [i].index, self->heap [i].due_us);
}
