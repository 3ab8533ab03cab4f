//  journal_fetch.c - payloads that were put out of memory, and are needed again

#include "broker/journal_own.h"

#define AHEAD_BLOCKS 4 //  Read at a time, so that workers do not wait for the disk

//  Slices are told apart by job and block: job numbers stay below 2^32 for as long as anybody lives.
static uint64_t s_tag (const job_t *job, uint32_t index)
{
    return job->number << 32 | index;
}

void journal_fetch (journal_t *self, job_t *job, uint32_t index)
{
    for (int i = 0; i < AHEAD_BLOCKS && index < job->total; i++) {
        stock_place_t place;
        size_t size;
        if (stock_ask (job->stock, index, &place, &size))
            store_read (self->store, s_tag (job, index), place.seq, place.offset, size);
        index = stock_block_end (job->stock, index);
    }
}

void journal_take_slices (journal_t *self)
{
    store_slice_t slice;
    while (store_next_slice (self->store, &slice)) {
        job_t *job = ledger_find (self->hub->ledger, slice.tag >> 32);
        uint32_t index = (uint32_t) slice.tag;
        if (job && index < job->total) {
            bool fine = slice.fault.code == CADRE_OK && stock_restore (job->stock, index, &slice.body);
            self->damaged = self->damaged || !fine;
            ledger_again (self->hub->ledger, job);
        }
        buffer_free (&slice.body);
    }
}
