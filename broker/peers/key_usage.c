//  key_usage.c - how much the peers of one key make the broker hold

#include "broker/peers/key_usage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/core/budget.h"
#include "broker/peers/client.h"

key_usage_t *key_usage_take (context_t *ctx, const char *holder)
{
    key_usage_t *self;
    HASH_FIND_STR (ctx->usages, holder, self);
    if (!self) {
        self = calloc (1, sizeof *self);
        assert (self);
        snprintf (self->holder, sizeof self->holder, "%s", holder);
        self->jobs.sum_p = &ctx->job_bytes;
        self->kept.sum_p = &ctx->kept_bytes;
        HASH_ADD_STR (ctx->usages, holder, self);
    }
    self->users++;
    return self;
}

void key_usage_give (context_t *ctx, key_usage_t **self_p)
{
    key_usage_t *self = *self_p;
    *self_p = NULL;
    if (!self || --self->users)
        return;
    assert (key_usage_held (self) == 0 && self->open_bytes == 0);
    assert (self->reply_bytes == 0 && self->promised_bytes == 0);
    HASH_DELETE (hh, ctx->usages, self);
    free (self);
}

key_usage_t *key_usage_enter (context_t *ctx, const char *holder)
{
    key_usage_t *self = key_usage_take (ctx, holder);
    ctx->present_keys += self->sessions++ == 0;
    return self;
}

void key_usage_leave (context_t *ctx, key_usage_t **self_p)
{
    ctx->present_keys -= --(*self_p)->sessions == 0;
    key_usage_give (ctx, self_p);
}

//  The JOB_OPEN of a durable job is kept, too; for a job from the store that is already counted.
void key_usage_charge (context_t *ctx, client_t *client, job_t *job)
{
    job_weigh (job);
    job->charged = job->durable && client ? 2 * job->weight : job->weight;
    job->usage->open_bytes += job->charged;
    ctx->open_bytes += job->charged;
    if (!client)
        return;
    job->session = client->session;
    client->job_bytes += job->charged;
}

void key_usage_discharge (context_t *ctx, job_t *job)
{
    client_t *client;
    HASH_FIND (hh, ctx->clients, &job->session, sizeof job->session, client);
    if (client)
        client->job_bytes -= job->charged;
    job->usage->open_bytes -= job->charged;
    ctx->open_bytes -= job->charged;
    job->charged = 0;
}

bool key_usage_is_over (const context_t *ctx, const key_usage_t *self)
{
    return key_usage_is_one (self) && key_usage_held (self) > budget_share (ctx);
}

bool key_usage_check (const context_t *ctx)
{
    uint64_t jobs = 0, kept = 0, clients = 0, promised = 0, open = 0;
    for (const key_usage_t *usage = ctx->usages; usage; usage = usage->hh.next) {
        jobs += usage->jobs.bytes;
        kept += usage->kept.bytes;
        clients += usage->client_bytes;
        promised += usage->promised_bytes;
        open += usage->open_bytes;
    }
    return jobs == ctx->job_bytes && kept == ctx->kept_bytes && clients == ctx->client_bytes
           && promised == ctx->promised_bytes && open == ctx->open_bytes;
}
