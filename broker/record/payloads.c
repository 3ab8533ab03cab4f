//  payloads.c - payloads of a job's tasks, in blocks

#include "broker/record/payloads.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define SHED_VISITS 128u              //  Cost to free a block, in visits of a task
#define BLOCK_FULL_BYTES (32u * 1024) //  Nothing is added to a block of this size

typedef struct block {
    uint32_t first;    //  Index of its first task
    uint32_t count;    //  Number of tasks
    uint32_t left;     //  Tasks not released yet
    uint32_t room;     //  Offsets allocated
    size_t room_bytes; //  Bytes allocated
    size_t size;       //  Bytes in use
    uint8_t *bytes;    //  The values, concatenated; NULL when all are released, or not in memory
    uint32_t *offsets; //  Offset of each value
    payloads_location_t location; //  Where they are in the store; seq 0: nowhere
    size_t stored;                //  Size in the store
    uint64_t moves_to; //  Where they are being written again: offset plus 1; 0: they are not
    size_t moves_size; //  Size there
    bool asked;        //  They are being read back
} block_t;

typedef struct large {
    uint32_t index;    //  Of the task
    buffer_t payload;  //  Its payload
    UT_hash_handle hh; //  In stock->large
} large_t;

struct payloads {
    block_t *blocks;    //  Ordered by first
    size_t head;        //  Blocks before this one are released
    size_t count;       //  Blocks, including released ones
    size_t capacity;    //  Blocks allocated
    size_t at;          //  The block used last
    large_t *large;     //  Payloads that came in parts, by task
    account_t *account; //  Counts its memory; borrowed
};

payloads_t *payloads_new (account_t *account)
{
    payloads_t *self = calloc (1, sizeof *self);
    assert (self);
    self->account = account;
    return self;
}

static size_t s_block_bytes (const block_t *block)
{
    return block->room_bytes + block->room * sizeof (uint32_t);
}

static void s_free_block (payloads_t *self, block_t *block)
{
    if (!block->bytes)
        return;
    account_subtract (self->account, s_block_bytes (block));
    free (block->bytes);
    free (block->offsets);
    block->bytes = NULL;
    block->offsets = NULL;
}

static void s_free_large (payloads_t *self, large_t *large)
{
    account_subtract (self->account, large->payload.size);
    HASH_DEL (self->large, large);
    buffer_free (&large->payload);
    free (large);
}

static void s_payloads_spend (uint32_t *visits)
{
    *visits -= *visits < SHED_VISITS ? *visits : SHED_VISITS;
}

bool payloads_shed (payloads_t *self, uint32_t *visits)
{
    for (; self->head < self->count && *visits; self->head++) {
        s_free_block (self, &self->blocks [self->head]);
        s_payloads_spend (visits);
    }
    for (; self->large && *visits; s_payloads_spend (visits))
        s_free_large (self, self->large);
    return self->head == self->count && !self->large;
}

void payloads_destroy (payloads_t **self_p)
{
    assert (self_p);
    payloads_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = self->head; i < self->count; i++)
        s_free_block (self, &self->blocks [i]);
    large_t *large, *next;
    HASH_ITER (hh, self->large, large, next)
        s_free_large (self, large);
    free (self->blocks);
    free (self);
    *self_p = NULL;
}

//  Removes released blocks at the front when they are the majority.
static void s_compact (payloads_t *self)
{
    while (self->head < self->count && self->blocks [self->head].left == 0)
        self->head++;
    if (self->head < 64 || self->head * 2 < self->count)
        return;
    self->count -= self->head;
    memmove (self->blocks, self->blocks + self->head, self->count * sizeof (block_t));
    self->head = 0;
    self->at = 0;
}

static block_t *s_open_block (payloads_t *self, uint32_t first, const payloads_location_t *location)
{
    block_t *last = self->count > self->head ? &self->blocks [self->count - 1] : NULL;
    if (last && !location && last->bytes && last->location.seq == 0
        && last->size < BLOCK_FULL_BYTES)
        return last;
    s_compact (self);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 4;
        self->blocks = realloc (self->blocks, self->capacity * sizeof (block_t));
        assert (self->blocks);
    }
    block_t *block = &self->blocks [self->count++];
    *block = (block_t){.first = first};
    return block;
}

