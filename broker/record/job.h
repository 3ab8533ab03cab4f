/*  job.h - one job: its options, its tasks, and which of them may run
 *
 *  A ready job is a cursor (next) into its array of tasks and a stack of those
 *  that came back. The record is open to the broker's modules; its counts and
 *  its tasks' states are changed by the ledger alone.
 */

#ifndef BROKER_RECORD_JOB_H_INCLUDED
#define BROKER_RECORD_JOB_H_INCLUDED

#include "broker/core/walk.h"
#include "broker/record/digest.h"
#include "broker/record/identity.h"
#include "broker/record/payloads.h"
#include "broker/record/result_log.h"
#include "broker/record/task.h"
#include "broker/record/wait_note.h"
#include "common/hash.h"
#include "common/spans.h"
#include "common/tries.h"

struct client;
struct demand;
struct follower;
struct purse;
struct share;

#define JOB_PRIORITY_MAX 1000000
#define JOB_NEEDS_MAX 32u
#define JOB_AROUND_BYTES                                                                           \
    1024u //  Of a job, in what serves it elsewhere: stock, keep, tables, what it asks, its turn
#define JOB_COST_USUAL_US                                                                          \
    2000u //  Of a task before one was measured; more than that takes up its slot

//  A lane that was told of the job.
typedef struct job_lane {
    uint32_t agent;   //  Place of its worker in the roster
    uint64_t session; //  The worker's session
} job_lane_t;

//  Tasks that came together, for those that expire.
typedef struct arrival {
    uint32_t end;  //  Index behind the last of them
    int64_t at_us; //  When
} arrival_t;

typedef struct job {
    uint64_t number;          //  Its name for people
    identity_t identity;      //  Whose it is, and which of theirs
    uint64_t ref;             //  Its owner's number for it
    struct client *owner;     //  Who is told of it; NULL when detached or abandoned
    bool detached;            //  Outlives its client
    bool durable;             //  Outlives the broker; detached as well
    bool abandoned;           //  Its client is gone: results are dropped
    bool shared;              //  It was opened more than once: tasks that it has may be said again
    bool sealed;              //  No more tasks come
    bool cancelled;           //  Cancelled as a whole
    bool ended;               //  All tasks of a sealed, detached job have ended
    bool fitted;              //  Some worker could run it, now or before
    bool noticed;             //  The client was told why it waits
    wait_note_t patience;     //  Of its owner
    char *name;               //  Label for people
    char *function;           //  What to call
    char *client_name;        //  Label of who opened it
    char **needs;             //  Labels that a worker must have
    size_t needs_count;       //  How many of them
    buffer_t spec;            //  What its commands have in common
    uint32_t kind;            //  WIRE_KIND_…
    int32_t priority;         //  Higher goes first
    uint32_t limit;           //  Leases at a time; 0: no limit
    tries_t tries;            //  When and how often a task is tried again
    uint64_t expire_ms;       //  A task that has waited so long is not begun; 0: it waits for ever
    spans_t has;              //  Tasks by index whose results its client has from a broker before
    size_t has_at;            //  Spans before this one are behind the tasks that have come
    uint64_t timeout_ms;      //  For one try
    uint64_t grace_ms;        //  From SIGTERM to SIGKILL
    int64_t created_us;       //  Wall time
    int64_t ended_us;         //  Wall time; 0 until then
    int64_t over_us;          //  The same on the broker's clock, which nobody sets
    int64_t waiting_us;       //  Since when nobody can run what waits; 0: somebody can
    task_t *tasks;            //  All of them, by index
    uint32_t total;           //  Tasks received
    uint32_t capacity;        //  Tasks allocated
    uint32_t next;            //  Those from here on were never looked at
    arrival_t *arrivals;      //  With expire_ms: when tasks came, oldest first
    size_t arrivals_count;    //  How many
    size_t arrivals_capacity; //  Allocated
    int64_t came_us;          //  Replayed: when the tasks came that are appended next; 0: now
    uint32_t expires;         //  Tasks before this one came too long ago to be begun now
    uint32_t expired;         //  Those before this one were ended therefore
    uint32_t *stack;          //  Indexes before next that may be ready again
    uint32_t stack_count;     //  How many
    uint32_t stack_capacity;  //  Indexes allocated
    uint32_t ready;           //  Tasks in TASK_READY
    uint32_t delayed;         //  Tasks in TASK_DELAYED
    uint32_t leased;          //  Tasks with a lease
    uint32_t cancelling;      //  Of these, tasks whose worker was told to end them
    uint32_t struck;          //  Cancelled as a whole: workers were told of tasks before this one
    size_t shed;              //  Bytes of its arrays that were given back
    uint32_t done;            //  Tasks that ended well
    uint32_t failed;          //  Tasks that ended in another way
    uint32_t told_waiting;    //  Of ready and delayed, as the sum of all jobs has it
    uint32_t told_open;       //  Tasks that have not ended, as the share's sum has it
    bool told_attached;       //  Its client waits for it, as the ledger has counted
    uint32_t mean_us;         //  Moving mean of the run time; 0 until measured
    uint32_t mean_bytes;      //  Moving mean of payload and result
    uint32_t past;            //  Attached: tasks before this have ended well
    uint32_t forgotten;       //  Attached: tasks before this take up no memory
    uint8_t doom;             //  Outcome that all waiting tasks get; 0: none
    uint32_t reaped;          //  Tasks before this have met their doom
    buffer_t doom_detail;     //  Why: one packed value
    uint32_t promised;        //  Tasks that came; durable ones join total when they are on the disk
    bool seal_promised;       //  The seal came; likewise
    digest_t digest;          //  Detached: of the payloads that came
    uint32_t pending;         //  Frames of those two kinds that are not on the disk
    uint32_t undelivered;     //  Results that are not on the disk
    buffer_t open;            //  Durable: its JOB_OPEN
    uint64_t room;            //  Durable: bytes reserved in the store and not filled
    uint64_t logged_bytes;    //  Durable: in the store, of what is still needed
    bool logged;              //  Durable: it is in the log
    uint64_t logged_at;   //  There: the batch in which it begins; 0: the one that is being gathered
    struct job *log_prev; //  Neighbours in the log
    struct job *log_next; //  …
    payloads_t *stock;    //  Payloads
    result_log_t *keep;   //  Detached: results and output; else NULL
    uint64_t *kept_at;    //  Detached: place of each task's result in keep, plus 1
    struct follower *followers; //  Clients that follow it
    job_lane_t *lanes;          //  Lanes that know it
    size_t lanes_count;         //  How many
    struct demand *demand;      //  What it asks of a worker
    struct job *demand_prev;    //  Neighbours among its ready jobs
    struct job *demand_next;    //  …
    bool is_ready;              //  It is among the ready ones
    bool passed;                //  It is passed over in this turn
    struct share *share;        //  Whose turn it takes
    struct ready_queue *queue;  //  Where it waits, NULL if it does not
    struct job *ready_prev;     //  Neighbours in the queue
    struct job *ready_next;     //  …
    bool changed;               //  Its owner is to be told of its state
    struct job *changed_prev;   //  Neighbours in the owner's list
    struct job *changed_next;   //  …
    bool settling;              //  It is in the ledger's list of jobs to look at
    struct job *settle_prev;    //  Neighbours there, or among jobs whose memory is given back
    struct job *settle_next;    //  …
    walk_t *walks;              //  Those who go through the jobs and stand here
    uint64_t *bytes_p;          //  The total that it adds to; borrowed
    size_t weight;              //  Of that: what it holds besides tasks and payloads
    uint64_t session;           //  Of the client that opened it; 0: it comes from the log
    struct purse *purse;        //  Of the key of that client, or NULL
    size_t charged;             //  Counted in both of them
    UT_hash_handle hh_number;   //  In the ledger, by number
    UT_hash_handle hh_identity; //  In the ledger, by identity
} job_t;

