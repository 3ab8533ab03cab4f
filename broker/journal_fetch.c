//  journal_fetch.c - what was put out of memory, and is needed again

#include <assert.h>
#include <stdlib.h>

#include "broker/follower.h"
#include "broker/journal_own.h"

#define AHEAD_BLOCKS 4 //  Payloads are read ahead, so that workers do not wait for the disk
#define AHEAD_KEPT 2   //  So is what is kept, so that clients do not

static void s_ask (journal_t *self, const fetch_t *what, uint64_t seq, uint64_t offset, size_t size)
{
    fetch_t *fetch = calloc (1, sizeof *fetch);
    assert (fetch);
    *fetch = *what;
    if (self->fetches_last)
        self->fetches_last->next = fetch;
    else
        self->fetches = fetch;
    self->fetches_last = fetch;
    store_read (self->store, fetch->job, seq, offset, size);
}

static void s_pop (journal_t *self)
{
    fetch_t *fetch = self->fetches;
    self->fetches = fetch->next;
    if (!self->fetches)
        self->fetches_last = NULL;
    free (fetch);
}

void journal_drop_fetches (journal_t *self)
{
    while (self->fetches)
        s_pop (self);
}

void journal_fetch (journal_t *self, job_t *job, uint32_t index)
{
    for (int i = 0; i < AHEAD_BLOCKS && index < job->total; i++) {
        stock_place_t place;
        size_t size;
        if (stock_ask (job->stock, index, &place, &size))
            s_ask (self, &(fetch_t){.kind = FETCH_PAYLOADS, .job = job->number, .index = index}, place.seq,
                   place.offset, size);
        index = stock_block_end (job->stock, index);
    }
}

//  A segment is made of runs, the last of which completes it.
static void s_ask_segment (journal_t *self, const job_t *job, uint64_t position)
{
    const keep_place_t *runs;
    size_t count = keep_ask (job->keep, position, &runs);
    for (size_t i = 0; i < count; i++) {
        fetch_t fetch = {
            .kind = FETCH_KEPT, .job = job->number, .index = keep_segment (position), .last = i + 1 == count};
        s_ask (self, &fetch, runs [i].seq, runs [i].offset, runs [i].size);
    }
}

void journal_fetch_kept (journal_t *self, job_t *job, uint64_t position)
{
    if (!self) //  The broker ends
        return;
    keep_normalize (job->keep, &position);
    for (uint32_t i = 0; i < AHEAD_KEPT; i++) {
        s_ask_segment (self, job, position);
        position = keep_segment_start (keep_segment (position) + 1);
    }
}

void journal_fetch_large (journal_t *self, job_t *job, uint32_t index)
{
    keep_place_t place;
    if (self && keep_ask_large (job->keep, index, &place))
        s_ask (self, &(fetch_t){.kind = FETCH_LARGE, .job = job->number, .index = index}, place.seq,
               place.offset, place.size);
}

//  ---- what has come ------------------------------------------------------

static bool s_take_record (cursor_t *cursor, keep_t *keep, uint32_t segment)
{
    uint64_t verb;
    wire_log_result_t result;
    wire_log_output_t output;
    if (!cursor_uint (cursor, &verb))
        return false;
    if (verb == WIRE_log_result && wire_read_log_result (cursor, &result))
        keep_refill (keep, segment, KEEP_RESULT, (uint32_t) result.index, result.body);
    else if (verb == WIRE_log_output && wire_read_log_output (cursor, &output))
        keep_refill (keep, segment, KEEP_OUTPUT, (uint32_t) output.index, output.body);
    else
        return false;
    return true;
}

static bool s_take_run (const fetch_t *fetch, keep_t *keep, view_t bytes)
{
    cursor_t cursor = cursor_of_view (bytes);
    while (!cursor_done (&cursor))
        if (!s_take_record (&cursor, keep, fetch->index))
            return false;
    return !fetch->last || keep_refilled (keep, fetch->index);
}

static bool s_take_payloads (journal_t *self, const fetch_t *fetch, job_t *job, buffer_t *bytes)
{
    bool fine = fetch->index >= job->total || stock_restore (job->stock, fetch->index, bytes);
    ledger_update (self->hub->ledger, job);
    return fine;
}

//  Who follows the job goes on, and who asked for one of its tasks.
static bool s_take_kept (journal_t *self, const fetch_t *fetch, job_t *job, buffer_t *bytes)
{
    bool fine = fetch->kind == FETCH_LARGE ? keep_restore_large (job->keep, fetch->index, bytes)
                                           : s_take_run (fetch, job->keep, wire_view_of (bytes));
    self->arrivals++;
    follower_touch (job, self->hub);
    return fine;
}

void journal_take_slices (journal_t *self)
{
    store_slice_t slice;
    while (store_next_slice (self->store, &slice)) {
        const fetch_t *fetch = self->fetches;
        assert (fetch && fetch->job == slice.tag);
        job_t *job = job_table_find (self->hub->jobs, fetch->job);
        bool fine = !job
                    || (slice.fault.code == CADRE_OK
                        && (fetch->kind == FETCH_PAYLOADS ? s_take_payloads : s_take_kept) (self, fetch, job,
                                                                                            &slice.body));
        self->damaged = self->damaged || !fine;
        buffer_free (&slice.body);
        s_pop (self);
    }
}
