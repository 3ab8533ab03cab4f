/*  worker_record.h - one worker process, as the broker sees it
 *
 *  What it offers, its session, its lane, and its leases. It keeps its index in the roster from its
 *  first HELLO until it is lost or has left, over all its sessions. The struct is open to the
 *  broker's modules.
 */

#ifndef BROKER_PEERS_WORKER_RECORD_H_INCLUDED
#define BROKER_PEERS_WORKER_RECORD_H_INCLUDED

#include "broker/core/ack_hold.h"
#include "broker/peers/lane.h"
#include "broker/peers/sink_window.h"
#include "common/hash.h"
#include "common/keys.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/spans.h"
#include "common/stream.h"

typedef enum worker_record_state {
    WORKER_AWAY,     //  Its session has ended; it may reconnect and be adopted
    WORKER_JOINING,  //  Its lane is bound, LANE_OPEN has not come
    WORKER_READY,    //  It gets tasks
    WORKER_DRAINING, //  It gets no more tasks
    WORKER_STATES
} worker_record_state_t;

//  A function that it offers.
typedef struct offer {
    char *name;        //  Name of the function
    char *takes;       //  Its arguments
    char *says;        //  Description
    UT_hash_handle hh; //  In worker->offers, by name
} offer_t;

//  A lease that was given to it. The task's state says whether it still holds it.
typedef struct lease {
    uint64_t job;    //  Number of the job
    uint64_t serial; //  Number of the lease
    uint32_t index;  //  Index of the task
    uint32_t at_s;   //  When it was given: seconds since the broker began
} lease_t;

//  Leases that a worker is told of, in CANCEL or RECALL.
typedef struct worker_order {
    spans_t leases; //  By serial
    size_t sent;    //  How many of these spans were sent
    bool early;     //  ... while leases waited in the lane: sent again when it is empty
} worker_order_t;

typedef struct worker_record {
    uint32_t index;                 //  Its index in the roster
    uint64_t number;                //  For people; never reused
    uint64_t session;               //  Number of the session, 0 when away
    uint8_t uuid [WIRE_UUID_BYTES]; //  The process's identity
    sockets_route_t route;          //  Its route on the back socket
    int fd;                         //  Descriptor of that connection; -1: not tcp
    uint8_t state;                  //  worker_record_state_t; changed by worker_record_move
    char name [CONTEXT_NAME_BYTES]; //  Display name
    char host [CONTEXT_NAME_BYTES]; //  Host name of its machine
    char peer [KEYS_TEXT_BYTES];    //  Its User-Id; "" without keys
    char key [KEYS_NAME_BYTES];     //  Name of its key; "" for a peer without a key
    char version [64];              //  Its version of cadre
    uint64_t pid;                   //  Its process ID
    uint32_t slots;                 //  Tasks at a time
    bool described; //  It has sent HELLO to this broker process; else it is known from the log only
    bool threads;   //  Slots are threads
    bool commands;  //  Runs commands
    bool breached;  //  Its last session ended because of a task
    bool shares;    //  Its files can be opened here
    bool draining;  //  It was told to leave, or is leaving: holds for its next session, too
    bool drained;   //  It has drained: what it is still sent is not started
    char **labels;  //  Labels that jobs may require
    size_t labels_count;           //  How many
    offer_t *offers;               //  Functions that it offers
    uint64_t said_bytes;           //  Size of labels and functions
    lane_t *lane;                  //  NULL when away
    stream_in_t in;                //  Stream received on the sink
    ack_hold_t hold;               //  Frames of the sink, acknowledged when they are durable
    parts_t *parts;                //  Payloads that arrive in parts on the sink
    uint64_t beat_received;        //  Frames of the lane received, in its last BEAT
    uint64_t lane_sent;            //  Frames of the lane sent, when that BEAT came
    uint64_t sink_sent;            //  Frames of the sink sent, in its last BEAT
    uint64_t sink_received;        //  Frames of the sink received, when that BEAT came
    int64_t judged_us;             //  When its BEATs were last checked for progress
    unsigned stalls;               //  Consecutive BEATs without progress
    sink_window_t window;          //  What it has sent on the sink ahead of our BEATs
    uint64_t unacknowledged_bytes; //  Received on the sink since our last BEAT
    bool beat_due;                 //  A BEAT must be sent soon
    bool deaf;                     //  A frame to it was dropped because it did not read
    int64_t heard_us;              //  When its last frame came
    int64_t joined_us;             //  When this session began
    int64_t hello_us;              //  No HELLO is accepted before this time (rate limit)
    int64_t answered_us;           //  When its last result came
    uint32_t leased;               //  Leases that it holds
    uint64_t work_ns;              //  Estimated cost of these leases
    lease_t *leases;         //  Leases given to it, oldest first; some of them are no longer held
    size_t leases_count;     //  How many
    size_t leases_capacity;  //  Allocated
    worker_order_t cancels;  //  Leases to cancel
    worker_order_t recalls;  //  Leases to return, if they have not begun
    int64_t recall_until_us; //  Deadline of the recall in progress; 0: none
    uint64_t claimed;        //  Turn in which a job waits for all its slots: it gets no tasks ahead
    uint64_t sent;           //  Tasks sent to it, ever
    uint64_t answered;       //  Leases that it answered, ever
    uint64_t done;           //  Tasks that succeeded, ever
    uint64_t failed;         //  Tasks that did not succeed, ever
    UT_hash_handle hh_session; //  In the roster, by session
    UT_hash_handle hh_uuid;    //  In the roster, by uuid
    UT_hash_handle hh_route;   //  In the roster, by route, unless that is 0
} worker_record_t;

//  Changes the worker's state. Aborts when the transition is not allowed.
void worker_record_move (worker_record_t *self, worker_record_state_t to);
const char *worker_record_state_name (const worker_record_t *self);

//  Queues the lease to be cancelled by the worker, or to be returned if it has not begun.
void worker_record_cancel (worker_record_t *self, uint64_t serial);
void worker_record_recall (worker_record_t *self, uint64_t serial);

//  Records a lease given to the worker.
void worker_record_note_lease (worker_record_t *self, const lease_t *lease);

#endif
