//  buffer.c - growable bytes

#include "common/buffer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"

static bool s_grow (buffer_t *self, size_t size_bytes)
{
    assert (size_bytes <= SIZE_MAX / 4 && self->size <= SIZE_MAX / 4);
    size_t capacity = self->capacity ? self->capacity : 64;
    while (capacity < self->size + size_bytes)
        capacity *= 2;
    const bool large = self->checked && capacity >= ROOM_LEAST;
    uint8_t *data = large && !room_for (capacity) ? NULL : realloc (self->data, capacity);
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
    if ((size_bytes > self->capacity - self->size || !self->data) && !s_grow (self, size_bytes))
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
    if (self->capacity - self->size < self->size / 8 + BUFFER_AIR_BYTES)
        return;
    if (self->size == 0) {
        buffer_free (self);
        return;
    }
    uint8_t *data = realloc (self->data, self->size);
    assert (data);
    self->data = data;
    self->capacity = self->size;
}

void buffer_clear (buffer_t *self)
{
    self->size = 0;
    self->failed = false;
}

void buffer_consume (buffer_t *self, size_t size_bytes)
{
    assert (size_bytes <= self->size);
    self->size -= size_bytes;
    if (self->size && size_bytes)
        memmove (self->data, self->data + size_bytes, self->size);
}

void buffer_free (buffer_t *self)
{
    free (self->data);
    *self = (buffer_t){.checked = self->checked};
}

buffer_t buffer_take (buffer_t *other)
{
    buffer_t taken = *other;
    *other = (buffer_t){.checked = other->checked};
    return taken;
}
