//  unacked.c - payloads of a work, kept until they need not be sent again

#include "client/lib/work/unacked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (64u * 1024u)
#define BLOCKS_MIN 8u
#define WORD_BITS 64u
#define SPANS_MAX 40000u //  A JOB_OPEN with so many still fits into a frame

struct unacked_block {
    uint64_t put;    //  Number of the frame that carried its last task
    uint32_t first;  //  Its first task
    uint32_t count;  //  Number of tasks
    uint32_t live;   //  Tasks that have not ended
    size_t size;     //  Bytes in use
    size_t capacity; //  Bytes allocated
    buffer_t large;  //  The payload of its only task, if that is large; else empty
    uint64_t ended [UNACKED_TASKS_MAX / WORD_BITS]; //  A bit for each task
    uint8_t bytes [];                               //  Concatenated payloads
};

//  ---- blocks ----------------------------------------------------------------------

//  With room for more, unless the payloads fill most of a block.
static unacked_block_t *s_block_new (uint32_t count, size_t size)
{
    bool full = size > BLOCK_BYTES / 2 || count > UNACKED_TASKS_MAX / 2;
    size_t capacity = full ? size : BLOCK_BYTES;
    unacked_block_t *block = malloc (sizeof *block + capacity);
    if (!block)
        return NULL;
    memset (block, 0, sizeof *block);
    block->capacity = capacity;
    return block;
}

static void s_block_free (unacked_t *self, unacked_block_t *block)
{
    self->large -= block->large.size > 0;
    buffer_free (&block->large);
    free (block);
}

static bool s_unacked_has_ended (const unacked_block_t *block, uint32_t index)
{
    uint32_t offset = index - block->first;
    return block->ended [offset / WORD_BITS] >> (offset % WORD_BITS) & 1;
}

static uint32_t s_unacked_end (const unacked_block_t *block)
{
    return block->first + block->count;
}

static void s_unacked_append (unacked_t *self, unacked_block_t *block)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : BLOCKS_MIN;
        self->blocks = realloc (self->blocks, self->capacity * sizeof (unacked_block_t *));
        assert (self->blocks);
    }
    self->blocks [self->count++] = block;
}

static void s_unacked_remove (unacked_t *self, size_t at, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        s_block_free (self, self->blocks [at + i]);
    self->count -= count;
    memmove (self->blocks + at, self->blocks + at + count,
             (self->count - at) * sizeof (unacked_block_t *));
    if (self->found >= at)
        self->found = at < self->count ? at : 0;
}

void unacked_free (unacked_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        s_block_free (self, self->blocks [i]);
    free (self->blocks);
    *self = (unacked_t){0};
}

//  The index of the first block that ends after a task.
static size_t s_unacked_search (const unacked_t *self, uint32_t index)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s_unacked_end (self->blocks [middle]) > index)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

//  The block with a task, or NULL. Results come in order, so the block found last is checked first,
//  then the next one.
static unacked_block_t *s_unacked_find (unacked_t *self, uint32_t index)
{
    for (size_t at = self->found; at < self->count && at < self->found + 2; at++) {
        unacked_block_t *block = self->blocks [at];
        if (index - block->first < block->count) {
            self->found = at;
            return block;
        }
    }
    size_t at = s_unacked_search (self, index);
    if (at == self->count || index < self->blocks [at]->first)
        return NULL;
    self->found = at;
    return self->blocks [at];
}

//  ---- tasks come and go -------------------------------------------------------------

//  The last block, if the tasks follow it and fit.
static unacked_block_t *s_last_with_room (unacked_t *self, uint32_t first, uint32_t count,
                                          size_t size)
{
    unacked_block_t *last = self->count ? self->blocks [self->count - 1] : NULL;
    if (!last || last->count + count > UNACKED_TASKS_MAX || last->size + size > last->capacity)
        return NULL;
    if (last->count == 0)
        last->first = first;
    return s_unacked_end (last) == first ? last : NULL;
}

//  Only the last block may be empty.
static void s_remove_empty (unacked_t *self)
{
    if (self->count && self->blocks [self->count - 1]->count == 0)
        s_unacked_remove (self, self->count - 1, 1);
}

void unacked_add (unacked_t *self, uint32_t first, uint32_t count, view_t payloads, uint64_t put)
{
    assert (count <= UNACKED_TASKS_MAX);
    unacked_block_t *block = s_last_with_room (self, first, count, payloads.size);
    if (!block) {
        s_remove_empty (self);
        block = s_block_new (count, payloads.size);
        assert (block);
        block->first = first;
        s_unacked_append (self, block);
    }
    if (payloads.size)
        memcpy (block->bytes + block->size, payloads.data, payloads.size);
    block->size += payloads.size;
    block->count += count;
    block->live += count;
    block->put = put;
}

