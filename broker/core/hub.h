/*  hub.h - what the modules of one broker share
 *
 *  The hub is the broker's blackboard: options as they hold, the clock of this
 *  turn, counters, and the other modules, so that each of them can be made and
 *  tested with the neighbours that it needs. Its owner is broker.c (in unit
 *  tests: the test). Everything here belongs to the broker's one thread.
 */

#ifndef BROKER_CORE_HUB_H_INCLUDED
#define BROKER_CORE_HUB_H_INCLUDED

#include "broker/core/walk.h"
#include "common/address.h"
#include "common/moment.h"
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
struct notify;
struct pager;
struct ready;
struct roster;
struct throttle;

#define HUB_NAME_BYTES 256
#define HUB_STORE_BYTES 1024
#define HUB_CLIENT_BYTES                                                                           \
    (64u * 1024 * 1024)              //  Delivery backlog of a client at which its tasks wait
#define HUB_ALLOWANCE_TASKS 1000000u //  Tasks that a client may send ahead
#define HUB_ALLOWANCE_BYTES (64u * 1024 * 1024)
#define HUB_JOURNAL_BYTES                                                                          \
    (4u << 20) //  On their way to the store; beyond that no durable task may be sent ahead
#define HUB_SINK_BYTES (8u * 1024 * 1024) //  Results of a worker that may be unacknowledged
#define HUB_RESULTS_BYTES                                                                          \
    (1u << 20) //  Results on their way to the store at which durable jobs rest, lest others wait
               //  for the disk
#define HUB_OUTPUT_BYTES                                                                           \
    (1024u * 1024) //  Output of a lease that may be ahead of what was passed on
#define HUB_KEEP_BYTES (16u * 1024 * 1024) //  Output that is kept of one task of a detached job

#define HUB_PORT_WORDS (65536 / 64) //  Bits for all ports
#define HUB_SPILL_SHARE                                                                            \
    4 //  Beyond a quarter of the memory, what lies in the store is put out of memory

typedef enum hub_state { HUB_RUNNING, HUB_DRAINING, HUB_STOPPING } hub_state_t;

