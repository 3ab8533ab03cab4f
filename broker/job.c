//  job.c - one job

#include "broker/job.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

job_t *job_new (uint64_t *bytes_p)
{
    job_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stock = stock_new (bytes_p);
    *bytes_p += sizeof *self;
    return self;
}

static size_t s_task_bytes (const job_t *self)
{
    return sizeof (task_t) + (self->detached ? sizeof (uint64_t) : 0);
}

void job_destroy (job_t **self_p, uint64_t *bytes_p)
{
    assert (self_p);
    job_t *self = *self_p;
    if (!self)
        return;
    assert (!self->queue && !self->followers && !self->settling && !self->changed);
    *bytes_p -= sizeof *self + self->capacity * s_task_bytes (self);
    stock_destroy (&self->stock);
    keep_destroy (&self->keep);
    for (size_t i = 0; i < self->needs_count; i++)
        free (self->needs [i]);
    free (self->needs);
    free (self->name);
    free (self->function);
    free (self->client_name);
    spans_free (&self->has);
    free (self->arrivals);
    buffer_free (&self->spec);
    buffer_free (&self->open);
    buffer_free (&self->doom_detail);
    free (self->tasks);
    free (self->kept_at);
    free (self->stack);
    free (self->lanes);
    free (self->fits);
    free (self);
    *self_p = NULL;
}

//  Grows by half: a job of millions of tasks should not hold twice what it needs.
static void s_reserve (job_t *self, size_t count, uint64_t *bytes_p)
{
    size_t wanted = (size_t) self->total + count;
    if (wanted <= self->capacity)
        return;
    size_t capacity = (size_t) self->capacity + self->capacity / 2;
    if (capacity < wanted)
        capacity = wanted;
    if (capacity > WIRE_TASKS_MAX)
        capacity = WIRE_TASKS_MAX;
    self->tasks = realloc (self->tasks, capacity * sizeof (task_t));
    assert (self->tasks);
    if (self->detached) {
        self->kept_at = realloc (self->kept_at, capacity * sizeof (uint64_t));
        assert (self->kept_at);
    }
    *bytes_p += (capacity - self->capacity) * s_task_bytes (self);
    self->capacity = (uint32_t) capacity;
}

void job_append (job_t *self, const wire_list_t *payloads, const stock_place_t *place, uint64_t *bytes_p)
{
    assert (payloads->count <= WIRE_TASKS_MAX - self->total);
    if (payloads->count == 0) //  A frame may hold none, and there may be no block yet
        return;
    s_reserve (self, payloads->count, bytes_p);
    memset (self->tasks + self->total, 0, payloads->count * sizeof (task_t));
    if (self->detached)
        memset (self->kept_at + self->total, 0, payloads->count * sizeof (uint64_t));
    stock_append (self->stock, self->total, payloads, place);
    self->total += (uint32_t) payloads->count;
    self->ready += (uint32_t) payloads->count;
}

//  Frames that come within a second count as one.
void job_note_arrival (job_t *self, int64_t now_us)
{
    arrival_t *last = self->arrivals_count ? &self->arrivals [self->arrivals_count - 1] : NULL;
    if (last && now_us - last->at_us < 1000000) {
        last->end = self->total;
        return;
    }
    if (self->arrivals_count == self->arrivals_capacity) {
        self->arrivals_capacity = self->arrivals_capacity ? self->arrivals_capacity * 2 : 4;
        self->arrivals = realloc (self->arrivals, self->arrivals_capacity * sizeof (arrival_t));
        assert (self->arrivals);
    }
    self->arrivals [self->arrivals_count++] = (arrival_t){.end = self->total, .at_us = now_us};
}

uint32_t job_take (job_t *self)
{
    assert (self->ready > 0);
    while (self->stack_count) {
        uint32_t index = self->stack [--self->stack_count];
        if (self->tasks [index].state == TASK_READY)
            return index;
    }
    for (;;) {
        assert (self->next < self->total);
        uint32_t index = self->next++;
        if (self->tasks [index].state == TASK_READY)
            return index;
    }
}

void job_put_back (job_t *self, uint32_t index)
{
    if (index >= self->next)
        return;
    if (self->stack_count == self->stack_capacity) {
        self->stack_capacity = self->stack_capacity ? self->stack_capacity * 2 : 16;
        self->stack = realloc (self->stack, self->stack_capacity * sizeof (uint32_t));
        assert (self->stack);
    }
    self->stack [self->stack_count++] = index;
}

uint32_t job_admits (const job_t *self)
{
    if (self->doom || self->abandoned)
        return 0;
    if (self->limit == 0)
        return self->ready;
    uint32_t left = self->leased < self->limit ? self->limit - self->leased : 0;
    return left < self->ready ? left : self->ready;
}

bool job_is_over (const job_t *self)
{
    if (self->abandoned)
        return self->leased == 0;
    return self->sealed && self->done + self->failed == self->total && self->undelivered == 0;
}

const char *job_state_name (const job_t *self)
{
    if (self->cancelled)
        return "cancelled";
    if (!self->sealed)
        return "open";
    return job_is_over (self) ? "done" : "active";
}

bool job_announce (job_t *self, uint32_t agent, uint64_t session)
{
    for (size_t i = 0; i < self->lanes_count; i++)
        if (self->lanes [i].agent == agent) {
            bool known = self->lanes [i].session == session;
            self->lanes [i].session = session;
            return known;
        }
    if ((self->lanes_count & (self->lanes_count - 1)) == 0) {
        size_t capacity = self->lanes_count ? self->lanes_count * 2 : 1;
        self->lanes = realloc (self->lanes, capacity * sizeof (job_lane_t));
        assert (self->lanes);
    }
    self->lanes [self->lanes_count++] = (job_lane_t){.agent = agent, .session = session};
    return false;
}

bool job_runs_once (const job_t *self)
{
    return self->tries.again [CADRE_OUTCOME_WORKER_LOST] == 0;
}
