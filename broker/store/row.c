//  row.c - how a batch is stored in rows of a table

#include "broker/store/row.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#include <xxhash.h>

uint32_t row_count (uint64_t size_bytes)
{
    return (uint32_t) ((size_bytes + ROW_CONTENT_BYTES - 1) / ROW_CONTENT_BYTES);
}

view_t row_part (view_t batch, uint32_t index)
{
    size_t offset = (size_t) index * ROW_CONTENT_BYTES;
    assert (offset < batch.size);
    size_t left = batch.size - offset;
    return (view_t){.data = batch.data + offset,
                    .size = left < ROW_CONTENT_BYTES ? left : ROW_CONTENT_BYTES};
}

static void s_put64 (uint8_t *bytes, uint64_t value)
{
    value = htobe64 (value);
    memcpy (bytes, &value, sizeof value);
}

static void s_put32 (uint8_t *bytes, uint32_t value)
{
    value = htobe32 (value);
    memcpy (bytes, &value, sizeof value);
}

static uint64_t s_get64 (const uint8_t *bytes)
{
    uint64_t value;
    memcpy (&value, bytes, sizeof value);
    return be64toh (value);
}

static uint32_t s_get32 (const uint8_t *bytes)
{
    uint32_t value;
    memcpy (&value, bytes, sizeof value);
    return be32toh (value);
}

static uint64_t s_checksum (uint64_t seq, const uint8_t *bytes, size_t size)
{
    return XXH3_64bits_withSeed (bytes + 8, size - 8, seq);
}

size_t row_write (const row_t *self, uint8_t *bytes)
{
    assert (self->content.size > 0 && self->content.size <= ROW_CONTENT_BYTES);
    size_t size = ROW_HEAD_BYTES + self->content.size;
    s_put64 (bytes + 8, self->ordinal);
    s_put32 (bytes + 16, self->index);
    s_put32 (bytes + 20, self->count);
    memcpy (bytes + ROW_HEAD_BYTES, self->content.data, self->content.size);
    s_put64 (bytes, s_checksum (self->seq, bytes, size));
    return size;
}

bool row_read (row_t *self, uint64_t seq, view_t body)
{
    if (body.size <= ROW_HEAD_BYTES || body.size > ROW_BYTES_MAX)
        return false;
    if (s_get64 (body.data) != s_checksum (seq, body.data, body.size))
        return false;
    *self = (row_t){.seq = seq,
                    .ordinal = s_get64 (body.data + 8),
                    .index = s_get32 (body.data + 16),
                    .count = s_get32 (body.data + 20),
                    .content = {body.data + ROW_HEAD_BYTES, body.size - ROW_HEAD_BYTES}};
    bool last = self->index + 1 == self->count;
    return self->index < self->count && (last || body.size == ROW_BYTES_MAX);
}
