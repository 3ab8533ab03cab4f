/*  roster.h - the workers, as the broker sees them
 *
 *  Finds agents (agent.h) by session, UUID, route and number, and says which of
 *  them can run a job.
 */

#ifndef BROKER_PEERS_ROSTER_H_INCLUDED
#define BROKER_PEERS_ROSTER_H_INCLUDED

#include "broker/auth/authz.h"
#include "broker/peers/agent.h"
#include "broker/peers/catalog.h"
#include "broker/peers/demand.h"
#include "broker/record/job.h"

#define ROSTER_SLOTS_MAX 65536u

typedef struct roster roster_t;

roster_t *roster_new (void);
void roster_destroy (roster_t **self_p);

//  Takes in a new agent, whose uuid must not be known.
agent_t *roster_add (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);

//  Forgets an agent that holds no lease.
void roster_remove (roster_t *self, agent_t **agent_p);

//  Memory: how much of it workers may fill with what they say of themselves, and what all of them
//  hold. Without roster_limit there is no limit.
void roster_limit (roster_t *self, hub_t *hub);
uint64_t roster_bytes (const roster_t *self);

//  Is there room for what a worker says of itself, instead of what agent (NULL: nobody) has said
//  before?
bool roster_has_room (const roster_t *self, const agent_t *agent, const wire_worker_hello_t *hello);

//  What it offers, as it said and as far as its key lets it. False when a list is not what it
//  should be.
bool roster_describe (roster_t *self, agent_t *agent, const wire_worker_hello_t *hello,
                      const rights_t *rights);

//  Gives the agent a new session; ends its session.
void roster_begin_session (roster_t *self, agent_t *agent, lane_t **lane_p, uint64_t session);
void roster_end_session (roster_t *self, agent_t *agent);

//  The agent speaks from there now. Nobody else does: who was there must have been removed or
//  moved.
void roster_move (roster_t *self, agent_t *agent, sockets_route_t route);

agent_t *roster_by_route (roster_t *self, sockets_route_t route);
agent_t *roster_by_session (roster_t *self, uint64_t session);
agent_t *roster_by_uuid (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);
agent_t *roster_by_number (roster_t *self, uint64_t number);

//  Places run from 0; some are empty (NULL).
size_t roster_places (const roster_t *self);
agent_t *roster_at (const roster_t *self, size_t place);
size_t roster_count (const roster_t *self);

//  Changes whenever somebody comes, goes or changes what is offered: this agent has.
uint64_t roster_version (const roster_t *self);
void roster_changed (roster_t *self, const agent_t *agent);

//  What the job asks, shared with others that ask the same; _undemand before the job goes.
demand_t *roster_demand (roster_t *self, const job_t *job);
void roster_undemand (roster_t *self, demand_t **demand_p);

//  Who fits the demand, as the roster is now: bits in demand->fits, how many in demand->fitting.
void roster_judge (roster_t *self, demand_t *demand);

//  Could this agent ever run tasks of the job?
bool roster_fits (roster_t *self, agent_t *agent, job_t *job);

//  Could any registered one?
bool roster_any_fits (roster_t *self, job_t *job);

//  Has every worker said what it offers? Not so when a broker that was restarted waits for those
//  that its log names.
bool roster_is_described (const roster_t *self);

//  Is the function offered by anybody, or was it ever since the broker began?
bool roster_knew (const roster_t *self, const char *function);

//  Up to max names that are close to function, separated by commas; empty if there are none.
void roster_nearest (const roster_t *self, const char *function, size_t max, char *buffer,
                     size_t size);

//  What is offered now, each function once; borrowed.
catalog_t *roster_catalog (const roster_t *self);

#endif
