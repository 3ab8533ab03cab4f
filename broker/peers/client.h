/*  client.h - one client's session
 *
 *  Holds the stream to the client, the received stream, the windows in both directions, the
 *  client's job numbers, and the batch of results for this turn. Does not use sockets. The struct
 *  is open to the broker's modules.
 */

#ifndef BROKER_PEERS_CLIENT_H_INCLUDED
#define BROKER_PEERS_CLIENT_H_INCLUDED

#include "broker/auth/authz.h"
#include "broker/core/ack_hold.h"
#include "broker/core/inbox.h"
#include "broker/core/peer_backlog.h"
#include "broker/peers/key_usage.h"
#include "broker/record/digest.h"
#include "broker/record/job.h"
#include "common/hash.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/stream.h"

#define CLIENT_REST_BYTES 4096   //  Memory of an idle session
#define CLIENT_JOBS_MAX 10000u   //  Attached jobs that have not ended
#define CLIENT_REFS_MAX 65536u   //  Job numbers, including refused and followed jobs
#define CLIENT_FOLLOW_BYTES 256u //  Memory of a followed job

typedef enum ref_kind {
    REF_REFUSED, //  No job: later frames with this number are ignored
    REF_JOB,     //  A job that the client opened
    REF_FOLLOW   //  A job that it follows
} ref_kind_t;

//  A client's number for a job.
typedef struct ref {
    uint64_t ref;      //  The client's number
    uint64_t job;      //  The broker's number
    ref_kind_t kind;   //  What it stands for
    bool denied;       //  The client was told that the job does not exist, or no longer
    digest_t digest;   //  Detached job: digest of the tasks that came with this number
    UT_hash_handle hh; //  In client->refs
} ref_t;

//  A frame of its stream that waits.
typedef struct deferred {
    struct deferred *prev;    //  utlist: the previous one; the head's is the tail
    struct deferred *next;    //  utlist: the next one
    wire_envelope_t envelope; //  As it came
    size_t size;              //  Bytes of its body
    uint8_t body [];          //  Without the envelope
} deferred_frame_t;

typedef struct client {
    uint64_t session;               //  Number of the session
    uint8_t uuid [WIRE_UUID_BYTES]; //  The connection's identity
    char name [CONTEXT_NAME_BYTES]; //  Display name
    char peer [KEYS_TEXT_BYTES];    //  Its User-Id; "" without keys
    char key [KEYS_NAME_BYTES];     //  Name of its key; "" for a peer without a key
    char holder [KEYS_TEXT_BYTES];  //  Owner of the jobs that it opens, as in rights_t
    key_usage_t *usage;             //  Usage of its key
    sockets_route_t route;          //  Its route, 0: not connected
    peer_backlog_t backlog;         //  Bytes in flight on that connection
    int64_t heard_us;               //  When its last frame came
    int64_t hello_us;               //  No HELLO is accepted before this time (rate limit)
    stream_t *out;                  //  Stream to the client
    stream_in_t in;                 //  Stream from the client
    parts_t *parts;                 //  Payloads that arrive in parts
    ack_hold_t hold;                //  Frames that are acknowledged when they are durable
    uint64_t parts_from;   //  With a journal: the first PART whose task has not come; 0: none
    inbox_t inbox;         //  Requests not answered yet
    uint64_t acknowledged; //  Frames acknowledged by the last BEAT to it
    uint64_t unacknowledged_bytes; //  Received since then
    uint64_t received_tasks;       //  Tasks received in total
    uint64_t received_bytes;       //  Metered bytes received in total
    uint64_t granted_tasks;        //  Granted to it: tasks in total
    uint64_t granted_bytes;        //  Granted to it: bytes in total
    buffer_t batch;                //  Packed results that are sent at the end of the turn
    size_t batch_count;            //  How many
    ref_t *refs;                   //  Its numbers of jobs
    uint32_t jobs_open;            //  Jobs that it opened and that have not ended
    uint64_t job_bytes;      //  Size of the jobs that it opened and that still exist, without tasks
    uint32_t follows;        //  Jobs that it follows
    job_t *changed;          //  Jobs whose state must be sent
    struct follower *due;    //  Followed jobs for which data may be sent
    struct follower *untold; //  Followed jobs whose state may have changed
    bool telling;            //  It is in ctx->telling
    int64_t tell_us;         //  When the states must be sent
    struct client *telling_prev; //  Neighbours in that list
    struct client *telling_next; //  …
    struct follower *followers;  //  Jobs that it follows
    uint64_t promised_bytes;     //  Its part of ctx->promised_bytes
    uint64_t counted_bytes;      //  Its part of usage->client_bytes and ctx->client_bytes
    uint64_t counted_replies;    //  Its part of usage->reply_bytes and ctx->reply_bytes
    uint64_t counted_waiting;    //  Its part of ctx->deferred_bytes
    deferred_frame_t *deferred;  //  Frames that wait until it acknowledges replies, oldest first
    uint64_t deferred_bytes;     //  Their size
    uint64_t parked_metered;     //  Of that, bytes that count against its window
    bool deaf; //  Later frames were dropped: it must send them again when the deferred ones are
               //  processed
    int64_t stuck_us;   //  Since when it fails to acknowledge; 0: it acknowledges, or need not
    uint64_t stuck_at;  //  What it had acknowledged at that time
    bool stalled;       //  Its backlog is over the limit: its jobs are not dispatched
    bool shares;        //  Its files can be opened here
    bool durable;       //  It has opened a durable job
    bool sends_durable; //  The last tasks from it were durable
    bool told_full;     //  It was told that it waits for memory
    bool beat_due;      //  A BEAT must be sent soon
    bool dirty;         //  It is in ctx->dirty
    struct client *dirty_prev; //  Neighbours in that list
    struct client *dirty_next; //  …
    UT_hash_handle hh;         //  In ctx->clients, by session
    UT_hash_handle hh_uuid;    //  In the front, by uuid
    UT_hash_handle hh_route;   //  In the front, by route, unless that is 0
} client_t;

