//  gather.c - large bytes that are packed are noted, and copied once

#include "common/gather.h"

#include "common/bulk.h"

void gather_append (buffer_t *buffer, const void *bytes, size_t size_bytes)
{
    gather_t *self = buffer->gather;
    if (!self || size_bytes < GATHER_LEAST || self->count == GATHER_PIECES) {
        buffer_append (buffer, bytes, size_bytes);
        return;
    }
    self->at [self->count] = buffer->size;
    self->bytes [self->count++] = (view_t){.data = bytes, .size = size_bytes};
    self->size += size_bytes;
}

size_t gather_size (const gather_t *self, const buffer_t *buffer)
{
    return buffer->size + self->size;
}

void gather_shift (gather_t *self, size_t size_bytes)
{
    for (size_t i = 0; i < self->count; i++)
        self->at [i] += size_bytes;
}

//  What was copied and what was noted, in order. Returns how many pieces.
static size_t s_pieces (const gather_t *self, const buffer_t *buffer, view_t *pieces)
{
    size_t count = 0, from = 0;
    for (size_t i = 0; i <= self->count; i++) {
        size_t to = i < self->count ? self->at [i] : buffer->size;
        if (to > from)
            pieces [count++] = (view_t){.data = buffer->data + from, .size = to - from};
        if (i < self->count)
            pieces [count++] = self->bytes [i];
        from = to;
    }
    return count;
}

void gather_take (gather_t *self, buffer_t *buffer, size_t least)
{
    view_t pieces [2 * GATHER_PIECES + 1];
    size_t count = s_pieces (self, buffer, pieces), size = gather_size (self, buffer);
    buffer_t whole = {.checked = buffer->checked};
    bulk_t *bulk = size >= least && !buffer->failed ? bulk_of_pieces (pieces, count) : NULL;
    buffer->gather = NULL;
    if (bulk) {
        whole = buffer_of_bulk (bulk);
        whole.checked = buffer->checked;
    } else if (self->count == 0)
        return;
    else if (buffer->failed)
        whole.failed = true;
    else if (buffer_reserve (&whole, size))
        for (size_t i = 0; i < count; i++)
            buffer_append (&whole, pieces [i].data, pieces [i].size);
    buffer_free (buffer);
    *buffer = whole;
    *self = (gather_t){0};
}