void unacked_add_large (unacked_t *self, uint32_t index, buffer_t *payload, uint64_t put)
{
    s_remove_empty (self);
    unacked_block_t *block = s_block_new (UNACKED_TASKS_MAX, 0);
    assert (block);
    block->first = index;
    block->count = block->live = 1;
    block->large = buffer_take (payload);
    self->large++;
    block->put = put;
    s_unacked_append (self, block);
}

//  A block that is no longer needed. The last one stays, for later tasks.
static void s_retire (unacked_t *self, unacked_block_t *block)
{
    size_t at = self->found;
    if (at + 1 < self->count || block->capacity != BLOCK_BYTES) {
        s_unacked_remove (self, at, 1);
        return;
    }
    memset (block->ended, 0, (block->count + 7) / 8);
    block->first += block->count;
    block->count = 0;
    block->size = 0;
}

bool unacked_has (unacked_t *self, uint32_t index)
{
    const unacked_block_t *block = s_unacked_find (self, index);
    return block && !s_unacked_has_ended (block, index);
}

bulk_t *unacked_hold_large (unacked_t *self, uint32_t index)
{
    const unacked_block_t *block = self->large ? s_unacked_find (self, index) : NULL;
    return block && block->large.bulk ? bulk_hold (block->large.bulk) : NULL;
}

bool unacked_end (unacked_t *self, uint32_t index)
{
    unacked_block_t *block = s_unacked_find (self, index);
    if (!block || s_unacked_has_ended (block, index))
        return false;
    uint32_t offset = index - block->first;
    block->ended [offset / WORD_BITS] |= UINT64_C (1) << (offset % WORD_BITS);
    if (--block->live == 0)
        s_retire (self, block);
    return true;
}

void unacked_acknowledge (unacked_t *self, uint64_t put)
{
    size_t count = 0;
    while (count < self->count && self->blocks [count]->put <= put)
        count++;
    s_unacked_remove (self, 0, count);
}

void unacked_renumber (unacked_t *self, uint64_t put)
{
    for (size_t i = 0; i < self->count; i++)
        self->blocks [i]->put = put;
}

uint32_t unacked_first (const unacked_t *self, uint32_t end)
{
    return self->count && self->blocks [0]->count ? self->blocks [0]->first : end;
}

//  ---- reading ---------------------------------------------------------------------------

view_t unacked_read (const unacked_t *self, unacked_at_t *at, bool ended_too)
{
    view_t payload = {NULL, 0};
    uint32_t index = at->index++;
    if (at->inside && index >= s_unacked_end (self->blocks [at->block])) {
        at->inside = false;
        at->block++;
    }
    if (!at->inside) {
        const unacked_block_t *next = at->block < self->count ? self->blocks [at->block] : NULL;
        if (!next || index < next->first || next->count == 0)
            return payload;
        at->cursor = next->large.size ? cursor_of (next->large.data, next->large.size)
                                      : cursor_of (next->bytes, next->size);
        at->inside = true;
    }
    bool there = cursor_skip (&at->cursor, &payload);
    assert (there);
    return ended_too || !s_unacked_has_ended (self->blocks [at->block], index) ? payload
                                                                               : (view_t){NULL, 0};
}

buffer_t unacked_whole (const unacked_t *self, const unacked_at_t *at, view_t payload)
{
    buffer_t whole = {0};
    const unacked_block_t *block = self->blocks [at->block];
    if (block->large.data == payload.data)
        return buffer_share (&block->large);
    buffer_append (&whole, payload.data, payload.size);
    return whole;
}

//  Spans in construction; adjacent ones are joined.
typedef struct spans {
    buffer_t *list; //  Packed spans
    size_t count;   //  Number of spans
    uint32_t first; //  First task of the current span
    uint32_t end;   //  Its end; equal to first: no span
} spans_t;

static void s_close_span (spans_t *self)
{
    if (self->end == self->first)
        return;
    wire_span_t span = {.first = self->first, .count = self->end - self->first};
    wire_pack_span (self->list, &span);
    self->count++;
    self->first = self->end;
}

static void s_span (spans_t *self, uint32_t first, uint32_t end)
{
    if (end <= first)
        return;
    if (self->end != first) {
        s_close_span (self);
        self->first = first;
    }
    self->end = end;
}

size_t unacked_pack_ended (const unacked_t *self, uint32_t end, buffer_t *list, uint32_t *plain)
{
    spans_t spans = {.list = list};
    uint32_t at = 0;
    *plain = end;
    for (size_t i = 0; i < self->count && self->blocks [i]->count; i++) {
        const unacked_block_t *block = self->blocks [i];
        s_span (&spans, at, block->first);
        if (spans.count > SPANS_MAX && *plain == end)
            *plain = block->first;
        for (at = block->first; at < s_unacked_end (block); at++)
            if (s_unacked_has_ended (block, at) && *plain == end)
                s_span (&spans, at, at + 1);
    }
    s_span (&spans, at, end);
    s_close_span (&spans);
    return spans.count;
}
