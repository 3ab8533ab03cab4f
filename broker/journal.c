//  journal.c - the ledger's changes to durable jobs, on their way to the store

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "broker/journal_own.h"

#define BOOT_SHIFT 40 //  Serials of leases: the boot above, 2^40 leases below

//  ==== records =====================================================================

void journal_send (journal_t *self, uint64_t drop_before)
{
    if (self->bytes.size == 0)
        return;
    store_append_t with = {.drop_before = drop_before, .fills_bytes = self->fills_bytes};
    self->recorded_bytes += self->bytes.size;
    if (self->flights_count == self->flights_capacity) {
        self->flights_capacity = self->flights_capacity ? self->flights_capacity * 2 : 16;
        self->flights = realloc (self->flights, self->flights_capacity * sizeof (flight_t));
        assert (self->flights);
    }
    uint64_t seq = store_append (self->store, &self->bytes, &with);
    self->last_seq = seq;
    for (; self->unsent; self->unsent = self->unsent->next)
        self->unsent->place.seq = seq;
    self->flights [self->flights_count++] = (flight_t){.batch = self->batch++, .seq = seq};
    log_index_place (self->hub->log_index, seq);
    store_live (self->store, self->live_bytes);
    self->fills_bytes = 0;
}

void journal_begin (journal_t *self, unsigned verb)
{
    journal_close_run (self);
    if (self->bytes.size > JOURNAL_BATCH_BYTES && !self->one_batch)
        journal_send (self, 0);
    self->record_at = self->bytes.size;
    pack_uint (&self->bytes, verb);
}

//  A record that is live is copied by a compaction, in this or another form.
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

void journal_record_store (journal_t *self)
{
    wire_log_store_t fields = {.epoch = self->hub->epoch, .numbers = self->numbers};
    journal_begin (self, WIRE_log_store);
    wire_pack_log_store (&self->bytes, &fields);
}

void journal_job (journal_t *self, job_t *job, view_t open)
{
    wire_log_job_t fields = {.job = job->number,
                             .created_us = job->created_us,
                             .ended_us = job->ended_us,
                             .client = wire_view (job->client_name),
                             .open = open,
                             .holder = wire_view (job->identity.holder),
                             .digest = job->digest.sum,
                             .digested = job->digest.blind ? 0 : job->digest.tasks};
    if (job->open.size == 0) { //  Else it is what is said anew
        buffer_append (&job->open, open.data, open.size);
        job_weigh (job);
    }
    journal_begin (self, WIRE_log_job);
    wire_pack_log_job (&self->bytes, &fields);
    journal_end (self, job, true);
    log_index_add (self->hub->log_index, job);
}

void journal_close_run (journal_t *self)
{
    lease_run_t *run = &self->run;
    job_t *job = run->job ? job_table_find (self->hub->jobs, run->job) : NULL;
    wire_log_leases_t fields = {
        .job = run->job, .serial = run->serial, .indexes = wire_list_of (&run->indexes, run->count)};
    run->job = 0;
    if (!job)
        return;
    fields.worker = (view_t){run->uuid, WIRE_UUID_BYTES};
    fields.name = wire_view (run->name);
    journal_begin (self, WIRE_log_leases);
    wire_pack_log_leases (&self->bytes, &fields);
    journal_end (self, job, false);
}

void journal_leases (journal_t *self, const job_t *job, const agent_t *agent, uint64_t serial, uint32_t index)
{
    lease_run_t *run = &self->run;
    bool joins = run->job == job->number && serial == run->serial + run->count
                 && memcmp (run->uuid, agent->uuid, WIRE_UUID_BYTES) == 0;
    if (!joins) {
        journal_close_run (self);
        run->job = job->number;
        memcpy (run->uuid, agent->uuid, WIRE_UUID_BYTES);
        snprintf (run->name, sizeof run->name, "%s", agent->name);
        run->serial = serial;
        run->count = 0;
        buffer_clear (&run->indexes);
    }
    pack_uint (&run->indexes, index);
    run->count++;
}

