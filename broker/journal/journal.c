//  journal.c - records changes of durable jobs and sends them to the store

#include "broker/journal/journal.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal/lease_run.h"
#include "broker/journal/log_index.h"
#include "common/pack.h"

#define BOOT_SHIFT 40 //  Serials of leases: the boot in the high bits, 2^40 leases in the low bits

//  A batch of this size goes to the store at once, so that the disk need not wait.
#define BATCH_BYTES (16u * 1024)
#define TASK_ROOM 192u  //  Reserved for the record that ends a task
#define JOB_ROOM 1024u  //  Reserved for the record that ends a job
#define NUMBERS 100000u //  Numbers of jobs reserved at a time

//  A batch that was sent to the store.
typedef struct flight {
    uint64_t batch; //  Number in the journal
    uint64_t seq;   //  Number in the store
} flight_t;

struct journal {
    context_t *ctx;          //  Borrowed
    store_t *store;          //  Owned
    uint64_t batch;          //  Number of the batch that is being filled
    uint64_t durable;        //  All up to this one are durable
    buffer_t bytes;          //  The batch so far
    size_t record_at;        //  Start of its last record
    uint64_t recorded_bytes; //  In earlier batches
    uint64_t fills_bytes;    //  Reserved room that this batch uses
    uint64_t live_bytes;     //  Of all jobs: what a compaction would copy
    uint64_t numbers;        //  Reserved up to here
    uint64_t last_seq;       //  The store's number of the previous batch
    bool whole;              //  Current records must stay in one batch
    lease_run_t run;         //  Consecutive leases
    waits_t waits;           //  Waits for durability
    flight_t *flights;       //  Batches sent to the store, oldest first
    size_t flights_count;    //  How many
    size_t flights_capacity; //  Allocated
};

//  ---- batches ------------------------------------------------------------

static void s_fly (journal_t *self, uint64_t seq)
{
    if (self->flights_count == self->flights_capacity) {
        self->flights_capacity = self->flights_capacity ? self->flights_capacity * 2 : 16;
        self->flights = realloc (self->flights, self->flights_capacity * sizeof (flight_t));
        assert (self->flights);
    }
    self->flights [self->flights_count++] = (flight_t){.batch = self->batch++, .seq = seq};
}

void journal_send (journal_t *self, uint64_t drop_before)
{
    if (self->bytes.size == 0)
        return;
    store_append_t with = {.drop_before = drop_before, .fills_bytes = self->fills_bytes};
    self->recorded_bytes += self->bytes.size;
    self->last_seq = store_append (self->store, &self->bytes, &with);
    waits_place (&self->waits, self->last_seq);
    log_index_place (self->ctx->log_index, self->last_seq);
    s_fly (self, self->last_seq);
    store_live (self->store, self->live_bytes);
    self->fills_bytes = 0;
}

static void s_land (journal_t *self)
{
    uint64_t durable = store_durable (self->store);
    size_t landed = 0;
    while (landed < self->flights_count && self->flights [landed].seq <= durable)
        self->durable = self->flights [landed++].batch;
    self->flights_count -= landed;
    memmove (self->flights, self->flights + landed, self->flights_count * sizeof (flight_t));
}

//  ---- records ------------------------------------------------------------

buffer_t *journal_begin (journal_t *self, unsigned verb)
{
    journal_end_leases (self);
    if (self->bytes.size > BATCH_BYTES && !self->whole)
        journal_send (self, 0);
    self->record_at = self->bytes.size;
    pack_uint (&self->bytes, verb);
    return &self->bytes;
}

void journal_end (journal_t *self, job_t *job, bool live)
{
    uint64_t size = self->bytes.size - self->record_at;
    uint64_t fills = size < job->room ? size : job->room;
    job->room -= fills;
    self->fills_bytes += fills;
    if (!live)
        return;
    job->logged_bytes += size;
    self->live_bytes += size;
}

result_log_location_t journal_location (const journal_t *self)
{
    return (result_log_location_t){.offset = self->record_at,
                                   .size = self->bytes.size - self->record_at};
}

result_log_location_t journal_location_of_last (const journal_t *self, uint64_t size)
{
    return (result_log_location_t){.offset = self->bytes.size - size, .size = size};
}

bool journal_stay_whole (journal_t *self, bool whole)
{
    bool before = self->whole;
    self->whole = whole;
    return before;
}

void journal_lease (journal_t *self, const job_t *job, const worker_record_t *worker,
                    uint64_t serial, uint32_t index)
{
    if (!lease_run_joins (&self->run, job, worker, serial))
        journal_end_leases (self);
    lease_run_add (&self->run, job, worker, serial, index);
}

void journal_end_leases (journal_t *self)
{
    uint64_t number = lease_run_end (&self->run);
    job_t *job = number ? job_table_find (self->ctx->jobs, number) : NULL;
    if (!job)
        return;
    lease_run_pack (&self->run, number, journal_begin (self, WIRE_log_leases));
    journal_end (self, job, false);
}

void journal_index_job (journal_t *self, job_t *job)
{
    log_index_add (self->ctx->log_index, job);
}

void journal_index_ghost (journal_t *self, const identity_t *identity)
{
    log_index_add_ghost (self->ctx->log_index, identity);
}

void journal_record_store (journal_t *self)
{
    wire_log_store_t fields = {.epoch = self->ctx->epoch, .numbers = self->numbers};
    wire_pack_log_store (journal_begin (self, WIRE_log_store), &fields);
}

