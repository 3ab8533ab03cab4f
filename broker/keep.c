//  keep.c - what is kept of a detached job

#include "broker/keep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "broker/hub.h"

#define SEGMENT_BYTES (256u * 1024) //  A segment that has grown to this is full

typedef struct head {
    uint32_t kind;  //  keep_kind_t
    uint32_t index; //  Of the task
    uint64_t size;  //  Of the body that follows
} head_t;

typedef struct large {
    uint32_t index;    //  Of the task
    buffer_t payload;  //  Its value
    UT_hash_handle hh; //  In keep->large
} large_t;

typedef struct wrote {
    uint32_t index;    //  Of the task
    bool cut;          //  Something was dropped
    size_t size_bytes; //  Output kept of it
    keep_mark_t mark;  //  Of the lease that wrote last
    UT_hash_handle hh; //  In keep->wrote
} wrote_t;

struct keep {
    buffer_t *segments; //  Records, aligned to 8
    size_t count;       //  Segments
    size_t capacity;    //  Segments allocated
    large_t *large;     //  Values too large for a frame, by task
    wrote_t *wrote;     //  How much output tasks have, by task
    uint64_t held;      //  Bytes added to *bytes_p
    uint64_t *bytes_p;  //  The total that this log adds to; borrowed
};

keep_t *keep_new (uint64_t *bytes_p)
{
    keep_t *self = calloc (1, sizeof *self);
    assert (self);
    self->bytes_p = bytes_p;
    return self;
}

static void s_count (keep_t *self, int64_t bytes)
{
    self->held += (uint64_t) bytes;
    *self->bytes_p += (uint64_t) bytes;
}

static void s_free_large (keep_t *self, large_t *large)
{
    s_count (self, -(int64_t) large->payload.size);
    HASH_DEL (self->large, large);
    buffer_free (&large->payload);
    free (large);
}

void keep_destroy (keep_t **self_p)
{
    assert (self_p);
    keep_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        buffer_free (&self->segments [i]);
    free (self->segments);
    large_t *large, *next_large;
    HASH_ITER (hh, self->large, large, next_large)
        s_free_large (self, large);
    wrote_t *wrote, *next_wrote;
    HASH_ITER (hh, self->wrote, wrote, next_wrote) {
        HASH_DEL (self->wrote, wrote);
        free (wrote);
    }
    *self->bytes_p -= self->held;
    free (self);
    *self_p = NULL;
}

static buffer_t *s_segment (keep_t *self)
{
    if (self->count && self->segments [self->count - 1].size < SEGMENT_BYTES)
        return &self->segments [self->count - 1];
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 4;
        self->segments = realloc (self->segments, self->capacity * sizeof (buffer_t));
        assert (self->segments);
    }
    self->segments [self->count] = (buffer_t){0};
    return &self->segments [self->count++];
}

uint64_t keep_append (keep_t *self, keep_kind_t kind, uint32_t index, view_t body)
{
    static const uint8_t zeros [8];
    buffer_t *segment = s_segment (self);
    size_t offset = segment->size, room = segment->capacity;
    head_t head = {.kind = kind, .index = index, .size = body.size};
    buffer_append (segment, &head, sizeof head);
    buffer_append (segment, body.data, body.size);
    buffer_append (segment, zeros, (8 - body.size % 8) % 8);
    s_count (self, (int64_t) (segment->capacity - room));
    return (uint64_t) (self->count - 1) << 32 | offset;
}

bool keep_read (const keep_t *self, uint64_t *position, keep_record_t *record)
{
    size_t at = (size_t) (*position >> 32), offset = (size_t) (*position & UINT32_MAX);
    if (at < self->count && offset == self->segments [at].size && at + 1 < self->count) {
        at++;
        offset = 0;
    }
    if (at >= self->count || offset == self->segments [at].size)
        return false;
    const buffer_t *segment = &self->segments [at];
    head_t head;
    memcpy (&head, segment->data + offset, sizeof head);
    *record = (keep_record_t){.kind = (keep_kind_t) head.kind,
                              .index = head.index,
                              .body = {.data = segment->data + offset + sizeof head, .size = head.size}};
    *position = (uint64_t) at << 32 | (offset + sizeof head + (head.size + 7) / 8 * 8);
    return true;
}

void keep_put_large (keep_t *self, uint32_t index, buffer_t *payload)
{
    large_t *large;
    HASH_FIND (hh, self->large, &index, sizeof index, large);
    if (large)
        s_free_large (self, large);
    large = calloc (1, sizeof *large);
    assert (large);
    large->index = index;
    large->payload = buffer_take (payload);
    s_count (self, (int64_t) large->payload.size);
    HASH_ADD (hh, self->large, index, sizeof large->index, large);
}

view_t keep_large (const keep_t *self, uint32_t index)
{
    large_t *large;
    HASH_FIND (hh, self->large, &index, sizeof index, large);
    return large ? wire_view_of (&large->payload) : (view_t){0};
}

static wrote_t *s_wrote (keep_t *self, uint32_t index)
{
    wrote_t *wrote;
    HASH_FIND (hh, self->wrote, &index, sizeof index, wrote);
    if (wrote)
        return wrote;
    wrote = calloc (1, sizeof *wrote);
    assert (wrote);
    wrote->index = index;
    s_count (self, sizeof *wrote);
    HASH_ADD (hh, self->wrote, index, sizeof wrote->index, wrote);
    return wrote;
}

void keep_set_mark (keep_t *self, uint32_t index, keep_mark_t mark)
{
    s_wrote (self, index)->mark = mark;
}

keep_mark_t keep_mark (const keep_t *self, uint32_t index)
{
    const wrote_t *wrote;
    HASH_FIND (hh, self->wrote, &index, sizeof index, wrote);
    return wrote ? wrote->mark : (keep_mark_t){0};
}

bool keep_admits (keep_t *self, uint32_t index, size_t size_bytes, bool *first)
{
    wrote_t *wrote = s_wrote (self, index);
    if (!wrote->cut && size_bytes <= HUB_KEEP_BYTES - wrote->size_bytes) {
        wrote->size_bytes += size_bytes;
        return true;
    }
    *first = !wrote->cut;
    wrote->cut = true;
    return false;
}
