/*  context.h - the state that the modules of one broker share
 *
 *  The context holds the effective options, the clock of the current turn, counters, and pointers
 *  to the other modules, so that a module can be created and tested with only the modules that it
 *  needs. Owned by broker.c (in unit tests: by the test). Used by the broker's thread only.
 */

#ifndef BROKER_CORE_CONTEXT_H_INCLUDED
#define BROKER_CORE_CONTEXT_H_INCLUDED

#include "broker/core/walk.h"
#include "common/address.h"
#include "common/clock.h"
#include "common/timers.h"

struct delay;
struct compact;
struct authz;
struct tombstones;
struct job;
struct job_table;
struct journal;
struct ledger;
struct log_index;
struct meter;
struct notify;
struct pager;
struct ready;
struct roster;
struct throttle;

#define CONTEXT_NAME_BYTES 256
#define CONTEXT_STORE_BYTES 1024
#define CONTEXT_CLIENT_BYTES                                                                       \
    (64u * 1024 * 1024) //  Delivery backlog of a client above which its jobs are not dispatched
#define CONTEXT_ALLOWANCE_TASKS 1000000u //  Tasks that a client may send ahead
#define CONTEXT_ALLOWANCE_BYTES (64u * 1024 * 1024)
#define CONTEXT_JOURNAL_BYTES                                                                      \
    (4u << 20) //  Bytes in the journal above which no durable task may be sent ahead
#define CONTEXT_SINK_BYTES (8u * 1024 * 1024) //  Results of a worker that may be unacknowledged
#define CONTEXT_RESULTS_BYTES                                                                      \
    (1u << 20) //  Results in the journal above which durable jobs are not dispatched, so that other
               //  jobs need not wait for the disk
#define CONTEXT_OUTPUT_BYTES                                                                       \
    (1024u * 1024) //  Output of a lease that may be ahead of what was forwarded
#define CONTEXT_KEEP_BYTES                                                                         \
    (16u * 1024 * 1024) //  Output that is kept for one task of a detached job

#define CONTEXT_PORT_WORDS (65536 / 64) //  A bit for each port
#define CONTEXT_SPILL_SHARE                                                                        \
    4 //  Above 1/4 of the memory, data that is also in the store is evicted from memory

typedef enum context_state { CONTEXT_RUNNING, CONTEXT_DRAINING, CONTEXT_STOPPING } context_state_t;

