//  journal_own.h - what the files of the journal share among themselves; see journal.h

#ifndef BROKER_JOURNAL_OWN_H_INCLUDED
#define BROKER_JOURNAL_OWN_H_INCLUDED

#include "broker/journal.h"
#include "broker/ledger.h"
#include "broker/log_index.h"
#include "broker/settle_queue.h"

//  A batch that has grown to this goes to the store at once: the disk waits for nobody.
#define JOURNAL_BATCH_BYTES (16u * 1024)
#define JOURNAL_TASK_ROOM 192u  //  Reserved for what will end a task
#define JOURNAL_JOB_ROOM 1024u  //  Reserved for what will end a job
#define JOURNAL_NUMBERS 100000u //  Numbers of jobs that are reserved at a time

typedef enum wait_kind {
    WAIT_OPENED,  //  A client is told that its job is open
    WAIT_REPLY,   //  A client's order is answered
    WAIT_TASKS,   //  Tasks join their job
    WAIT_SEAL,    //  The job is sealed
    WAIT_RESULTS, //  Results and output are kept, and told of
    WAIT_COPY,    //  What is kept of a job lies elsewhere
    WAIT_CLIENT,  //  A client's frame is acknowledged
    WAIT_AGENT,   //  A worker's frame is acknowledged
    WAIT_LANE     //  A worker is sent its tasks
} wait_kind_t;

//  Something that is done when a batch is durable.
typedef struct wait {
    struct wait *next;   //  What comes after it
    uint64_t batch;      //  When this one is durable
    wait_kind_t kind;    //  What
    uint64_t session;    //  OPENED, REPLY, CLIENT, AGENT, LANE: whose
    uint64_t sequence;   //  CLIENT, AGENT: of the frame; OPENED: the client's ref
    uint64_t job;        //  OPENED, TASKS, SEAL, COPY
    size_t count;        //  TASKS: how many
    stock_place_t place; //  TASKS: where their payloads lie; RESULTS: where large lies; COPY: the batch
    buffer_t bytes;      //  TASKS: payloads; REPLY: the frame; RESULTS: see journal_wait.c
    buffer_t large;      //  RESULTS: the value of its only result
} wait_t;

typedef enum fetch_kind {
    FETCH_PAYLOADS, //  A block of a job's stock
    FETCH_KEPT,     //  A run of a segment of its keep
    FETCH_LARGE     //  A large value of its keep
} fetch_kind_t;

//  A slice of the store that was asked for; they come in the order of asking.
typedef struct fetch {
    struct fetch *next; //  Asked for later
    fetch_kind_t kind;  //  What
    uint64_t job;       //  Whose
    uint32_t index;     //  PAYLOADS, LARGE: the task; KEPT: the segment
    bool last;          //  KEPT: the segment is complete
} fetch_t;

//  A batch that is on its way to the disk.
typedef struct flight {
    uint64_t batch; //  Our number
    uint64_t seq;   //  The store's
} flight_t;

//  Leases that were given one after the other, not written yet.
typedef struct lease_run {
    uint64_t job;                   //  0: there is none
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the worker
    char name [HUB_NAME_BYTES];     //  Its label
    uint64_t serial;                //  Of the first
    size_t count;                   //  How many
    buffer_t indexes;               //  Packed
} lease_run_t;

struct journal {
    hub_t *hub;                 //  Borrowed
    store_t *store;             //  Owned
    uint64_t batch;             //  Number of the one that is being gathered
    uint64_t durable;           //  All up to this one are durable
    buffer_t bytes;             //  The batch so far
    size_t record_at;           //  Where its last record begins
    uint64_t recorded_bytes;    //  In batches before
    uint64_t fills_bytes;       //  Of the room reserved, what this batch takes up
    uint64_t live_bytes;        //  Of all jobs: what would be copied
    uint64_t numbers;           //  Reserved up to here
    uint64_t last_seq;          //  The store's number of the batch before
    const uint8_t *batch_start; //  While the log is read: of the batch at hand
    job_t *copied;              //  By a compaction, while its waits are copied
    uint64_t round_to; //  Of compaction: it goes on until all batches up to this one are dropped; 0: it rests
    uint64_t rest_recorded;  //  recorded_bytes when it came to rest; 0: it never did
    uint64_t rest_live;      //  live_bytes then
    bool one_batch;          //  What is recorded now is not to be divided
    lease_run_t run;         //  Leases of this moment
    wait_t *first;           //  Who waits, in order
    wait_t *last;            //  …
    wait_t *unsent;          //  The first one whose batch is being gathered
    bool damaged;            //  What was read back is not what was written
    fetch_t *fetches;        //  What is being read, in order
    fetch_t *fetches_last;   //  …
    uint64_t arrivals;       //  Parts of what is kept that have come back, ever
    const uint8_t *record;   //  While the log is read: where the record at hand begins
    flight_t *flights;       //  Batches on their way, oldest first
    size_t flights_count;    //  How many
    size_t flights_capacity; //  Allocated
};

//  Begins a record of a job (NULL: of none); the fields are packed behind it into self->bytes, then journal_end is called.
void journal_begin (journal_t *self, unsigned verb);
void journal_end (journal_t *self, job_t *job, bool live);

//  Writes the leases that were gathered.
void journal_close_run (journal_t *self);

void journal_record_store (journal_t *self);
void journal_record_seal (journal_t *self, job_t *job);
void journal_record_forget (journal_t *self, const identity_t *identity, uint64_t number);
void journal_again_as (journal_t *self, job_t *job, uint32_t index, uint16_t attempt, int64_t wait_us);
void journal_came (journal_t *self, job_t *job, int64_t at_us);
keep_place_t journal_record_large (journal_t *self, job_t *job, uint32_t index, view_t value);
keep_place_t journal_record_result (journal_t *self, job_t *job, const wire_log_result_t *fields);
keep_place_t journal_record_output (journal_t *self, job_t *job, uint32_t index, view_t body);

//  A slice of the store that was asked for by journal_fetch has come.
void journal_take_slices (journal_t *self);
void journal_drop_fetches (journal_t *self);

//  Hands the batch to the store, if there is anything in it.
void journal_send (journal_t *self, uint64_t drop_before);

//  journal_wait.c: queues it for the batch at hand; carries out what is due; forgets all.
wait_t *journal_wait (journal_t *self, wait_kind_t kind);
void journal_carry_out (journal_t *self);
void journal_drop_waits (journal_t *self);

//  journal_replay.c: one batch of the log; a store_visit_t.
cadre_error_t journal_replay (void *journal, uint64_t seq, view_t body, fault_t *fault);

//  journal_compact.c: would it drop anything? Copies the oldest job forward, and drops what lies before.
bool journal_is_worth_compaction (journal_t *self);
void journal_compact (journal_t *self);

#endif