//  ---- waits --------------------------------------------------------------

wait_t *journal_wait (journal_t *self, wait_fn *done)
{
    bool gathered = self->bytes.size > 0 || self->run.job > 0;
    return waits_add (&self->waits, gathered ? self->batch : self->batch - 1, gathered, done);
}

wait_t *journal_open_wait (const journal_t *self, wait_fn *done)
{
    wait_t *last = self->waits.last;
    bool open = last && last->done == done && last->batch == self->batch && !last->large.size;
    return open ? last : NULL;
}

//  ---- the loop -----------------------------------------------------------

uint64_t journal_mark (const journal_t *self)
{
    return self->recorded_bytes + self->bytes.size + self->run.count;
}

bool journal_is_idle (const journal_t *self)
{
    return self->bytes.size == 0 && self->run.job == 0 && self->flights_count == 0
           && !self->waits.first;
}

int journal_fd (const journal_t *self)
{
    return store_fd (self->store);
}

//  Data that waits for the disk exists twice, in the store and in the waits.
static void s_journal_count (journal_t *self)
{
    store_usage_t usage;
    store_usage (self->store, &usage);
    self->ctx->journal_bytes = 2 * usage.pending_bytes;
}

cadre_error_t journal_turn (journal_t *self, fault_t *fault)
{
    cadre_error_t error = store_turn (self->store, fault);
    if (error)
        return error;
    s_land (self);
    s_journal_count (self);
    waits_carry_out (&self->waits, self->durable, self->ctx);
    return CADRE_OK;
}

void journal_reserve_numbers (journal_t *self)
{
    uint64_t last = job_table_last_number (self->ctx->jobs);
    if (last + NUMBERS / 2 < self->numbers)
        return;
    self->numbers = last + NUMBERS;
    journal_record_store (self);
}

void journal_push (journal_t *self)
{
    journal_end_leases (self);
    journal_send (self, 0);
    s_journal_count (self);
}

//  ---- room in the store --------------------------------------------------

cadre_error_t journal_admit (journal_t *self, job_t *job, size_t bytes, size_t tasks,
                             fault_t *fault)
{
    uint64_t room = bytes + 64 + tasks * TASK_ROOM + (job->room ? 0 : JOB_ROOM);
    cadre_error_t error = store_reserve (self->store, room, fault);
    if (!error)
        job->room += room;
    return error;
}

bool journal_has_room (const journal_t *self, size_t bytes)
{
    fault_t fault = {0};
    if (store_reserve (self->store, bytes, &fault))
        return false;
    store_release (self->store, bytes);
    return true;
}

void journal_claim (journal_t *self, job_t *job)
{
    uint64_t open = (uint64_t) job->total - job->done - job->failed;
    job->room = open * TASK_ROOM + JOB_ROOM;
    store_claim (self->store, job->room);
    self->live_bytes += job->logged_bytes;
}

void journal_release (journal_t *self, job_t *job)
{
    store_release (self->store, job->room);
    job->room = 0;
    self->live_bytes -= job->logged_bytes;
    job->logged_bytes = 0;
}

void journal_bury (journal_t *self, uint64_t bytes)
{
    self->live_bytes -= bytes;
}

void journal_usage (const journal_t *self, store_usage_t *usage)
{
    store_usage (self->store, usage);
}

void journal_claim_batch (journal_t *self)
{
    store_claim (self->store, self->bytes.size);
    self->fills_bytes += self->bytes.size;
}

bool journal_wants_compaction (const journal_t *self)
{
    return store_wants_compaction (self->store);
}

size_t journal_batch_bytes (const journal_t *self)
{
    return self->bytes.size;
}

uint64_t journal_last_seq (const journal_t *self)
{
    return self->last_seq;
}

uint64_t journal_recorded_bytes (const journal_t *self)
{
    return self->recorded_bytes;
}

uint64_t journal_live_bytes (const journal_t *self)
{
    return self->live_bytes;
}

//  ---- life ---------------------------------------------------------------

journal_t *journal_new (context_t *ctx, store_t **store_p)
{
    journal_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ctx = ctx;
    self->store = *store_p;
    self->batch = 1;
    *store_p = NULL;
    return self;
}

cadre_error_t journal_start (journal_t *self, fault_t *fault)
{
    context_t *ctx = self->ctx;
    uint64_t serial = store_boots (self->store) << BOOT_SHIFT;
    if (serial > ctx->serial)
        ctx->serial = serial;
    self->numbers = job_table_last_number (ctx->jobs) + NUMBERS;
    journal_record_store (self);
    journal_send (self, 0);
    while (self->flights_count) {
        struct pollfd item = {.fd = store_fd (self->store), .events = POLLIN};
        poll (&item, 1, 1000);
        if (store_turn (self->store, fault))
            return fault->code;
        s_land (self);
    }
    return CADRE_OK;
}

cadre_error_t journal_close (journal_t **self_p, fault_t *fault)
{
    journal_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return CADRE_OK;
    journal_end_leases (self);
    journal_send (self, 0);
    cadre_error_t error = store_close (&self->store, fault);
    waits_drop (&self->waits);
    self->ctx->results_bytes = 0;
    buffer_free (&self->bytes);
    lease_run_free (&self->run);
    free (self->flights);
    free (self);
    return error;
}
