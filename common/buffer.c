//  buffer.c - growable bytes

#include "common/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/bulk.h"
#include "common/memory_check.h"

static bool s_buffer_grow (buffer_t *self, size_t size_bytes)
{
    assert (size_bytes <= SIZE_MAX / 4 && self->size <= SIZE_MAX / 4);
    size_t capacity = self->capacity ? self->capacity : 64;
    while (capacity < self->size + size_bytes)
        capacity *= 2;
    const bool large = self->checked && capacity >= MEMORY_CHECK_LEAST;
    uint8_t *data = large && !memory_check_for (capacity) ? NULL : realloc (self->data, capacity);
    if (!data && large) {
        self->failed = true;
        return false;
    }
    assert (data);
    self->data = data;
    self->capacity = capacity;
    return true;
}

uint8_t *buffer_reserve (buffer_t *self, size_t size_bytes)
{
    assert (!self->bulk);
    if ((size_bytes > self->capacity - self->size || !self->data)
        && !s_buffer_grow (self, size_bytes))
        return NULL;
    return self->data + self->size;
}

void buffer_append (buffer_t *self, const void *bytes, size_t size_bytes)
{
    uint8_t *room = size_bytes && !self->failed ? buffer_reserve (self, size_bytes) : NULL;
    if (!room)
        return;
    memcpy (room, bytes, size_bytes);
    self->size += size_bytes;
}

void buffer_trim (buffer_t *self)
{
    if (self->bulk || self->capacity - self->size < self->size / 8 + BUFFER_AIR_BYTES)
        return;
    if (self->size == 0) {
        buffer_free (self);
        return;
    }
    uint8_t *data = realloc (self->data, self->size);
    if (!data)
        return;
    self->data = data;
    self->capacity = self->size;
}

void buffer_clear (buffer_t *self)
{
    if (self->bulk)
        buffer_free (self);
    self->size = 0;
    self->failed = false;
}

void buffer_consume (buffer_t *self, size_t size_bytes)
{
    assert (size_bytes <= self->size && !self->bulk);
    self->size -= size_bytes;
    if (self->size && size_bytes)
        memmove (self->data, self->data + size_bytes, self->size);
}

void buffer_free (buffer_t *self)
{
    if (self->bulk)
        bulk_release (&self->bulk);
    else
        free (self->data);
    *self = (buffer_t){.checked = self->checked};
}

buffer_t buffer_take (buffer_t *other)
{
    buffer_t taken = *other;
    *other = (buffer_t){.checked = other->checked};
    return taken;
}

buffer_t buffer_of_bulk (bulk_t *bulk)
{
    view_t view = bulk_view (bulk);
    return (buffer_t){.data = (uint8_t *) (uintptr_t) view.data,
                      .size = view.size,
                      .capacity = view.size,
                      .bulk = bulk};
}

buffer_t buffer_share (const buffer_t *self)
{
    buffer_t copy = {0};
    if (self->bulk)
        return buffer_of_bulk (bulk_hold (self->bulk));
    buffer_append (&copy, self->data, self->size);
    return copy;
}

void buffer_freeze (buffer_t *self)
{
    assert (self->size);
    if (self->bulk)
        return;
    buffer_trim (self);
    buffer_t bytes = buffer_take (self);
    *self = buffer_of_bulk (bulk_of_memory (bytes.data, bytes.size));
}
