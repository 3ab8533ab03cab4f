/*  job.h - one job: its options, its tasks, and which of them may run
 *
 *  The ready tasks of a job are a cursor (next) into its array of tasks, and a stack of tasks that
 *  became ready again. The struct is open to the broker's modules; only the ledger changes its
 *  counts and the states of its tasks.
 */

#ifndef BROKER_RECORD_JOB_H_INCLUDED
#define BROKER_RECORD_JOB_H_INCLUDED

#include "broker/core/walk.h"
#include "broker/record/delay.h"
#include "broker/record/digest.h"
#include "broker/record/identity.h"
#include "broker/record/payloads.h"
#include "broker/record/result_log.h"
#include "broker/record/task.h"
#include "broker/record/wait_note.h"
#include "common/hash.h"
#include "common/retry_policy.h"
#include "common/spans.h"

struct client;
struct demand;
struct follower;
struct key_usage;
struct share;

#define JOB_PRIORITY_MAX 1000000
#define JOB_NEEDS_MAX 32u
#define JOB_REPEATS_ALL 1024u  //  mean_repeats when all tries are repeated
#define JOB_AROUND_BYTES 1024u //  Memory of a job elsewhere: stock, results, tables, demand, turn
#define JOB_COST_USUAL_NS                                                                          \
    2000000u //  Assumed for a task before one was measured; a longer task fully uses its slot

//  A lane to which the job was announced.
typedef struct job_lane {
    uint32_t worker;  //  Index of its worker in the roster
    uint64_t session; //  The worker's session
} job_lane_t;

//  Tasks that arrived together, for jobs whose tasks expire.
typedef struct arrival {
    uint32_t end;  //  Index after the last of them
    int64_t at_us; //  When they arrived
} arrival_t;

typedef struct job {
    uint64_t number;       //  For people
    identity_t identity;   //  UUID and holder
    uint64_t ref;          //  Its owner's number for it
    struct client *owner;  //  Client that gets its results; NULL when detached or abandoned
    bool detached;         //  Outlives its client
    bool durable;          //  Outlives the broker; detached as well
    bool abandoned;        //  Its client is gone: results are dropped
    bool shared;           //  Opened more than once: clients may send its tasks again
    bool sealed;           //  No more tasks come
    bool cancelled;        //  Cancelled as a whole
    bool stopping;         //  No task begins any more; those that run go on
    bool ended;            //  All tasks of a sealed, detached job have ended
    bool fitted;           //  Some worker could run it, now or before
    bool noticed;          //  The client was told why it waits
    wait_note_t patience;  //  What its owner knows about its wait
    char *name;            //  Display name
    char *function;        //  Function to call
    char *client_name;     //  Display name of the client that opened it
    char **needs;          //  Labels that a worker must have
    size_t needs_count;    //  How many of them
    buffer_t spec;         //  Common part of its commands
    uint32_t kind;         //  WIRE_KIND_…
    int32_t priority;      //  Higher goes first
    uint32_t limit;        //  Leases at a time; 0: no limit
    retry_policy_t tries;  //  When and how often a task is tried again
    uint64_t expire_ms;    //  A task that has waited so long is not started; 0: no limit
    spans_t has;           //  Indexes of tasks whose results its client has from an earlier broker
    size_t has_at;         //  Spans before this one only cover tasks that have arrived
    uint64_t timeout_ms;   //  For one try
    uint64_t grace_ms;     //  From SIGTERM to SIGKILL
    int64_t created_us;    //  Wall time
    int64_t ended_us;      //  Wall time; 0 until then
    int64_t over_us;       //  The same on the broker's monotonic clock
    int64_t waiting_us;    //  Since when no worker can run the waiting tasks; 0: some worker can
    task_t *tasks;         //  All of them, by index
    uint32_t total;        //  Tasks received
    uint32_t capacity;     //  Tasks allocated
    uint32_t next;         //  Tasks from this index on were never leased
    arrival_t *arrivals;   //  With expire_ms: arrival times, oldest first
    size_t arrivals_count; //  How many
    size_t arrivals_capacity; //  Allocated
    int64_t came_us;  //  During replay: arrival time of the tasks that are appended next; 0: now
    uint32_t expires; //  Tasks below this index are too old to be started
    uint32_t expired; //  Tasks below this index have been expired
    uint32_t *stack;  //  Indexes below next that may be ready again
    uint32_t stack_count;    //  How many
    uint32_t stack_capacity; //  Indexes allocated
    delays_t delays;         //  When tasks in TASK_DELAYED become ready
    uint32_t ready;          //  Tasks in TASK_READY
    uint32_t delayed;        //  Tasks in TASK_DELAYED
    uint32_t leased;         //  Tasks with a lease
    uint32_t cancelling;     //  Of these, tasks whose worker was told to end them
    uint32_t struck;         //  Cancelled or stopping: workers were told of tasks below this index
    size_t shed;             //  Bytes of its arrays that were freed
    uint32_t done;           //  Tasks that succeeded
    uint32_t failed;         //  Tasks that ended otherwise
    uint32_t told_waiting;   //  Part of ready and delayed that is counted in the context's sum
    uint32_t told_open;      //  Open tasks that are counted in the share's sum
    bool told_awaited;       //  Counted in the context as a job for which a drain waits
    uint32_t mean_us;        //  Moving mean of the run time; 0 until measured
    uint32_t mean_bytes;     //  Moving mean of payload and result
    uint32_t mean_repeats;   //  Moving mean: of JOB_REPEATS_ALL tries, so many are repeated
    uint32_t past;           //  Attached: all tasks below this index have succeeded
    uint32_t forgotten;      //  Attached: tasks below this index use no memory
    uint8_t doom;            //  Outcome that all waiting tasks will get; 0: none
    uint32_t reaped;         //  Tasks below this index have got that outcome
    buffer_t doom_detail;    //  Reason: one packed value
    uint32_t promised; //  Tasks received; durable ones are added to total when they are on the disk
    bool seal_promised;    //  The seal was received; likewise
    digest_t digest;       //  Detached: of the payloads received
    uint32_t pending;      //  Frames of both kinds that are not on the disk
    uint32_t undelivered;  //  Results that are not on the disk
    buffer_t open;         //  Durable: its JOB_OPEN
    uint64_t room;         //  Durable: bytes reserved in the store and not filled
    uint64_t logged_bytes; //  Durable: bytes in the store that are still needed
    bool logged;           //  Durable: it is in the log
    uint64_t logged_at; //  The batch in which its records begin; 0: the batch that is being filled
    struct job *log_prev;       //  Neighbours in the log
    struct job *log_next;       //  …
    payloads_t *stock;          //  Payloads of its tasks
    result_log_t *keep;         //  Detached: results and output; else NULL
    uint64_t *kept_at;          //  Detached: position of each task's result in keep, plus 1
    struct follower *followers; //  Clients that follow it
    job_lane_t *lanes;          //  Lanes to which it was announced
    size_t lanes_count;         //  How many
    struct demand *demand;      //  What it requires of a worker
    struct job *demand_prev;    //  Neighbours among the demand's ready jobs
    struct job *demand_next;    //  …
    bool is_ready;              //  It is in the demand's list of ready jobs
    bool passed;                //  Skipped in this turn
    struct share *share;        //  The share in whose turn it is served
    struct ready_queue *queue;  //  The queue in which it waits, or NULL
    struct job *ready_prev;     //  Neighbours in the queue
    struct job *ready_next;     //  …
    bool changed;               //  Its state must be sent to its owner
    struct job *changed_prev;   //  Neighbours in the owner's list
    struct job *changed_next;   //  …
    bool settling;              //  It is in the settle queue
    struct job *settle_prev; //  Neighbours in that queue, or among jobs whose memory is being freed
    struct job *settle_next; //  …
    walk_t *walks;           //  Walks that stand at this job
    account_t *account;      //  Counts its memory: its usage's
    size_t later_bytes;      //  Counted per task for delays and stack
    size_t weight;           //  Of that: memory besides tasks and payloads
    uint64_t session;        //  Session of the client that opened it; 0: it comes from the log
    struct key_usage *usage; //  Usage of its key
    size_t charged;          //  Bytes counted as open in session and usage
    UT_hash_handle hh_number;   //  In the job table, by number
    UT_hash_handle hh_identity; //  In the job table, by identity
} job_t;

