//  pager.c - reads data back that was evicted from memory to the store

#include "broker/delivery/pager.h"

#include <assert.h>
#include <stdlib.h>

#define AHEAD_BLOCKS 4 //  Payloads are read ahead, so that workers need not wait for the disk
#define AHEAD_KEPT 2   //  Results are read ahead, so that clients need not wait

//  A requested slice of the store; results come in the order of the requests.
typedef struct fetch {
    struct fetch *next; //  The next request
    pager_part_t part;  //  Kind of data
    uint64_t job;       //  Number of the job
    uint32_t index;     //  PAYLOADS, LARGE: the task; KEPT: the segment
    bool last;          //  KEPT: the segment is complete
} fetch_t;

struct pager {
    store_t *store;    //  Borrowed
    job_table_t *jobs; //  Borrowed
    pager_fn *came;    //  Called when data has been read
    void *owner;       //  Its first argument
    fetch_t *first;    //  Requests in progress, in order
    fetch_t *last;     //  …
    uint64_t arrivals; //  Parts of kept results that were read back, ever
    bool damaged;      //  Data read back differs from what was written
};

pager_t *pager_new (store_t *store, job_table_t *jobs, pager_fn *came, void *owner)
{
    pager_t *self = calloc (1, sizeof *self);
    assert (self);
    *self = (pager_t){.store = store, .jobs = jobs, .came = came, .owner = owner};
    return self;
}

static void s_pager_ask (pager_t *self, const fetch_t *what, uint64_t seq, uint64_t offset,
                         size_t size)
{
    fetch_t *fetch = calloc (1, sizeof *fetch);
    assert (fetch);
    *fetch = *what;
    if (self->last)
        self->last->next = fetch;
    else
        self->first = fetch;
    self->last = fetch;
    store_read (self->store, fetch->job, seq, offset, size);
}

static void s_pop (pager_t *self)
{
    fetch_t *fetch = self->first;
    self->first = fetch->next;
    if (!self->first)
        self->last = NULL;
    free (fetch);
}

void pager_destroy (pager_t **self_p)
{
    assert (self_p);
    pager_t *self = *self_p;
    if (!self)
        return;
    while (self->first)
        s_pop (self);
    free (self);
    *self_p = NULL;
}

void pager_fetch_payloads (pager_t *self, job_t *job, uint32_t index)
{
    for (int i = 0; i < AHEAD_BLOCKS && index < job->total; i++) {
        payloads_location_t location;
        size_t size;
        if (payloads_ask (job->stock, index, &location, &size))
            s_pager_ask (self,
                         &(fetch_t){.part = PAGER_PAYLOADS, .job = job->number, .index = index},
                         location.seq, location.offset, size);
        index = payloads_block_end (job->stock, index);
    }
}

//  A segment consists of ranges; the last one completes it.
static void s_ask_segment (pager_t *self, const job_t *job, uint64_t position)
{
    const result_log_location_t *runs;
    size_t count = result_log_ask (job->keep, position, &runs);
    for (size_t i = 0; i < count; i++) {
        fetch_t fetch = {.part = PAGER_KEPT,
                         .job = job->number,
                         .index = result_log_segment (position),
                         .last = i + 1 == count};
        s_pager_ask (self, &fetch, runs [i].seq, runs [i].offset, runs [i].size);
    }
}

void pager_fetch_kept (pager_t *self, job_t *job, uint64_t position)
{
    if (!self) //  The broker is ending
        return;
    result_log_normalize (job->keep, &position);
    for (uint32_t i = 0; i < AHEAD_KEPT; i++) {
        s_ask_segment (self, job, position);
        position = result_log_segment_start (result_log_segment (position) + 1);
    }
}

void pager_fetch_large (pager_t *self, job_t *job, uint32_t index)
{
    result_log_location_t location;
    if (self && result_log_ask_large (job->keep, index, &location))
        s_pager_ask (self, &(fetch_t){.part = PAGER_LARGE, .job = job->number, .index = index},
                     location.seq, location.offset, location.size);
}

//  ---- data that was read ------------------------------------------------

static bool s_take_record (cursor_t *cursor, result_log_t *keep, uint32_t segment)
{
    uint64_t verb;
    wire_log_result_t result;
    wire_log_output_t output;
    if (!cursor_uint (cursor, &verb))
        return false;
    if (verb == WIRE_log_result && wire_read_log_result (cursor, &result))
        result_log_refill (keep, segment, RESULT_LOG_RESULT, (uint32_t) result.index, result.body);
    else if (verb == WIRE_log_output && wire_read_log_output (cursor, &output))
        result_log_refill (keep, segment, RESULT_LOG_OUTPUT, (uint32_t) output.index, output.body);
    else
        return false;
    return true;
}

static bool s_take_run (const fetch_t *fetch, result_log_t *keep, view_t bytes)
{
    cursor_t cursor = cursor_of_view (bytes);
    while (!cursor_done (&cursor))
        if (!s_take_record (&cursor, keep, fetch->index))
            return false;
    return !fetch->last || result_log_refilled (keep, fetch->index);
}

//  False when the bytes differ from what was evicted.
static bool s_pager_take (const fetch_t *fetch, job_t *job, buffer_t *bytes)
{
    switch (fetch->part) {
    case PAGER_PAYLOADS:
        return fetch->index >= job->total || payloads_restore (job->stock, fetch->index, bytes);
    case PAGER_KEPT: return s_take_run (fetch, job->keep, wire_view_of (bytes));
    case PAGER_LARGE: return result_log_restore_large (job->keep, fetch->index, bytes);
    }
    return false;
}

static void s_take_slice (pager_t *self, store_slice_t *slice)
{
    const fetch_t *fetch = self->first;
    assert (fetch && fetch->job == slice->tag);
    job_t *job = job_table_find (self->jobs, fetch->job);
    if (!job)
        return;
    if (slice->fault.code || !s_pager_take (fetch, job, &slice->body)) {
        self->damaged = true;
        return;
    }
    self->arrivals += fetch->part != PAGER_PAYLOADS;
    self->came (self->owner, job, fetch->part);
}

cadre_error_t pager_turn (pager_t *self, fault_t *fault)
{
    store_slice_t slice;
    while (store_next_slice (self->store, &slice)) {
        s_take_slice (self, &slice);
        buffer_free (&slice.body);
        s_pop (self);
    }
    if (self->damaged)
        return fault_set (fault, CADRE_ERROR_IO,
                          "the store is damaged: stored data is missing: restore a copy");
    return CADRE_OK;
}

uint64_t pager_arrivals (const pager_t *self)
{
    return self->arrivals;
}
