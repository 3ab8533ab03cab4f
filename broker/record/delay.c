//  delay.c - tasks that wait before their next try

#include "broker/record/delay.h"

#include <assert.h>
#include <stdlib.h>

#include "broker/record/job.h"

#define FAN 4              //  Entries below one in a job's heap: a line of the cache
#define WAKES_A_TURN 2048u //  More entries are called in the next turn

struct delay {
    timers_t *timers;    //  Borrowed
    alarm_t alarm;       //  Fires for the first entry of the first job
    job_t **jobs;        //  Jobs with entries: a heap, the job with the earliest entry at 0
    size_t count;        //  How many
    size_t capacity;     //  Jobs allocated
    delay_wake_fn *wake; //  Called for each
    void *owner;         //  Its first argument; borrowed
};

static void s_delay_ring (void *owner, int64_t now_us);

delay_t *delay_new (timers_t *timers, delay_wake_fn *wake, void *owner)
{
    delay_t *self = calloc (1, sizeof *self);
    assert (self);
    self->timers = timers;
    self->wake = wake;
    self->owner = owner;
    self->alarm = (alarm_t){.ring = s_delay_ring, .owner = self};
    return self;
}

void delay_destroy (delay_t **self_p)
{
    assert (self_p);
    delay_t *self = *self_p;
    if (!self)
        return;
    assert (self->count == 0);
    timers_cancel (self->timers, &self->alarm);
    free (self->jobs);
    free (self);
    *self_p = NULL;
}

//  ---- the entries of a job -----------------------------------------------

static void s_swap (delay_entry_t *a, delay_entry_t *b)
{
    delay_entry_t other = *a;
    *a = *b;
    *b = other;
}

static void s_delay_push (job_t *job, delay_entry_t entry)
{
    delays_t *self = &job->delays;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 8;
        self->heap = realloc (self->heap, self->capacity * sizeof (delay_entry_t));
        assert (self->heap);
        job_weigh (job);
    }
    size_t at = self->count++;
    self->heap [at] = entry;
    for (; at > 0 && self->heap [at].due_us < self->heap [(at - 1) / FAN].due_us;
         at = (at - 1) / FAN)
        s_swap (&self->heap [at], &self->heap [(at - 1) / FAN]);
}

//  The earliest of the entries below that one; count: there are none.
static size_t s_first_below (const delays_t *self, size_t at)
{
    size_t first = at * FAN + 1, end = first + FAN;
    end = end < self->count ? end : self->count;
    size_t best = first < end ? first : self->count;
    for (size_t i = first + 1; i < end; i++)
        if (self->heap [i].due_us < self->heap [best].due_us)
            best = i;
    return best;
}

static uint32_t s_pop (delays_t *self)
{
    uint32_t first = self->heap [0].index;
    self->heap [0] = self->heap [--self->count];
    for (size_t at = 0;;) {
        size_t below = s_first_below (self, at);
        if (below == self->count || self->heap [at].due_us <= self->heap [below].due_us)
            return first;
        s_swap (&self->heap [at], &self->heap [below]);
        at = below;
    }
}

//  ---- the jobs -----------------------------------------------------------

static int64_t s_due (const delay_t *self, size_t at)
{
    return self->jobs [at]->delays.heap [0].due_us;
}

static void s_delay_put (delay_t *self, size_t at, job_t *job)
{
    self->jobs [at] = job;
    job->delays.heap_index = at + 1;
}

static void s_exchange (delay_t *self, size_t a, size_t b)
{
    job_t *other = self->jobs [a];
    s_delay_put (self, a, self->jobs [b]);
    s_delay_put (self, b, other);
}

//  The first moment of the job at that place has changed.
static void s_delay_move (delay_t *self, size_t at)
{
    for (; at > 0 && s_due (self, at) < s_due (self, (at - 1) / 2); at = (at - 1) / 2)
        s_exchange (self, at, (at - 1) / 2);
    for (;;) {
        size_t child = at * 2 + 1;
        if (child + 1 < self->count && s_due (self, child + 1) < s_due (self, child))
            child++;
        if (child >= self->count || s_due (self, at) <= s_due (self, child))
            return;
        s_exchange (self, at, child);
        at = child;
    }
}

static void s_delay_join (delay_t *self, job_t *job)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->jobs = realloc (self->jobs, self->capacity * sizeof (job_t *));
        assert (self->jobs);
    }
    s_delay_put (self, self->count++, job);
}

void delay_leave (delay_t *self, job_t *job)
{
    size_t at = job->delays.heap_index - 1;
    if (job->delays.heap_index == 0)
        return;
    job->delays.heap_index = 0;
    if (at != --self->count) {
        s_delay_put (self, at, self->jobs [self->count]);
        s_delay_move (self, at);
    }
    free (job->delays.heap);
    job->delays = (delays_t){0};
    job_weigh (job);
}

static void s_set_alarm (delay_t *self)
{
    if (self->count)
        timers_set (self->timers, &self->alarm, s_due (self, 0));
    else
        timers_cancel (self->timers, &self->alarm);
}

void delay_add (delay_t *self, job_t *job, int64_t due_us, uint32_t index)
{
    s_delay_push (job, (delay_entry_t){.due_us = due_us, .index = index});
    if (job->delays.heap_index == 0)
        s_delay_join (self, job);
    s_delay_move (self, job->delays.heap_index - 1);
    s_set_alarm (self);
}

//  The first entry of the first job.
static void s_wake_one (delay_t *self)
{
    job_t *job = self->jobs [0];
    uint32_t index = s_pop (&job->delays);
    if (job->delays.count)
        s_delay_move (self, 0);
    else
        delay_leave (self, job);
    self->wake (self->owner, job, index);
}

static void s_delay_ring (void *owner, int64_t now_us)
{
    delay_t *self = owner;
    for (unsigned i = 0; i < WAKES_A_TURN && self->count && s_due (self, 0) <= now_us; i++)
        s_wake_one (self);
    s_set_alarm (self);
}
