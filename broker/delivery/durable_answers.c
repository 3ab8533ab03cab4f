//  answers.c - delays answers to peers until they are durable

#include "broker/delivery/durable_answers.h"

static client_t *s_client (const hub_t *hub, uint64_t session)
{
    client_t *client = NULL;
    HASH_FIND (hh, hub->clients, &session, sizeof session, client);
    return client;
}

//  If the job was withdrawn meanwhile, or differed from what the client described, the client has
//  got a refusal already.
static void s_tell_opened (hub_t *hub, wait_t *wait)
{
    client_t *client = s_client (hub, wait->session);
    const ref_t *ref = client ? client_ref (client, wait->sequence) : NULL;
    if (client && !(ref && ref->denied))
        client_opened (client, hub, wait->sequence, wait->job, &(fault_t){0});
}

void answers_opened (journal_t *journal, const client_t *client, uint64_t ref, uint64_t number)
{
    wait_t *wait = journal_wait (journal, s_tell_opened);
    wait->session = client->session;
    wait->sequence = ref;
    wait->job = number;
}

static void s_reply (hub_t *hub, wait_t *wait)
{
    client_t *client = s_client (hub, wait->session);
    if (!client)
        return;
    stream_put (client->out, &wait->bytes, 0, false);
    client_touch (client, hub);
}

void answers_reply (journal_t *journal, const client_t *client, buffer_t *frame)
{
    wait_t *wait = journal_wait (journal, s_reply);
    wait->session = client->session;
    wait->bytes = buffer_take (frame);
}

static void s_acknowledge_client (hub_t *hub, wait_t *wait)
{
    client_t *client = s_client (hub, wait->session);
    if (!client)
        return;
    hold_release (&client->hold, wait->sequence);
    client->beat_due = true;
    client_touch (client, hub);
}

void answers_acknowledge_client (journal_t *journal, client_t *client, uint64_t sequence)
{
    wait_t *wait = journal_wait (journal, s_acknowledge_client);
    wait->session = client->session;
    wait->sequence = sequence;
    hold_add (&client->hold, sequence);
}

static void s_acknowledge_agent (hub_t *hub, wait_t *wait)
{
    agent_t *agent = roster_by_session (hub->roster, wait->session);
    if (!agent)
        return;
    hold_release (&agent->hold, wait->sequence);
    agent->beat_due = true;
}

void answers_acknowledge_agent (journal_t *journal, agent_t *agent, uint64_t sequence)
{
    wait_t *wait = journal_wait (journal, s_acknowledge_agent);
    wait->session = agent->session;
    wait->sequence = sequence;
    hold_add (&agent->hold, sequence);
}

static void s_let_lane (hub_t *hub, wait_t *wait)
{
    const agent_t *agent = roster_by_session (hub->roster, wait->session);
    if (agent && agent->lane)
        lane_let (agent->lane);
}

void answers_hold_lane (journal_t *journal, agent_t *agent)
{
    journal_end_leases (journal);
    journal_wait (journal, s_let_lane)->session = agent->session;
    lane_hold (agent->lane);
}