//  The first batch gets what it needs; a growing block doubles.
static void s_payloads_reserve (payloads_t *self, block_t *block, size_t size, size_t count)
{
    size_t before = s_block_bytes (block);
    if (block->size + size > block->room_bytes) {
        size_t twice = block->room_bytes * 2;
        block->room_bytes = block->size + size > twice ? block->size + size : twice;
        block->bytes = realloc (block->bytes, block->room_bytes);
        assert (block->bytes);
    }
    if (block->count + count > block->room) {
        size_t twice = (size_t) block->room * 2;
        block->room = (uint32_t) (block->count + count > twice ? block->count + count : twice);
        block->offsets = realloc (block->offsets, block->room * sizeof (uint32_t));
        assert (block->offsets);
    }
    account_add (self->account, s_block_bytes (block) - before);
}

//  Sets the offset of each value. False when their number is different.
static bool s_find_offsets (block_t *block, size_t from, size_t count)
{
    cursor_t cursor = cursor_of (block->bytes + from, block->size - from);
    for (size_t i = 0; i < count; i++) {
        block->offsets [block->count - count + i] = (uint32_t) (cursor.at - block->bytes);
        if (!cursor_skip (&cursor, NULL))
            return false;
    }
    return cursor_done (&cursor);
}

void payloads_append (payloads_t *self, uint32_t first, const wire_list_t *values,
                      const payloads_location_t *location)
{
    if (values->count == 0)
        return;
    block_t *block = s_open_block (self, first, location);
    assert (block->first + block->count == first);
    s_payloads_reserve (self, block, values->values.size, values->count);
    size_t from = block->size;
    memcpy (block->bytes + from, values->values.data, values->values.size);
    block->size += values->values.size;
    block->count += (uint32_t) values->count;
    block->left += (uint32_t) values->count;
    if (location) {
        block->location = *location;
        block->stored = block->size;
    }
    bool fine = s_find_offsets (block, from, values->count);
    assert (fine);
}

void payloads_put_large (payloads_t *self, uint32_t index, buffer_t *payload)
{
    large_t *large = calloc (1, sizeof *large);
    assert (large);
    large->index = index;
    large->payload = buffer_take (payload);
    buffer_freeze (&large->payload); //  Each lease of the task shares it
    account_add (self->account, large->payload.size);
    HASH_ADD (hh, self->large, index, sizeof large->index, large);
}

static bool s_holds (const block_t *block, uint32_t index)
{
    return index >= block->first && index - block->first < block->count;
}

static block_t *s_payloads_find (payloads_t *self, uint32_t index)
{
    for (size_t i = self->at; i < self->count && i < self->at + 2; i++)
        if (s_holds (&self->blocks [i], index)) {
            self->at = i;
            return &self->blocks [i];
        }
    size_t low = self->head, high = self->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (self->blocks [middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    assert (low < self->count && s_holds (&self->blocks [low], index));
    self->at = low;
    return &self->blocks [low];
}

void payloads_spill (payloads_t *self)
{
    block_t *last = self->count > self->head ? &self->blocks [self->count - 1] : NULL;
    if (last && last->location.seq)
        s_free_block (self, last);
}

void payloads_spill_from (payloads_t *self, uint32_t index)
{
    for (size_t i = self->head; i < self->count; i++)
        if (self->blocks [i].first >= index && self->blocks [i].location.seq)
            s_free_block (self, &self->blocks [i]);
}

bool payloads_next_block (const payloads_t *self, uint32_t index, uint32_t *first, uint32_t *end)
{
    size_t low = self->head, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->blocks [middle].first + self->blocks [middle].count <= index)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < self->count; low++) {
        const block_t *block = &self->blocks [low];
        *first = block->first;
        *end = block->first + block->count;
        if (block->left)
            return true;
    }
    return false;
}

