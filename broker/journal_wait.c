//  journal_wait.c - what is done when a batch is durable

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/deliver.h"
#include "broker/journal_own.h"

//  One result, or output, in WAIT_RESULTS, its body behind it.
typedef struct kept {
    uint64_t job;       //  Its job
    keep_kind_t kind;   //  What it is
    uint32_t index;     //  The task
    size_t size;        //  Of the body
    keep_place_t place; //  Of its record
} kept_t;

wait_t *journal_wait (journal_t *self, wait_kind_t kind)
{
    wait_t *wait = calloc (1, sizeof *wait);
    assert (wait);
    wait->kind = kind;
    bool empty = self->bytes.size == 0 && self->run.job == 0;
    wait->batch = empty ? self->batch - 1 : self->batch;
    if (self->last)
        self->last->next = wait;
    else
        self->first = wait;
    self->last = wait;
    if (!self->unsent && !empty)
        self->unsent = wait;
    return wait;
}

static void s_free (wait_t *wait)
{
    buffer_free (&wait->bytes);
    buffer_free (&wait->large);
    free (wait);
}

static void s_pop (journal_t *self)
{
    wait_t *wait = self->first;
    self->first = wait->next;
    if (!self->first)
        self->last = NULL;
    if (self->unsent == wait)
        self->unsent = wait->next;
    if (wait->kind == WAIT_RESULTS)
        self->hub->results_bytes -= wait->bytes.size;
    s_free (wait);
}

void journal_drop_waits (journal_t *self)
{
    while (self->first)
        s_pop (self);
}

//  Results of one batch share a wait.
static wait_t *s_results (journal_t *self, bool alone)
{
    wait_t *last = self->last;
    if (last && !alone && last->kind == WAIT_RESULTS && last->batch == self->batch && !last->large.size)
        return last;
    return journal_wait (self, WAIT_RESULTS);
}

static void s_add_kept (journal_t *self, job_t *job, const kept_t *kept, view_t body, bool alone)
{
    wait_t *wait = s_results (self, alone);
    buffer_append (&wait->bytes, kept, sizeof *kept);
    buffer_append (&wait->bytes, body.data, body.size);
    self->hub->results_bytes += sizeof *kept + body.size;
    job->undelivered++;
}

//  A large value and its result belong into one batch.
void journal_result (journal_t *self, job_t *job, const wire_result_t *result, view_t body, buffer_t *large)
{
    bool one_batch = self->one_batch;
    keep_place_t value = {0};
    wire_log_result_t fields = {.job = job->number,
                                .index = result->index,
                                .outcome = result->outcome,
                                .run_us = result->run_us,
                                .body = body};
    if (large->size) {
        value = journal_record_large (self, job, (uint32_t) result->index, wire_view_of (large));
        self->one_batch = true;
    }
    kept_t kept = {.job = job->number,
                   .kind = KEEP_RESULT,
                   .index = (uint32_t) result->index,
                   .size = body.size,
                   .place = journal_record_result (self, job, &fields)};
    self->one_batch = one_batch;
    s_add_kept (self, job, &kept, body, large->size > 0);
    self->last->place.offset = value.offset;
    self->last->large = buffer_take (large);
}

void journal_output (journal_t *self, job_t *job, uint32_t index, view_t body)
{
    kept_t kept = {.job = job->number,
                   .kind = KEEP_OUTPUT,
                   .index = index,
                   .size = body.size,
                   .place = journal_record_output (self, job, index, body)};
    s_add_kept (self, job, &kept, body, false);
}

void journal_tell_opened (journal_t *self, const client_t *client, uint64_t ref, uint64_t number)
{
    wait_t *wait = journal_wait (self, WAIT_OPENED);
    wait->session = client->session;
    wait->sequence = ref;
    wait->job = number;
}

void journal_reply (journal_t *self, const client_t *client, buffer_t *frame)
{
    wait_t *wait = journal_wait (self, WAIT_REPLY);
    wait->session = client->session;
    wait->bytes = buffer_take (frame);
}

void journal_hold_client (journal_t *self, client_t *client, uint64_t sequence)
{
    wait_t *wait = journal_wait (self, WAIT_CLIENT);
    wait->session = client->session;
    wait->sequence = sequence;
    hold_add (&client->hold, sequence);
}

void journal_hold_agent (journal_t *self, agent_t *agent, uint64_t sequence)
{
    wait_t *wait = journal_wait (self, WAIT_AGENT);
    wait->session = agent->session;
    wait->sequence = sequence;
    hold_add (&agent->hold, sequence);
}

