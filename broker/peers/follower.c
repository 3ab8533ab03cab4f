//  follower.c - a client's subscription to a detached job

#include "broker/peers/follower.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

void follower_set_due (follower_t *self, bool due)
{
    if (self->due == due)
        return;
    self->due = due;
    if (due)
        DL_APPEND2 (self->client->due, self, due_prev, due_next);
    else
        DL_DELETE2 (self->client->due, self, due_prev, due_next);
}

void follower_set_untold (follower_t *self, bool untold)
{
    if (self->untold == untold)
        return;
    self->untold = untold;
    if (untold)
        DL_APPEND2 (self->client->untold, self, untold_prev, untold_next);
    else
        DL_DELETE2 (self->client->untold, self, untold_prev, untold_next);
}

//  The job has changed.
static void s_follower_note (follower_t *self)
{
    follower_set_due (self, true);
    follower_set_untold (self, self->wait);
}

follower_t *follower_new (client_t *client, job_t *job, const wire_job_follow_t *order)
{
    follower_t *self = calloc (1, sizeof *self);
    assert (self);
    self->client = client;
    self->job = job;
    self->ref = order->ref;
    self->results = order->results;
    self->output = order->output;
    self->wait = order->wait;
    DL_APPEND2 (job->followers, self, job_prev, job_next);
    DL_APPEND2 (client->followers, self, client_prev, client_next);
    client->follows++;
    s_follower_note (self);
    return self;
}

//  A client that opened a job which was refused, or which another client has opened, too, may still
//  send the rest of it: those frames are ignored or compared.
static void s_end_ref (client_t *client, const job_t *job, uint64_t number)
{
    const ref_t *ref = client_ref (client, number);
    bool stays = ref && (ref->kind == REF_REFUSED || (ref->kind == REF_JOB && job->shared));
    if (!stays)
        client_ref_remove (client, number);
}

void follower_destroy (follower_t **self_p)
{
    assert (self_p);
    follower_t *self = *self_p;
    if (!self)
        return;
    follower_set_due (self, false);
    follower_set_untold (self, false);
    DL_DELETE2 (self->job->followers, self, job_prev, job_next);
    DL_DELETE2 (self->client->followers, self, client_prev, client_next);
    self->client->follows--;
    s_end_ref (self->client, self->job, self->ref);
    free (self);
    *self_p = NULL;
}

void follower_touch (const job_t *job, context_t *ctx)
{
    for (follower_t *self = job->followers; self; self = self->job_next) {
        s_follower_note (self);
        client_touch (self->client, ctx);
    }
}