//  account: counts what it holds, results apart; borrowed.
job_t *job_new (account_t *account);
void job_destroy (job_t **self_p);

//  Frees unused memory and recounts what the job holds besides tasks and payloads. Call it when
//  that may have changed.
void job_weigh (job_t *self);
//  Frees memory of a job that is being removed, as far as visits (of a task, see request.h) allow,
//  and decrements them. True when job_destroy is cheap.
bool job_shed (job_t *self, uint32_t *visits);

//  Appends tasks as ready; location as in payloads_append.
void job_append (job_t *self, const wire_list_t *payloads, const payloads_location_t *location);

//  A task of an attached job has succeeded: when many consecutive ones have, their memory is freed.
void job_note_end (job_t *self);

//  Takes the next ready task; there must be one (ready > 0).
uint32_t job_take (job_t *self);

//  A task below next is ready again.
void job_put_back (job_t *self, uint32_t index);

//  How many of its tasks may be leased now.
uint32_t job_admits (const job_t *self);

//  All its tasks have ended and no more will come.
bool job_is_over (const job_t *self);

//  "open", "active", "done" or "cancelled".
const char *job_state_name (const job_t *self);

//  Was the job already announced on the lane of this session? Records that it is.
bool job_announce (job_t *self, uint32_t worker, uint64_t session);

//  Updates the moving means after a run of a task whose payload is still in memory; bytes first.
void job_measure_bytes (job_t *self, uint32_t index, size_t result_bytes);
void job_measure (job_t *self, uint64_t run_us);

//  A try has ended: will the task be tried again?
void job_measure_repeat (job_t *self, bool repeats);

//  Estimated cost of one try of its tasks: run time, transfer of its bytes, and what broker and
//  worker do for tries that are repeated. What is not run time does not fully use a slot.
uint32_t job_cost_ns (const job_t *self);

//  Its tasks must not run twice: a task that may have started is not tried again.
bool job_runs_once (const job_t *self);

#endif
