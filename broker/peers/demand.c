//  demand.c - what a job requires of a worker; jobs with equal requirements share one demand

#include "broker/peers/demand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void s_demand_add (buffer_t *key, const char *text)
{
    buffer_append (key, text, strlen (text) + 1);
}

static void s_make_key (buffer_t *key, const job_t *job)
{
    uint8_t kind [3] = {(uint8_t) job->kind, job->durable, job_runs_once (job)};
    buffer_append (key, kind, sizeof kind);
    s_demand_add (key, job->kind == WIRE_KIND_COMMAND || !job->function ? "" : job->function);
    for (size_t i = 0; i < job->needs_count; i++)
        s_demand_add (key, job->needs [i]);
}

//  Function and labels point into the key.
static demand_t *s_demand_new (buffer_t *key, const job_t *job)
{
    demand_t *self = calloc (1, sizeof *self);
    assert (self);
    self->kind = job->kind;
    self->durable = job->durable;
    self->once = job_runs_once (job);
    self->key = buffer_take (key);
    self->needs_count = job->needs_count;
    self->needs = calloc (job->needs_count + 1, sizeof (char *));
    assert (self->needs);
    char *text = (char *) self->key.data + 3;
    self->function = text;
    for (size_t i = 0; i < job->needs_count; i++)
        self->needs [i] = text += strlen (text) + 1;
    return self;
}

demand_t *demand_join (demand_t **table, const job_t *job)
{
    buffer_t key = {0};
    demand_t *self;
    s_make_key (&key, job);
    HASH_FIND (hh, *table, key.data, key.size, self);
    if (!self) {
        self = s_demand_new (&key, job);
        HASH_ADD_KEYPTR (hh, *table, self->key.data, self->key.size, self);
    }
    buffer_free (&key);
    self->jobs++;
    return self;
}

void demand_leave (demand_t **table, demand_t **self_p)
{
    demand_t *self = *self_p;
    *self_p = NULL;
    if (!self || --self->jobs)
        return;
    assert (!self->ready && !self->bench);
    HASH_DEL (*table, self);
    buffer_free (&self->key);
    free (self->needs);
    free (self->fits);
    free (self);
}