typedef struct context {
    void *zmq;                             //  ZeroMQ's; borrowed
    struct notify *notify;                 //  Reports to the supervisor; borrowed; or NULL
    const clock_source_t *clock;           //  NULL: the boot-time clock
    int64_t now_us;                        //  Time of the current turn of the loop
    int64_t started_us;                    //  When the broker began
    char name [CONTEXT_NAME_BYTES];        //  Display name
    char store_name [CONTEXT_STORE_BYTES]; //  Path of the durable store, or empty
    struct store *(*store_open) (
        void *owner,
        struct fault *fault); //  Opens the store when the first durable job comes, or NULL
    void *store_owner;        //  Its first argument
    address_t addresses [ADDRESS_LIST_MAX];   //  Addresses on which it listens
    size_t addresses_count;                   //  How many of them
    uint16_t lane_first;                      //  First tcp port for lanes
    uint16_t lane_last;                       //  Last one
    uint64_t lane_ports [CONTEXT_PORT_WORDS]; //  tcp ports that lanes use: a bit each
    uint32_t beat_ms;                         //  Interval of BEATs
    uint32_t lost_ms;                         //  A peer that is silent for so long is lost
    uint64_t memory_limit;                    //  Bytes that the broker may hold
    bool embedded;                            //  No other process can join
    bool insecure;                            //  Other hosts can join without a key
    struct bulk *probe;                       //  Offered to local peers (sharing.h); NULL: none
    struct authz *authz;                      //  Keys; NULL: every peer is accepted
    uint64_t (*turned_away) (void);           //  Number of connections not accepted; or NULL
    const struct throttle *throttle;          //  Limits what libzmq reads; NULL: no limit
    const char *peer;                         //  User-Id of the sender of the current frame
    int peer_fd;                   //  Descriptor of the connection on which it came, or -1
    struct meter *meter;           //  Which key takes time; NULL: there are no keys
    uint32_t frame_work;           //  Tasks, results, output in the current frame
    uint32_t frame_waste;          //  The same, of no use
    bool keys_changed;             //  Sessions must be checked against new keys
    uint8_t state;                 //  context_state_t; changed by context_move
    uint64_t epoch;                //  Epoch of the leases that this broker gives
    uint64_t serial;               //  Number of the last lease
    timers_t *timers;              //  Alarms
    struct ledger *ledger;         //  Changes the state of jobs and tasks
    struct job_table *jobs;        //  All jobs; owned by the ledger
    struct tombstones *tombstones; //  Forgotten detached jobs; owned by the ledger
    struct log_index *log_index;   //  Which of both are in the log; owned by the ledger
    struct job *settling;          //  Jobs to settle (settle_queue.h)
    struct journal *journal;       //  Records changes in the store; NULL: no job is durable
    struct pager *pager;           //  Reads data back from the store; NULL as the journal
    struct compact *compact;       //  Compacts the store; NULL as the journal
    struct ready *ready;           //  Jobs that have tasks to run
    struct delay *delay;           //  Tasks that wait for their next try
    struct roster *roster;         //  Workers
    struct client *clients;        //  Sessions by number (uthash)
    struct key_usage *usages;      //  Usage of each key (uthash)
    uint64_t present_keys;         //  Of these, keys with sessions of clients
    struct client *dirty;          //  Clients with data to flush
    struct client *telling;        //  Clients that must be sent job states
    uint64_t job_bytes;            //  Held by jobs: JOB_OPEN data, tasks, payloads
    uint64_t open_bytes;           //  Of that, neither tasks nor payloads
    uint64_t kept_bytes;           //  Held by detached jobs: results and output
    uint64_t client_bytes;         //  Held by sessions of clients: streams, parts, job numbers
    uint64_t promised_bytes; //  Granted to clients and not used yet, beyond the common allowance
    uint64_t reply_bytes;    //  Of client_bytes: unacknowledged data that needs no window
    uint64_t deferred_bytes; //  Of client_bytes: frames that wait until replies are acknowledged
    uint64_t worker_bytes;   //  Held by workers: descriptions, leases, sockets; counted once a beat
    uint64_t sink_bytes;     //  Values that arrive from workers in parts
    uint64_t unread_bytes;   //  Held by libzmq: received and not read yet; counted each turn
    uint64_t tombstone_bytes; //  Identities of forgotten jobs
    uint64_t journal_bytes;   //  In the journal, not yet in the store; counted each turn
    uint64_t results_bytes;   //  Of that, results and output
    uint64_t tasks_waiting;   //  Tasks that could be dispatched, or wait for their next try
    uint64_t jobs_awaited;    //  Jobs for which a drain waits: attached, or detached and in memory
    int64_t drain_until_us;   //  The drain ends then, whatever is left; 0: no limit
    uint64_t tasks_done;      //  Tasks that succeeded, ever
    uint64_t memory_done;     //  Of that, tasks of jobs in memory
    uint64_t tasks_failed;    //  Tasks that did not succeed, ever
    uint64_t refused_frames;  //  Invalid frames, ever
    uint64_t stale_results;   //  Results for leases that were no longer valid
    uint64_t lost_workers;    //  Workers lost because of silence, ever
    uint64_t refused_hellos;  //  HELLOs refused for lack of room or by the rate limit, ever
    uint64_t cut_peers;       //  tcp connections that the broker closed, ever
    uint64_t failed_connections; //  Connections that ended without a message, ever
    uint64_t cut_outputs;        //  Tasks of which output was dropped for lack of room, ever
    uint64_t refused_bytes;      //  Jobs, workers and names refused for lack of memory, ever
    uint64_t stuck_clients;      //  Sessions ended because they acknowledged nothing, ever
    bool full;   //  Results of jobs in memory fill the memory: these jobs are not dispatched
    bool scarce; //  They nearly do: jobs of keys above their share are not dispatched
    uint64_t turn_tasks; //  Tasks received by JOB_TASKS in this turn
    bool heard;          //  Frames were received in this turn: answers must not be delayed
    walk_t round;        //  Position of the round through all jobs; see job_sweep.h
    bool round_again;    //  Another round must follow
    bool unfinished;     //  Work was postponed: the next turn begins at once
} context_t;

//  Changes the broker's state. Aborts when the transition is not allowed.
void context_move (context_t *self, context_state_t to);

//  How much of memory_limit is used.
static inline uint64_t context_used_bytes (const context_t *self)
{
    return self->job_bytes + self->kept_bytes + self->client_bytes + self->journal_bytes
           + self->worker_bytes + self->sink_bytes + self->unread_bytes + self->tombstone_bytes;
}

//  Data that is also in the store should be evicted from memory.
static inline bool context_is_tight (const context_t *self)
{
    return self->job_bytes + self->kept_bytes > self->memory_limit / CONTEXT_SPILL_SHARE;
}

#endif
