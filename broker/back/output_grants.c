//  output_grants.c - grants workers how much output of a lease they may send

#include "broker/back/output_grants.h"

#include "broker/back/back_session.h"
#include "broker/ledger/deliver.h"

void output_grants_send (back_t *self, const agent_t *agent, const wrote_t *wrote)
{
    wire_output_window_t window = {
        .serial = wrote->serial, .bytes = wrote->granted_bytes, .discard = wrote->discarded};
    wire_write_output_window (&self->frame, (wire_envelope_t){.session = agent->session}, &window);
    back_session_send (self, agent->route);
}

void output_grants_give (back_t *self)
{
    hub_t *hub = self->hub;
    if (!self->starved)
        return;
    if (!pace_allows (&self->pace, hub->now_us, hub->tasks_done + hub->tasks_failed)) {
        timers_set (hub->timers, &self->grants, pace_next_us (&self->pace));
        return;
    }
    self->starved = false;
    for (wrote_t *wrote = outputs_first (self->outputs); wrote; wrote = wrote->hh.next) {
        if (!wrote->starved)
            continue;
        job_t *job = job_table_find (hub->jobs, wrote->job);
        const agent_t *agent = roster_at (hub->roster, wrote->agent);
        if (!job || !agent || !agent->session || !deliver_is_open (hub, job)) {
            self->starved = true;
            continue;
        }
        wrote->starved = false;
        wrote->granted_bytes = wrote->received_bytes + HUB_OUTPUT_BYTES;
        output_grants_send (self, agent, wrote);
    }
}

void output_grants_repeat (back_t *self, const agent_t *agent)
{
    for (wrote_t *wrote = outputs_first (self->outputs); wrote; wrote = wrote->hh.next)
        if (wrote->agent == agent->place)
            output_grants_send (self, agent, wrote);
}
