//  purse.c - how much the peers of one key make the broker hold

#include "broker/peers/key_usage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/core/budget.h"
#include "broker/peers/client.h"

purse_t *purse_take (hub_t *hub, const char *holder)
{
    purse_t *self;
    HASH_FIND_STR (hub->purses, holder, self);
    if (!self) {
        self = calloc (1, sizeof *self);
        assert (self);
        snprintf (self->holder, sizeof self->holder, "%s", holder);
        self->jobs.sum_p = &hub->job_bytes;
        self->kept.sum_p = &hub->kept_bytes;
        HASH_ADD_STR (hub->purses, holder, self);
    }
    self->users++;
    return self;
}

void purse_give (hub_t *hub, purse_t **self_p)
{
    purse_t *self = *self_p;
    *self_p = NULL;
    if (!self || --self->users)
        return;
    assert (purse_held (self) == 0 && self->open_bytes == 0);
    assert (self->reply_bytes == 0 && self->promised_bytes == 0);
    HASH_DELETE (hh, hub->purses, self);
    free (self);
}

purse_t *purse_enter (hub_t *hub, const char *holder)
{
    purse_t *self = purse_take (hub, holder);
    hub->present_keys += self->sessions++ == 0;
    return self;
}

void purse_leave (hub_t *hub, purse_t **self_p)
{
    hub->present_keys -= --(*self_p)->sessions == 0;
    purse_give (hub, self_p);
}

//  The JOB_OPEN of a durable job is kept, too; for a job from the store that is already counted.
void purse_charge (hub_t *hub, client_t *client, job_t *job)
{
    job_weigh (job);
    job->charged = job->durable && client ? 2 * job->weight : job->weight;
    job->purse->open_bytes += job->charged;
    hub->open_bytes += job->charged;
    if (!client)
        return;
    job->session = client->session;
    client->job_bytes += job->charged;
}

void purse_discharge (hub_t *hub, job_t *job)
{
    client_t *client;
    HASH_FIND (hh, hub->clients, &job->session, sizeof job->session, client);
    if (client)
        client->job_bytes -= job->charged;
    job->purse->open_bytes -= job->charged;
    hub->open_bytes -= job->charged;
    job->charged = 0;
}

bool purse_is_over (const hub_t *hub, const purse_t *self)
{
    return purse_is_one (self) && purse_held (self) > budget_share (hub);
}

bool purse_check (const hub_t *hub)
{
    uint64_t jobs = 0, kept = 0, clients = 0, promised = 0, open = 0;
    for (const purse_t *purse = hub->purses; purse; purse = purse->hh.next) {
        jobs += purse->jobs.bytes;
        kept += purse->kept.bytes;
        clients += purse->client_bytes;
        promised += purse->promised_bytes;
        open += purse->open_bytes;
    }
    return jobs == hub->job_bytes && kept == hub->kept_bytes && clients == hub->client_bytes
           && promised == hub->promised_bytes && open == hub->open_bytes;
}
