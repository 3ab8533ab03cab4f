/*  client.h - one client's session
 *
 *  Keeps the stream towards the client, what was received, windows both ways,
 *  the client's numbers of jobs, and the batch of results that is being filled.
 *  Knows nothing of sockets. The record is open to the broker's modules.
 */

#ifndef BROKER_PEERS_CLIENT_H_INCLUDED
#define BROKER_PEERS_CLIENT_H_INCLUDED

#include "broker/auth/authz.h"
#include "broker/core/burden.h"
#include "broker/core/hold.h"
#include "broker/core/inbox.h"
#include "broker/peers/purse.h"
#include "broker/record/digest.h"
#include "broker/record/job.h"
#include "common/hash.h"
#include "common/parts.h"
#include "common/sockets.h"
#include "common/stream.h"

#define CLIENT_REST_BYTES 4096   //  What a session takes that does nothing
#define CLIENT_JOBS_MAX 10000u   //  Attached jobs that have not ended
#define CLIENT_REFS_MAX 65536u   //  Numbers of jobs, refused and followed ones included
#define CLIENT_FOLLOW_BYTES 256u //  Of a job that it follows

typedef enum ref_kind {
    REF_REFUSED, //  There is no job: what follows is ignored
    REF_JOB,     //  A job that the client opened
    REF_FOLLOW   //  A job that it follows
} ref_kind_t;

//  A client's number for a job.
typedef struct ref {
    uint64_t ref;      //  The client's number
    uint64_t job;      //  The broker's number
    ref_kind_t kind;   //  What it stands for
    bool denied;       //  The client was told that it has no job, or has it no more
    digest_t digest;   //  Of a detached job: of the tasks that came under it
    UT_hash_handle hh; //  In client->refs
} ref_t;

//  A frame of its stream that waits.
typedef struct parked {
    struct parked *prev;      //  utlist: the one before, the head's is the tail
    struct parked *next;      //  utlist: the one behind
    wire_envelope_t envelope; //  As it came
    size_t size;              //  Bytes of its body
    uint8_t body [];          //  Without the envelope
} parked_t;

typedef struct client {
    uint64_t session;               //  Number of the session
    uint8_t uuid [WIRE_UUID_BYTES]; //  The connection's identity
    char name [HUB_NAME_BYTES];     //  Label for people
    char peer [KEYS_TEXT_BYTES];    //  What the gate calls it; "" without doors
    char key [KEYS_NAME_BYTES];     //  Name of its key; "" for who needs none
    char holder [KEYS_TEXT_BYTES];  //  Whose jobs it opens, as in rights_t
    purse_t *purse;                 //  What its key's peers hold
    sockets_route_t route;          //  Where it is, 0: not connected
    burden_t burden;                //  What that connection holds
    int64_t heard_us;               //  When it last said something
    int64_t hello_us;               //  Until then its HELLOs have used up their rate
    stream_t *out;                  //  What it is sent
    stream_in_t in;                 //  What it has sent
    parts_t *parts;                 //  Payloads on their way from it
    hold_t hold;                    //  Frames that are acknowledged when they are durable
    uint64_t parts_from;   //  With a journal: the first PART whose task has not come; 0: none
    inbox_t inbox;         //  What it has asked and was not answered yet
    uint64_t acknowledged; //  What the last BEAT to it said
    uint64_t unacknowledged_bytes; //  Received since then
    uint64_t received_tasks;       //  Tasks received in total
    uint64_t received_bytes;       //  Metered bytes received in total
    uint64_t granted_tasks;        //  Told to it: tasks in total
    uint64_t granted_bytes;        //  Told to it: bytes in total
    buffer_t batch;                //  Results, packed, that wait for the turn's end
    size_t batch_count;            //  How many
    ref_t *refs;                   //  Its numbers of jobs
    uint32_t jobs_open;            //  Jobs that it opened and that have not ended
    uint64_t job_bytes; //  Of the jobs that it opened and that are still there, without their tasks
    uint32_t follows;   //  Jobs that it follows
    job_t *changed;     //  Jobs whose state it is to be told
    struct follower *due;        //  Of those that it follows, those where something may be sent
    struct follower *untold;     //  ... and whose state may have changed
    bool telling;                //  It is in hub->telling
    int64_t tell_us;             //  When it is to be told those
    struct client *telling_prev; //  Neighbours there
    struct client *telling_next; //  …
    struct follower *followers;  //  What it follows
    uint64_t promised_bytes;     //  Its part of hub->promised_bytes
    uint64_t counted_bytes;      //  Its part of hub->client_bytes
    uint64_t counted_replies;    //  Its part of purse->reply_bytes and hub->reply_bytes
    uint64_t counted_waiting;    //  Its part of hub->parked_bytes
    parked_t *parked;            //  Frames that wait until it acknowledges replies, oldest first
    uint64_t parked_bytes;       //  What they take up
    uint64_t parked_metered;     //  Of their bytes, those that count against its window
    bool deaf; //  Later frames were dropped: it is asked for them when those that wait have gone
    int64_t stuck_us;   //  Since when it should acknowledge something and does not; 0: it need not,
                        //  or does
    uint64_t stuck_at;  //  How far it had come then
    bool stalled;       //  Its backlog is over the limit: its jobs are not dispatched
    bool durable;       //  It has opened a durable job
    bool sends_durable; //  The tasks that came from it last are durable
    bool told_full;     //  It knows that it waits for memory
    bool beat_due;      //  Tell it soon what was received
    bool dirty;         //  It is in hub->dirty
    struct client *dirty_prev; //  Neighbours there
    struct client *dirty_next; //  …
    UT_hash_handle hh;         //  In hub->clients, by session
    UT_hash_handle hh_uuid;    //  In the front, by uuid
    UT_hash_handle hh_route;   //  In the front, by route, unless that is 0
} client_t;