client_t *client_new (const uint8_t uuid [WIRE_UUID_BYTES]);
void client_destroy (client_t **self_p);

//  Charges the time of what the broker does for the client besides its work (meter.h).
void client_charge (const client_t *self, context_t *ctx, uint64_t cost_ns);

//  The client has data to flush before the turn ends.
void client_touch (client_t *self, context_t *ctx);

//  Memory of its job numbers, including followed jobs; and of the whole session without its jobs.
uint64_t client_refs_bytes (const client_t *self);
uint64_t client_bytes (const client_t *self);

//  Updates its part of the sums of context and usage; there = false: removes it.
void client_count (client_t *self, context_t *ctx, bool there);

ref_t *client_ref (client_t *self, uint64_t ref);
ref_t *client_ref_add (client_t *self, uint64_t ref, ref_kind_t kind, uint64_t job);
void client_ref_remove (client_t *self, uint64_t ref);

//  Appends one result to the batch: ref, index and attempt, then the packed fields from outcome to
//  detail.
void client_result (client_t *self, context_t *ctx, uint64_t ref, uint32_t index, uint32_t attempt,
                    view_t tail);

//  The same; body holds everything after ref, packed.
void client_result_of (client_t *self, context_t *ctx, uint64_t ref, view_t body);

//  One result whose value goes in parts. Takes the content of *payload. head holds outcome, code
//  and run time, packed; detail one value.
void client_result_large (client_t *self, context_t *ctx, const wire_result_t *result,
                          buffer_t *payload);

//  Sends JOB_OPENED. A fault marks the ref, which may exist already, as refused.
void client_opened (client_t *self, context_t *ctx, uint64_t ref, uint64_t number,
                    const fault_t *fault);
void client_output (client_t *self, context_t *ctx, uint64_t ref, view_t body);
void client_state (client_t *self, context_t *ctx, uint64_t ref, const job_t *job, bool final);
void client_notice (client_t *self, context_t *ctx, uint64_t ref, cadre_error_t code,
                    const char *message);

//  Closes the batch: it becomes a frame of the stream.
void client_flush (client_t *self);

//  Schedules states of its jobs to be sent soon, or cancels that.
void client_tell (client_t *self, context_t *ctx, bool tell);

//  The job's state must be sent, or no longer. Call client_unchanged before the job ends.
void client_changed (client_t *self, job_t *job);
void client_unchanged (client_t *self, job_t *job);

//  The highest frame that may be acknowledged.
uint64_t client_acknowledgeable (const client_t *self);

//  Must its requests wait because the session, or all sessions of its key, have too many
//  unacknowledged replies?
bool client_is_full (const client_t *self, const context_t *ctx);

//  Bytes that it has not acknowledged; and the limit above which its jobs are not dispatched, which
//  is lower when many clients do not read.
size_t client_backlog (const client_t *self);
size_t client_backlog_max (const context_t *ctx);

//  Limit of data in flight to each client, lower when clients hold much.
uint64_t client_flight_max (const context_t *ctx);

#endif