typedef struct hub {
    void *context;                     //  ZeroMQ's; borrowed
    struct notify *notify;             //  Tells the supervisor; borrowed; or NULL
    const moment_clock_t *clock;       //  NULL: the boot-time clock
    int64_t now_us;                    //  Time of this turn of the loop
    int64_t started_us;                //  When the broker began
    char name [HUB_NAME_BYTES];        //  Label for people
    char store_name [HUB_STORE_BYTES]; //  Where durable jobs are, or empty
    struct store *(*store_open) (
        void *owner,
        struct fault *fault);               //  Opens that when the first one comes, or NULL
    void *store_owner;                      //  Its first argument
    address_t addresses [ADDRESS_LIST_MAX]; //  Where it listens
    size_t addresses_count;                 //  How many of them
    uint16_t lane_first;                    //  First tcp port for lanes
    uint16_t lane_last;                     //  Last one
    uint64_t lane_ports [HUB_PORT_WORDS];   //  Of tcp, those that lanes have: a bit each
    uint32_t beat_ms;                       //  How often peers say that they live
    uint32_t lost_ms;                       //  Silence after which they do not
    uint64_t memory_limit;                  //  Bytes that the broker may hold
    bool embedded;                          //  Nobody else can join
    bool insecure;                          //  Other hosts can join without a key
    struct authz *doors;                    //  Keys; NULL: everybody is let in
    uint64_t (*turned_away) (void);         //  Connections not accepted; or NULL
    const struct throttle *throttle;        //  What libzmq reads; NULL: as much as it likes
    const char *peer;                       //  Who sent the frame at hand, as the gate calls it
    int peer_fd;                            //  The connection by which it came, or -1
    bool keys_changed;                      //  Sessions are to be checked against new keys
    uint8_t state;                          //  hub_state_t; changed by hub_move
    uint64_t epoch;                         //  Of the leases given here
    uint64_t serial;                        //  The last lease's number
    timers_t *timers;                       //  Alarms
    struct ledger *ledger;                  //  Changes of jobs and their tasks
    struct job_table *jobs;                 //  All jobs; the ledger's
    struct tombstones *ghosts;              //  Forgotten detached jobs; the ledger's
    struct log_index *log_index;            //  What of both is in the log; the ledger's
    struct job *settling;                   //  Jobs to look at (settle_queue.h)
    struct journal *journal; //  Their changes on the way to the store; NULL: no job is durable
    struct pager *pager;     //  Reads back from there; as the journal
    struct compact *compact; //  Makes room there; as the journal
    struct ready *ready;     //  Jobs that have something to run
    struct delay *delay;     //  Tasks that wait for their next try
    struct roster *roster;   //  Workers
    struct client *clients;  //  Sessions by number (uthash)
    struct purse *purses;    //  What each key's peers hold (uthash)
    uint64_t present_keys;   //  Of these, keys that have sessions of clients
    struct client *dirty;    //  Clients with something to flush
    struct client *telling;  //  Clients with jobs whose state they are to be told
    uint64_t job_bytes;      //  Held by jobs: what JOB_OPEN said, tasks, payloads
    uint64_t open_bytes;     //  Of that, what is neither task nor payload
    uint64_t kept_bytes;     //  Held by detached jobs: results and output
    uint64_t client_bytes;   //  Held by sessions of clients: streams, parts, numbers of jobs
    uint64_t promised_bytes; //  Not held yet: what clients may send ahead, beyond what all may
    uint64_t reply_bytes;    //  Of that, what needs no window and is not acknowledged
    uint64_t parked_bytes;   //  Of that, frames that wait until replies are acknowledged
    uint64_t
        worker_bytes;    //  Held by workers: what they offer, leases, sockets; counted once a beat
    uint64_t sink_bytes; //  Values on their way from workers, in parts
    uint64_t
        unread_bytes; //  Held by libzmq: what has come and was not handed over; counted each turn
    uint64_t ghost_bytes;    //  Identities of jobs that were forgotten
    uint64_t journal_bytes;  //  On their way to the store; counted each turn
    uint64_t results_bytes;  //  Of that, results and output
    uint64_t tasks_waiting;  //  That could be handed out, or wait for their next try
    uint64_t jobs_attached;  //  Jobs whose client is there and waits for them
    uint64_t tasks_done;     //  Ended well, ever
    uint64_t memory_done;    //  Of that, tasks of jobs in memory
    uint64_t tasks_failed;   //  Ended in another way, ever
    uint64_t refused_frames; //  Frames that were not what they should be
    uint64_t stale_results;  //  Results of leases that were no longer valid
    uint64_t lost_workers;   //  Workers that went silent, ever
    uint64_t refused_hellos; //  HELLOs for which there was no room, or that came too often, ever
    uint64_t cut_peers;      //  Of tcp, cut off by the broker, ever
    uint64_t refused_bytes;  //  Jobs, workers and names for which there was no room, ever
    uint64_t stuck_clients;  //  Sessions that ended because they acknowledged nothing, ever
    bool full;               //  Results of jobs in memory fill it: those jobs rest
    uint64_t turn_tasks;     //  Tasks that JOB_TASKS have brought in this turn
    bool heard;              //  Frames have come in this turn: who sent them is not kept waiting
    walk_t round;            //  How far the round through all jobs is; see rounds.h
    bool round_again;        //  Another one is to follow it
    bool unfinished;         //  Work was put off: the next turn begins at once
} hub_t;

//  The broker is in that state now. Ends the process if that may not follow its present one.
void hub_move (hub_t *self, hub_state_t to);

//  What of memory_limit is taken.
static inline uint64_t hub_used_bytes (const hub_t *self)
{
    return self->job_bytes + self->kept_bytes + self->client_bytes + self->journal_bytes
           + self->worker_bytes + self->sink_bytes + self->unread_bytes + self->ghost_bytes;
}

//  What lies in the store need not stay in memory.
static inline bool hub_is_tight (const hub_t *self)
{
    return self->job_bytes + self->kept_bytes > self->memory_limit / HUB_SPILL_SHARE;
}

#endif
