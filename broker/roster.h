/*  roster.h - the workers, as the broker sees them
 *
 *  An agent is one worker process: what it offers, its session, its lane, and
 *  which leases it holds. It keeps its place in the roster from its first HELLO
 *  until it is lost or has left; sessions come and go. The record is open to
 *  the broker's modules.
 */

#ifndef BROKER_ROSTER_H_INCLUDED
#define BROKER_ROSTER_H_INCLUDED

#include "broker/catalog.h"
#include "broker/demand.h"
#include "broker/doors.h"
#include "broker/hold.h"
#include "broker/job.h"
#include "broker/lane.h"
#include "common/hash.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/spans.h"
#include "common/stream.h"

#define ROSTER_SLOTS_MAX 65536u

typedef struct roster roster_t;

typedef enum agent_state {
    AGENT_AWAY,     //  Its session has ended; it may come back and be adopted
    AGENT_JOINING,  //  Its lane is bound, LANE_OPEN has not come
    AGENT_READY,    //  It is given tasks
    AGENT_DRAINING, //  It is given no more tasks
    AGENT_STATES
} agent_state_t;

//  A function that it offers.
typedef struct offer {
    char *name;        //  What it is called by
    char *takes;       //  Its arguments
    char *says;        //  What it does
    UT_hash_handle hh; //  In agent->offers, by name
} offer_t;

//  A lease that was given to it; whether it still holds it, the task knows.
typedef struct lease {
    uint64_t job;    //  Number of the job
    uint64_t serial; //  Of the lease
    uint32_t index;  //  The task
    uint32_t at_s;   //  When it was given: seconds since the broker began
} lease_t;

typedef struct agent {
    uint32_t place;                 //  Its index in the roster
    uint64_t number;                //  Its name for people; never used again
    uint64_t session;               //  Of its registration, 0 when away
    uint8_t uuid [WIRE_UUID_BYTES]; //  The process's identity
    sockets_route_t route;          //  Where it is on the back socket
    int fd;                         //  Its connection there; -1: none of tcp
    agent_state_t state;            //  How far it is
    char name [HUB_NAME_BYTES];     //  Label for people
    char host [HUB_NAME_BYTES];     //  Its machine
    char peer [KEYS_TEXT_BYTES];    //  What the gate calls it; "" without doors
    char key [KEYS_NAME_BYTES];     //  Name of its key; "" for who needs none
    char version [64];              //  Its release
    uint64_t pid;                   //  Process there
    uint32_t slots;                 //  Tasks at a time
    bool described;                 //  It has said HELLO to this broker; else only the log knows of it
    bool threads;                   //  Slots are threads
    bool commands;                  //  Runs commands
    bool breached;                  //  A task of its was to blame for the end of its last session
    bool draining;                  //  It was told to leave, or does so: also in its next session
    char **labels;                  //  What jobs may need
    size_t labels_count;            //  How many
    offer_t *offers;                //  Functions
    uint64_t said_bytes;            //  What labels and functions take up
    lane_t *lane;                   //  NULL when away
    stream_in_t in;                 //  What was received on the sink
    hold_t hold;                    //  Frames of the sink that are acknowledged when they are durable
    parts_t *parts;                 //  Payloads on their way on the sink
    uint64_t beat_received;         //  Of the lane, as its last BEAT said
    uint64_t lane_sent;             //  Of the lane, when that BEAT came
    uint64_t sink_sent;             //  Of the sink, as its last BEAT said
    uint64_t sink_received;         //  Of the sink, when that BEAT came
    int64_t judged_us;              //  When its beats were last looked at for progress
    unsigned stalls;                //  Beats without progress, one after the other
    uint64_t unacknowledged_bytes;  //  Received on the sink since our last BEAT
    bool beat_due;                  //  Tell it soon what was received
    bool deaf;                      //  Something that it was told was lost: too much waits for it to be read
    int64_t heard_us;               //  When it last said something
    int64_t joined_us;              //  When this session began
    int64_t hello_us;               //  Until then its HELLOs have used up their rate
    int64_t answered_us;            //  When its last result came
    uint32_t leased;                //  Leases that it holds
    uint64_t work_us;               //  What they are thought to cost
    lease_t *leases;                //  Given to it, oldest first, some of them no longer held
    size_t leases_count;            //  How many
    size_t leases_capacity;         //  Allocated
    spans_t cancels;                //  To be cancelled
    size_t cancels_sent;            //  Of these, so many were sent
    bool cancels_early;        //  ... while leases waited in the lane: they are sent again when it is empty
    int64_t recall_until_us;   //  A recall is out until then at the longest; 0: none
    uint64_t claimed;          //  Turn in which a job waits for its slots: nobody looks ahead
    uint64_t sent;             //  Tasks given, ever
    uint64_t answered;         //  Leases answered, ever
    uint64_t done;             //  Tasks ended well, ever
    uint64_t failed;           //  Tasks ended in another way, ever
    UT_hash_handle hh_session; //  In the roster, by session
    UT_hash_handle hh_uuid;    //  In the roster, by uuid
    UT_hash_handle hh_route;   //  In the roster, by route, unless that is 0
} agent_t;

roster_t *roster_new (void);
void roster_destroy (roster_t **self_p);

//  Takes in a new agent, whose uuid must not be known.
agent_t *roster_add (roster_t *self, const uint8_t uuid [WIRE_UUID_BYTES]);

//  Forgets an agent that holds no lease.
void roster_remove (roster_t *self, agent_t **agent_p);

//  Memory: how much of it workers may fill with what they say of themselves, and what all of them hold. Without roster_limit there is no limit.
void roster_limit (roster_t *self, hub_t *hub);
uint64_t roster_bytes (const roster_t *self);

//  Is there room for what a worker says of itself, instead of what agent (NULL: nobody) has said before?
bool roster_has_room (const roster_t *self, const agent_t *agent, const wire_worker_hello_t *hello);

//  What it offers, as it said and as far as its key lets it. False when a list is not what it should be.
bool roster_describe (roster_t *self, agent_t *agent, const wire_worker_hello_t *hello,
                      const rights_t *rights);

//  Gives the agent a new session; ends its session.
void roster_begin_session (roster_t *self, agent_t *agent, lane_t **lane_p, uint64_t session);
void roster_end_session (roster_t *self, agent_t *agent);

//  The agent speaks from there now. Nobody else does: who was there must have been removed or moved.
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

//  Has every worker said what it offers? Not so when a broker that was restarted waits for those that its log names.
bool roster_is_described (const roster_t *self);

//  Is the function offered by anybody, or was it ever since the broker began?
bool roster_knew (const roster_t *self, const char *function);

//  Up to max names that are close to function, separated by commas; empty if there are none.
void roster_nearest (const roster_t *self, const char *function, size_t max, char *buffer, size_t size);

//  The agent is to be told to end this lease.
void roster_cancel (agent_t *agent, uint64_t serial);

//  Notes a lease given to the agent.
void roster_note_lease (agent_t *agent, const lease_t *lease);

//  What is offered now, each function once; borrowed.
catalog_t *roster_catalog (const roster_t *self);

const char *agent_state_name (const agent_t *agent);

#endif
