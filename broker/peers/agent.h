/*  agent.h - one worker process, as the broker sees it
 *
 *  What it offers, its session, its lane, and which leases it holds. It keeps its
 *  place in the roster from its first HELLO until it is lost or has left; sessions
 *  come and go. The record is open to the broker's modules.
 */

#ifndef BROKER_PEERS_AGENT_H_INCLUDED
#define BROKER_PEERS_AGENT_H_INCLUDED

#include "broker/core/hold.h"
#include "broker/peers/lane.h"
#include "broker/peers/sink_window.h"
#include "common/hash.h"
#include "common/keys.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/spans.h"
#include "common/stream.h"

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
    uint8_t state;                  //  agent_state_t: how far it is; changed by agent_move
    char name [HUB_NAME_BYTES];     //  Label for people
    char host [HUB_NAME_BYTES];     //  Its machine
    char peer [KEYS_TEXT_BYTES];    //  What the gate calls it; "" without doors
    char key [KEYS_NAME_BYTES];     //  Name of its key; "" for who needs none
    char version [64];              //  Its release
    uint64_t pid;                   //  Process there
    uint32_t slots;                 //  Tasks at a time
    bool described;         //  It has said HELLO to this broker; else only the log knows of it
    bool threads;           //  Slots are threads
    bool commands;          //  Runs commands
    bool breached;          //  A task of its was to blame for the end of its last session
    bool draining;          //  It was told to leave, or does so: also in its next session
    char **labels;          //  What jobs may need
    size_t labels_count;    //  How many
    offer_t *offers;        //  Functions
    uint64_t said_bytes;    //  What labels and functions take up
    lane_t *lane;           //  NULL when away
    stream_in_t in;         //  What was received on the sink
    hold_t hold;            //  Frames of the sink that are acknowledged when they are durable
    parts_t *parts;         //  Payloads on their way on the sink
    uint64_t beat_received; //  Of the lane, as its last BEAT said
    uint64_t lane_sent;     //  Of the lane, when that BEAT came
    uint64_t sink_sent;     //  Of the sink, as its last BEAT said
    uint64_t sink_received; //  Of the sink, when that BEAT came
    int64_t judged_us;      //  When its beats were last looked at for progress
    unsigned stalls;        //  Beats without progress, one after the other
    sink_window_t window;   //  What it has sent there ahead of our BEATs
    uint64_t unacknowledged_bytes; //  Received on the sink since our last BEAT
    bool beat_due;                 //  Tell it soon what was received
    bool deaf;           //  Something that it was told was lost: too much waits for it to be read
    int64_t heard_us;    //  When it last said something
    int64_t joined_us;   //  When this session began
    int64_t hello_us;    //  Until then its HELLOs have used up their rate
    int64_t answered_us; //  When its last result came
    uint32_t leased;     //  Leases that it holds
    uint64_t work_us;    //  What they are thought to cost
    lease_t *leases;     //  Given to it, oldest first, some of them no longer held
    size_t leases_count; //  How many
    size_t leases_capacity; //  Allocated
    spans_t cancels;        //  To be cancelled
    size_t cancels_sent;    //  Of these, so many were sent
    bool
        cancels_early; //  ... while leases waited in the lane: they are sent again when it is empty
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

//  The agent is in that state now. Ends the process if that may not follow its present one.
void agent_move (agent_t *self, agent_state_t to);
const char *agent_state_name (const agent_t *self);

//  The agent is to be told to end this lease.
void agent_cancel (agent_t *self, uint64_t serial);

//  Notes a lease given to the agent.
void agent_note_lease (agent_t *self, const lease_t *lease);

#endif