client_t *client_new (const uint8_t uuid [WIRE_UUID_BYTES]);
void client_destroy (client_t **self_p);

//  Has something to flush before the turn ends.
void client_touch (client_t *self, hub_t *hub);

//  What its numbers of jobs take up, those of jobs that it follows included; and what it holds in
//  all, its jobs apart.
uint64_t client_refs_bytes (const client_t *self);
uint64_t client_bytes (const client_t *self);

//  Counts what it holds anew in the sums of hub and purse; when it is not there any more, nothing.
void client_count (client_t *self, hub_t *hub, bool there);

ref_t *client_ref (client_t *self, uint64_t ref);
ref_t *client_ref_add (client_t *self, uint64_t ref, ref_kind_t kind, uint64_t job);
void client_ref_remove (client_t *self, uint64_t ref);

//  Appends one result to the batch: ref, then index and attempt, then the packed fields from
//  outcome to detail.
void client_result (client_t *self, hub_t *hub, uint64_t ref, uint32_t index, uint32_t attempt,
                    view_t tail);

//  The same with everything behind ref already packed.
void client_result_of (client_t *self, hub_t *hub, uint64_t ref, view_t body);

//  One result whose value goes in parts. Takes the content of *payload. head holds outcome, code
//  and run time, packed; detail one value.
void client_result_large (client_t *self, hub_t *hub, const wire_result_t *result,
                          buffer_t *payload);

//  JOB_OPENED. A fault turns the ref, which may be there, into one that is refused.
void client_opened (client_t *self, hub_t *hub, uint64_t ref, uint64_t number,
                    const fault_t *fault);
void client_output (client_t *self, hub_t *hub, uint64_t ref, view_t body);
void client_state (client_t *self, hub_t *hub, uint64_t ref, const job_t *job, bool final);
void client_notice (client_t *self, hub_t *hub, uint64_t ref, cadre_error_t code,
                    const char *message);

//  Closes the batch: it becomes a frame of the stream.
void client_flush (client_t *self);

//  It is to be told states of its jobs, soon; or no more.
void client_tell (client_t *self, hub_t *hub, bool tell);

//  The job's state is to be told; forgotten when it ends.
void client_changed (client_t *self, job_t *job);
void client_unchanged (client_t *self, job_t *job);

//  What may be acknowledged of what it has sent.
uint64_t client_acknowledgeable (const client_t *self);

//  Has it, or have all sessions of its key, so many replies to acknowledge that its requests wait?
bool client_is_full (const client_t *self, const hub_t *hub);

//  Bytes that it has not acknowledged, and at how many its tasks wait: fewer when many clients do
//  not read.
size_t client_backlog (const client_t *self);
size_t client_backlog_max (const hub_t *hub);

//  What may be on its way to each client: less when clients hold much.
uint64_t client_flight_max (const hub_t *hub);

#endif