void journal_again (journal_t *self, job_t *job, uint32_t index, int64_t wait_us)
{
    journal_again_as (self, job, index, job->tasks [index].attempt, wait_us);
}

void journal_again_as (journal_t *self, job_t *job, uint32_t index, uint16_t attempt, int64_t wait_us)
{
    const task_t *task = &job->tasks [index];
    wire_log_again_t fields = {
        .job = job->number, .index = index, .attempt = attempt, .failed = task->failed, .lost = task->lost};
    if (wait_us > 0)
        fields.due_us = (uint64_t) (moment_wall_us () + wait_us);
    journal_begin (self, WIRE_log_again);
    wire_pack_log_again (&self->bytes, &fields);
    journal_end (self, job, false);
}

//  Where the record at hand lies; in which batch is known when that is handed over.
static keep_place_t s_place (const journal_t *self)
{
    return (keep_place_t){.offset = self->record_at, .size = self->bytes.size - self->record_at};
}

keep_place_t journal_record_large (journal_t *self, job_t *job, uint32_t index, view_t value)
{
    journal_begin (self, WIRE_log_value);
    wire_pack_log_value (&self->bytes,
                         &(wire_log_value_t){.job = job->number, .index = index, .value = value});
    journal_end (self, job, true);
    return (keep_place_t){.offset = self->bytes.size - value.size, .size = value.size};
}

keep_place_t journal_record_result (journal_t *self, job_t *job, const wire_log_result_t *fields)
{
    journal_begin (self, WIRE_log_result);
    wire_pack_log_result (&self->bytes, fields);
    journal_end (self, job, true);
    return s_place (self);
}

keep_place_t journal_record_output (journal_t *self, job_t *job, uint32_t index, view_t body)
{
    keep_mark_t mark = keep_mark (job->keep, index);
    wire_log_output_t fields = {
        .job = job->number, .index = index, .body = body, .serial = mark.serial, .end = mark.end_bytes};
    journal_begin (self, WIRE_log_output);
    wire_pack_log_output (&self->bytes, &fields);
    journal_end (self, job, true);
    return s_place (self);
}

void journal_doom (journal_t *self, job_t *job)
{
    wire_log_doom_t fields = {.job = job->number,
                              .outcome = job->doom,
                              .cancelled = job->cancelled,
                              .detail = wire_view_of (&job->doom_detail)};
    journal_begin (self, WIRE_log_doom);
    wire_pack_log_doom (&self->bytes, &fields);
    journal_end (self, job, false);
}

void journal_cancel (journal_t *self, job_t *job, uint32_t index)
{
    journal_begin (self, WIRE_log_cancel);
    wire_pack_log_cancel (&self->bytes, &(wire_log_cancel_t){.job = job->number, .index = index});
    journal_end (self, job, false);
}

void journal_retry (journal_t *self, job_t *job, uint32_t first, uint32_t end)
{
    wire_log_retry_t fields = {.job = job->number, .index = first};
    if (end > first + 1)
        fields.end = end;
    journal_begin (self, WIRE_log_retry);
    wire_pack_log_retry (&self->bytes, &fields);
    journal_end (self, job, false);
}

void journal_ended (journal_t *self, job_t *job)
{
    journal_begin (self, WIRE_log_ended);
    wire_pack_log_ended (&self->bytes, &(wire_log_ended_t){.job = job->number, .at_us = job->ended_us});
    journal_end (self, job, false);
}

void journal_record_forget (journal_t *self, const identity_t *identity, uint64_t number)
{
    journal_begin (self, WIRE_log_forget);
    wire_log_forget_t fields = {
        .job = number, .uuid = {identity->uuid, WIRE_UUID_BYTES}, .holder = wire_view (identity->holder)};
    wire_pack_log_forget (&self->bytes, &fields);
    log_index_add_ghost (self->hub->log_index, identity);
}

static void s_give_up (journal_t *self, job_t *job)
{
    journal_end (self, job, false);
    store_release (self->store, job->room);
    job->room = 0;
    self->live_bytes -= job->logged_bytes;
}

