//  durable_answers.c - delays answers to peers until they are durable

#include "broker/delivery/durable_answers.h"

static client_t *s_client (const context_t *ctx, uint64_t session)
{
    client_t *client = NULL;
    HASH_FIND (hh, ctx->clients, &session, sizeof session, client);
    return client;
}

//  If the job was withdrawn meanwhile, or differed from what the client described, the client has
//  got a refusal already.
static void s_tell_opened (context_t *ctx, wait_t *wait)
{
    client_t *client = s_client (ctx, wait->session);
    const ref_t *ref = client ? client_ref (client, wait->sequence) : NULL;
    if (client && !(ref && ref->denied))
        client_opened (client, ctx, wait->sequence, wait->job, &(fault_t){0});
}

void durable_answers_opened (journal_t *journal, const client_t *client, uint64_t ref,
                             uint64_t number)
{
    wait_t *wait = journal_wait (journal, s_tell_opened);
    wait->session = client->session;
    wait->sequence = ref;
    wait->job = number;
}

static void s_reply (context_t *ctx, wait_t *wait)
{
    client_t *client = s_client (ctx, wait->session);
    if (!client)
        return;
    stream_put (client->out, &wait->bytes, 0, false);
    client_touch (client, ctx);
}

void durable_answers_reply (journal_t *journal, const client_t *client, buffer_t *frame)
{
    wait_t *wait = journal_wait (journal, s_reply);
    wait->session = client->session;
    wait->bytes = buffer_take (frame);
}

static void s_acknowledge_client (context_t *ctx, wait_t *wait)
{
    client_t *client = s_client (ctx, wait->session);
    if (!client)
        return;
    ack_hold_release (&client->hold, wait->sequence);
    client->beat_due = true;
    client_touch (client, ctx);
}

void durable_answers_acknowledge_client (journal_t *journal, client_t *client, uint64_t sequence)
{
    wait_t *wait = journal_wait (journal, s_acknowledge_client);
    wait->session = client->session;
    wait->sequence = sequence;
    ack_hold_add (&client->hold, sequence);
}

static void s_acknowledge_worker (context_t *ctx, wait_t *wait)
{
    worker_record_t *worker = roster_by_session (ctx->roster, wait->session);
    if (!worker)
        return;
    ack_hold_release (&worker->hold, wait->sequence);
    worker->beat_due = true;
}

void durable_answers_acknowledge_worker (journal_t *journal, worker_record_t *worker,
                                         uint64_t sequence)
{
    wait_t *wait = journal_wait (journal, s_acknowledge_worker);
    wait->session = worker->session;
    wait->sequence = sequence;
    ack_hold_add (&worker->hold, sequence);
}

static void s_let_lane (context_t *ctx, wait_t *wait)
{
    const worker_record_t *worker = roster_by_session (ctx->roster, wait->session);
    if (worker && worker->lane)
        lane_let (worker->lane);
}

void durable_answers_hold_lane (journal_t *journal, worker_record_t *worker)
{
    journal_end_leases (journal);
    journal_wait (journal, s_let_lane)->session = worker->session;
    lane_hold (worker->lane);
}