job_t *job_new (uint64_t *bytes_p);
void job_destroy (job_t **self_p, uint64_t *bytes_p);

//  What it holds besides tasks and payloads may have changed: gives back what was allocated in
//  vain, and counts it anew.
void job_weigh (job_t *self);
//  Gives back memory of a job that goes, as far as visits (of a task, see request.h) allow; it
//  counts them down. True when job_destroy is cheap.
bool job_shed (job_t *self, uint32_t *visits);

//  Makes room for more tasks, and appends them as ready; place as in payloads_append.
void job_append (job_t *self, const wire_list_t *payloads, const payloads_place_t *place,
                 uint64_t *bytes_p);

//  A task of an attached job has ended well: when many have, one after the other, their memory is
//  given back.
void job_note_end (job_t *self, uint64_t *bytes_p);

//  Takes the next ready task; there must be one (ready > 0).
uint32_t job_take (job_t *self);

//  A task before next is ready again.
void job_put_back (job_t *self, uint32_t index);

//  How many of its tasks may be leased now.
uint32_t job_admits (const job_t *self);

//  All its tasks have ended and none will come.
bool job_is_over (const job_t *self);

//  "open", "active", "done" or "cancelled".
const char *job_state_name (const job_t *self);

//  Has the lane of this session been told of the job? Notes that it has.
bool job_announce (job_t *self, uint32_t agent, uint64_t session);

//  A task, whose payload is still here, has been run: the moving means take it in, bytes first.
void job_measure_bytes (job_t *self, uint32_t index, size_t result_bytes);
void job_measure (job_t *self, uint64_t run_us);

//  What one of its tasks costs: the time that it runs, and that its bytes take on their way; these
//  alone do not take up a slot.
uint32_t job_cost_us (const job_t *self);

//  Its tasks must not run twice: whoever may have begun one had its only try.
bool job_runs_once (const job_t *self);

#endif