void journal_forget (journal_t *self, job_t *job)
{
    journal_record_forget (self, &job->identity, job->number);
    s_give_up (self, job);
}

void journal_withdraw (journal_t *self, job_t *job)
{
    wire_log_forget_t fields = {
        .job = job->number, .uuid = {job->identity.uuid, WIRE_UUID_BYTES}, .refused = true};
    journal_begin (self, WIRE_log_forget);
    wire_pack_log_forget (&self->bytes, &fields);
    s_give_up (self, job);
}

void journal_release_payload (journal_t *self, job_t *job, uint32_t index)
{
    uint64_t bytes = stock_size (job->stock, index) + stock_large_size (job->stock, index);
    uint64_t less = bytes < job->logged_bytes ? bytes : job->logged_bytes;
    job->logged_bytes -= less;
    self->live_bytes -= less;
}

//  Large payloads first: what refers to them follows.
static void s_record_large (journal_t *self, job_t *job, const wire_list_t *payloads)
{
    cursor_t cursor = cursor_of_view (payloads->values);
    view_t payload;
    for (size_t i = 0; i < payloads->count && cursor_skip (&cursor, &payload); i++) {
        uint32_t index = job->promised + (uint32_t) i;
        if (!wire_parts_of (payload))
            continue;
        journal_begin (self, WIRE_log_large);
        wire_pack_log_large (&self->bytes, &(wire_log_large_t){.job = job->number,
                                                               .index = index,
                                                               .payload = stock_large (job->stock, index)});
        journal_end (self, job, true);
    }
}

void journal_came (journal_t *self, job_t *job, int64_t at_us)
{
    journal_begin (self, WIRE_log_came);
    wire_pack_log_came (&self->bytes, &(wire_log_came_t){.job = job->number, .at_us = at_us});
    journal_end (self, job, false);
}

void journal_tasks (journal_t *self, job_t *job, const wire_list_t *payloads)
{
    s_record_large (self, job, payloads);
    if (job->expire_ms)
        journal_came (self, job, moment_wall_us ());
    journal_begin (self, WIRE_log_tasks);
    wire_pack_log_tasks (&self->bytes, &(wire_log_tasks_t){.job = job->number, .payloads = *payloads});
    journal_end (self, job, true);
    wait_t *wait = journal_wait (self, WAIT_TASKS);
    wait->job = job->number;
    wait->count = payloads->count;
    wait->place.offset = self->bytes.size - payloads->values.size;
    buffer_append (&wait->bytes, payloads->values.data, payloads->values.size);
    job->promised += (uint32_t) payloads->count;
    job->pending++;
}

void journal_record_seal (journal_t *self, job_t *job)
{
    journal_begin (self, WIRE_log_seal);
    wire_pack_log_seal (&self->bytes, &(wire_log_seal_t){.job = job->number});
    journal_end (self, job, false);
}

void journal_seal (journal_t *self, job_t *job)
{
    journal_record_seal (self, job);
    journal_wait (self, WAIT_SEAL)->job = job->number;
    job->seal_promised = true;
    job->pending++;
}

//  ==== the loop ====================================================================

uint64_t journal_mark (const journal_t *self)
{
    return self->recorded_bytes + self->bytes.size + self->run.count;
}

uint64_t journal_arrivals (const journal_t *self)
{
    return self->arrivals;
}

bool journal_is_idle (const journal_t *self)
{
    return self->bytes.size == 0 && self->run.job == 0 && self->flights_count == 0 && !self->first;
}