void payloads_note (payloads_t *self, uint32_t index, uint64_t offset, size_t size)
{
    block_t *block = s_payloads_find (self, index);
    block->moves_to = offset + 1;
    block->moves_size = size;
}

void payloads_settle (payloads_t *self, uint64_t seq)
{
    for (size_t i = self->head; i < self->count; i++) {
        block_t *block = &self->blocks [i];
        if (block->moves_to == 0)
            continue;
        block->location = (payloads_location_t){.seq = seq, .offset = block->moves_to - 1};
        block->stored = block->moves_size;
        block->moves_to = 0;
    }
}

bool payloads_is_here (payloads_t *self, uint32_t index)
{
    return s_payloads_find (self, index)->bytes != NULL;
}

bool payloads_ask (payloads_t *self, uint32_t index, payloads_location_t *location, size_t *size)
{
    block_t *block = s_payloads_find (self, index);
    if (block->bytes || block->asked)
        return false;
    block->asked = true;
    *location = block->location;
    *size = block->stored;
    return true;
}

bool payloads_restore (payloads_t *self, uint32_t index, buffer_t *bytes)
{
    block_t *block = s_payloads_find (self, index);
    block->asked = false;
    if (bytes->size != block->stored)
        return false;
    if (block->bytes || block->left == 0)
        return true;
    block->size = block->stored;
    block->room_bytes = block->size;
    block->room = block->count;
    block->bytes = malloc (block->room_bytes);
    block->offsets = malloc (block->room * sizeof (uint32_t));
    assert (block->bytes && block->offsets);
    memcpy (block->bytes, bytes->data, block->size);
    account_add (self->account, s_block_bytes (block));
    return s_find_offsets (block, 0, block->count);
}

bool payloads_is_whole (const payloads_t *self)
{
    for (size_t i = self->head; i < self->count; i++)
        if (self->blocks [i].left && !self->blocks [i].bytes)
            return false;
    return true;
}

bool payloads_missing (const payloads_t *self, uint32_t *index)
{
    for (size_t i = self->head; i < self->count; i++)
        if (self->blocks [i].left && !self->blocks [i].bytes && !self->blocks [i].asked) {
            *index = self->blocks [i].first;
            return true;
        }
    return false;
}

uint32_t payloads_block_end (payloads_t *self, uint32_t index)
{
    const block_t *block = s_payloads_find (self, index);
    return block->first + block->count;
}

size_t payloads_size (payloads_t *self, uint32_t index)
{
    const block_t *block = s_payloads_find (self, index);
    return block->bytes ? payloads_get (self, index).size : block->size / block->count;
}

view_t payloads_get (payloads_t *self, uint32_t index)
{
    block_t *block = s_payloads_find (self, index);
    assert (block->bytes);
    uint32_t location = index - block->first;
    size_t end = location + 1 < block->count ? block->offsets [location + 1] : block->size;
    return (view_t){.data = block->bytes + block->offsets [location],
                    .size = end - block->offsets [location]};
}

const buffer_t *payloads_large_buffer (const payloads_t *self, uint32_t index)
{
    large_t *large;
    HASH_FIND (hh, self->large, &index, sizeof index, large);
    assert (large);
    return &large->payload;
}

view_t payloads_large (const payloads_t *self, uint32_t index)
{
    return wire_view_of (payloads_large_buffer (self, index));
}

size_t payloads_large_size (const payloads_t *self, uint32_t index)
{
    large_t *large = NULL;
    if (self->large)
        HASH_FIND (hh, self->large, &index, sizeof index, large);
    return large ? large->payload.size : 0;
}

void payloads_release (payloads_t *self, uint32_t index)
{
    block_t *block = s_payloads_find (self, index);
    assert (block->left > 0);
    if (self->large) {
        large_t *large;
        HASH_FIND (hh, self->large, &index, sizeof index, large);
        if (large)
            s_free_large (self, large);
    }
    if (--block->left == 0)
        s_free_block (self, block);
}
