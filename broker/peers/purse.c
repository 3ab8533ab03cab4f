//  purse.c - how much the peers of one key make the broker hold

#include "broker/peers/purse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/peers/client.h"

purse_t *purse_take (hub_t *hub, const char *holder)
{
    purse_t *self;
    HASH_FIND_STR (hub->purses, holder, self);
    if (!self) {
        self = calloc (1, sizeof *self);
        assert (self);
        snprintf (self->holder, sizeof self->holder, "%s", holder);
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
    assert (self->job_bytes == 0 && self->reply_bytes == 0 && self->promised_bytes == 0);
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
    job->purse = purse_take (hub, job->identity.holder);
    job->charged = job->durable && client ? 2 * job->weight : job->weight;
    job->purse->job_bytes += job->charged;
    hub->open_bytes += job->charged;
    if (!client)
        return;
    job->session = client->session;
    client->job_bytes += job->charged;
}

void purse_discharge (hub_t *hub, job_t *job)
{
    client_t *client;
    if (!job->purse)
        return;
    HASH_FIND (hh, hub->clients, &job->session, sizeof job->session, client);
    if (client)
        client->job_bytes -= job->charged;
    job->purse->job_bytes -= job->charged;
    hub->open_bytes -= job->charged;
    purse_give (hub, &job->purse);
}