int journal_fd (const journal_t *self)
{
    return store_fd (self->store);
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

//  What waits for the disk is there and here, with who waits for it.
static void s_count (journal_t *self)
{
    store_usage_t usage;
    store_usage (self->store, &usage);
    self->hub->journal_bytes = 2 * usage.pending_bytes;
}

cadre_error_t journal_turn (journal_t *self, fault_t *fault)
{
    cadre_error_t error = store_turn (self->store, fault);
    if (error)
        return error;
    s_land (self);
    s_count (self);
    journal_carry_out (self);
    journal_take_slices (self);
    if (self->damaged)
        return fault_set (fault, CADRE_ERROR_IO,
                          "the store is damaged: what was put away there is not there: restore a copy");
    return CADRE_OK;
}

static void s_reserve_numbers (journal_t *self)
{
    if (job_table_last_number (self->hub->jobs) + JOURNAL_NUMBERS / 2 < self->numbers)
        return;
    self->numbers = job_table_last_number (self->hub->jobs) + JOURNAL_NUMBERS;
    journal_record_store (self);
}

void journal_push (journal_t *self)
{
    journal_close_run (self);
    journal_send (self, 0);
    s_count (self);
}

void journal_flush (journal_t *self)
{
    s_reserve_numbers (self);
    if (store_wants_compaction (self->store) && journal_is_worth_compaction (self))
        journal_compact (self);
    journal_push (self);
}

cadre_error_t journal_admit (journal_t *self, job_t *job, size_t bytes, size_t tasks, fault_t *fault)
{
    uint64_t room = bytes + 64 + tasks * JOURNAL_TASK_ROOM + (job->room ? 0 : JOURNAL_JOB_ROOM);
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

void journal_usage (const journal_t *self, store_usage_t *usage)
{
    store_usage (self->store, usage);
}

//  ==== life ========================================================================

//  Epoch and numbers must be on the disk before one of them is used.
static cadre_error_t s_begin (journal_t *self, fault_t *fault)
{
    hub_t *hub = self->hub;
    uint64_t serial = store_boots (self->store) << BOOT_SHIFT;
    if (serial > hub->serial)
        hub->serial = serial;
    self->numbers = job_table_last_number (hub->jobs) + JOURNAL_NUMBERS;
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

//  Room for the ends of what was accepted before.
static void s_claim (journal_t *self)
{
    for (job_t *job = job_table_first (self->hub->jobs); job; job = job->hh_number.next) {
        uint64_t open = (uint64_t) job->total - job->done - job->failed;
        job->room = open * JOURNAL_TASK_ROOM + JOURNAL_JOB_ROOM;
        job->promised = job->total;
        job->seal_promised = job->sealed;
        store_claim (self->store, job->room);
    }
}

journal_t *journal_new (hub_t *hub, store_t **store_p, fault_t *fault)
{
    journal_t *self = calloc (1, sizeof *self);
    assert (self);
    self->hub = hub;
    self->store = *store_p;
    self->batch = 1;
    *store_p = NULL;
    uint64_t done = hub->tasks_done, failed = hub->tasks_failed;
    if (store_scan (self->store, journal_replay, self, fault) == CADRE_OK) {
        hub->tasks_done = done;
        hub->tasks_failed = failed;
        s_claim (self);
        if (s_begin (self, fault) == CADRE_OK)
            return self;
    }
    fault_t ignored = {0};
    journal_close (&self, &ignored);
    return NULL;
}

cadre_error_t journal_need (hub_t *hub, fault_t *fault)
{
    if (hub->journal)
        return CADRE_OK;
    if (!hub->store_open)
        return fault_set (
            fault, CADRE_ERROR_REFUSED,
            "this broker has no store, so no job can be durable: start it with --store FILE, or submit "
            "with --no-durable");
    store_t *store = hub->store_open (hub->store_owner, fault);
    if (store)
        hub->journal = journal_new (hub, &store, fault);
    return hub->journal ? CADRE_OK : fault->code;
}

cadre_error_t journal_close (journal_t **self_p, fault_t *fault)
{
    journal_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return CADRE_OK;
    journal_close_run (self);
    journal_send (self, 0);
    cadre_error_t error = store_close (&self->store, fault);
    journal_drop_waits (self);
    journal_drop_fetches (self);
    buffer_free (&self->bytes);
    buffer_free (&self->run.indexes);
    free (self->flights);
    free (self);
    return error;
}