void journal_hold_lane (journal_t *self, agent_t *agent)
{
    journal_close_run (self);
    journal_wait (self, WAIT_LANE)->session = agent->session;
    lane_hold (agent->lane);
}

//  ==== carried out =================================================================

static client_t *s_client (const journal_t *self, uint64_t session)
{
    client_t *client = NULL;
    HASH_FIND (hh, self->hub->clients, &session, sizeof session, client);
    return client;
}

//  A job that was taken back meanwhile, or is not what its client says, was refused to whoever had opened it.
static void s_open (journal_t *self, const wait_t *wait)
{
    client_t *client = s_client (self, wait->session);
    const ref_t *ref = client ? client_ref (client, wait->sequence) : NULL;
    if (client && !(ref && ref->denied))
        client_opened (client, self->hub, wait->sequence, wait->job, &(fault_t){0});
}

static void s_reply (journal_t *self, wait_t *wait)
{
    client_t *client = s_client (self, wait->session);
    if (!client)
        return;
    stream_put (client->out, &wait->bytes, 0, false);
    client_touch (client, self->hub);
}

static void s_append (journal_t *self, wait_t *wait)
{
    job_t *job = job_table_find (self->hub->jobs, wait->job);
    if (!job)
        return;
    wire_list_t payloads = wire_list_of (&wait->bytes, wait->count);
    job->pending--;
    ledger_append (self->hub->ledger, job, &payloads, &wait->place);
}

static void s_seal (journal_t *self, const wait_t *wait)
{
    job_t *job = job_table_find (self->hub->jobs, wait->job);
    if (!job)
        return;
    job->pending--;
    ledger_seal (self->hub->ledger, job);
}

static void s_deliver (journal_t *self, wait_t *wait)
{
    keep_place_t value = {wait->place.seq, wait->place.offset, wait->large.size};
    for (size_t at = 0; at < wait->bytes.size;) {
        kept_t kept;
        memcpy (&kept, wait->bytes.data + at, sizeof kept);
        view_t body = {wait->bytes.data + at + sizeof kept, kept.size};
        at += sizeof kept + kept.size;
        job_t *job = job_table_find (self->hub->jobs, kept.job);
        if (!job)
            continue;
        job->undelivered--;
        kept.place.seq = wait->place.seq;
        deliver_large (self->hub, job, kept.index, &wait->large, &value);
        deliver_keep (self->hub, job, &(keep_record_t){kept.kind, kept.index, body}, &kept.place);
        settle_queue_add (self->hub, job);
    }
}

static void s_settle (journal_t *self, const wait_t *wait)
{
    job_t *job = job_table_find (self->hub->jobs, wait->job);
    if (!job)
        return;
    job->pending--;
    keep_settle (job->keep, wait->place.seq);
    stock_settle (job->stock, wait->place.seq);
    if (!hub_is_tight (self->hub))
        return;
    keep_spill_all (job->keep);
    stock_spill_from (job->stock, job->next);
}

static void s_release_client (journal_t *self, const wait_t *wait)
{
    client_t *client = s_client (self, wait->session);
    if (!client)
        return;
    hold_release (&client->hold, wait->sequence);
    client->beat_due = true;
    client_touch (client, self->hub);
}

static void s_release_agent (journal_t *self, const wait_t *wait)
{
    agent_t *agent = roster_by_session (self->hub->roster, wait->session);
    if (!agent)
        return;
    hold_release (&agent->hold, wait->sequence);
    agent->beat_due = true;
}

static void s_let_lane (const journal_t *self, const wait_t *wait)
{
    const agent_t *agent = roster_by_session (self->hub->roster, wait->session);
    if (agent && agent->lane)
        lane_let (agent->lane);
}

void journal_carry_out (journal_t *self)
{
    while (self->first && self->first->batch <= self->durable) {
        wait_t *wait = self->first;
        switch (wait->kind) {
        case WAIT_OPENED: s_open (self, wait); break;
        case WAIT_REPLY: s_reply (self, wait); break;
        case WAIT_TASKS: s_append (self, wait); break;
        case WAIT_SEAL: s_seal (self, wait); break;
        case WAIT_RESULTS: s_deliver (self, wait); break;
        case WAIT_COPY: s_settle (self, wait); break;
        case WAIT_CLIENT: s_release_client (self, wait); break;
        case WAIT_AGENT: s_release_agent (self, wait); break;
        case WAIT_LANE: s_let_lane (self, wait); break;
        }
        s_pop (self);
    }
}
