//  pack.c - writes msgpack into a buffer

#include "common/pack.h"
#include "common/gather.h"

#include <endian.h>
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

static int s_pack_write (void *buffer, const char *bytes, size_t size)
{
    buffer_append (buffer, bytes, size);
    return 0;
}

static msgpack_packer s_packer (buffer_t *self)
{
    return (msgpack_packer){.data = self, .callback = s_pack_write};
}

//  The most frequent values are written without msgpack-c. NULL: no memory, the value is omitted.
static inline uint8_t *s_pack_room (buffer_t *self, size_t size_bytes)
{
    if (self->data && size_bytes <= self->capacity - self->size && !self->failed)
        return self->data + self->size;
    return self->failed ? NULL : buffer_reserve (self, size_bytes);
}

static inline void s_put_byte (buffer_t *self, uint8_t byte)
{
    uint8_t *room = s_pack_room (self, 1);
    if (!room)
        return;
    *room = byte;
    self->size++;
}

//  Writes a first byte and a number of so many bytes.
static inline void s_put_number (buffer_t *self, uint8_t first, uint64_t value, size_t bytes)
{
    uint64_t number = htobe64 (value << (64 - bytes * 8));
    uint8_t *room = s_pack_room (self, 1 + bytes);
    if (!room)
        return;
    room [0] = first;
    memcpy (room + 1, &number, bytes);
    self->size += 1 + bytes;
}

void pack_uint (buffer_t *self, uint64_t value)
{
    if (value < 0x80)
        s_put_byte (self, (uint8_t) value);
    else if (value <= UINT8_MAX)
        s_put_number (self, 0xcc, value, 1);
    else if (value <= UINT16_MAX)
        s_put_number (self, 0xcd, value, 2);
    else if (value <= UINT32_MAX)
        s_put_number (self, 0xce, value, 4);
    else
        s_put_number (self, 0xcf, value, 8);
}

void pack_int (buffer_t *self, int64_t value)
{
    if (value >= 0) {
        pack_uint (self, (uint64_t) value);
        return;
    }
    msgpack_packer packer = s_packer (self);
    msgpack_pack_int64 (&packer, value);
}

void pack_bool (buffer_t *self, bool value)
{
    s_put_byte (self, value ? 0xc3 : 0xc2);
}

void pack_double (buffer_t *self, double value)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_double (&packer, value);
}

void pack_nil (buffer_t *self)
{
    s_put_byte (self, 0xc0);
}

void pack_text (buffer_t *self, const char *text)
{
    pack_text_of (self, text, strlen (text));
}

void pack_text_of (buffer_t *self, const char *text, size_t size_bytes)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_str (&packer, size_bytes);
    gather_append (self, text, size_bytes);
}

void pack_blob (buffer_t *self, const void *bytes, size_t size_bytes)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_bin (&packer, size_bytes);
    gather_append (self, bytes, size_bytes);
}

void pack_array (buffer_t *self, size_t count)
{
    if (count < 16) {
        s_put_byte (self, (uint8_t) (0x90 | count));
        return;
    }
    msgpack_packer packer = s_packer (self);
    msgpack_pack_array (&packer, count);
}

void pack_map (buffer_t *self, size_t count)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_map (&packer, count);
}

void pack_ext (buffer_t *self, int8_t type, const void *bytes, size_t size_bytes)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_ext (&packer, size_bytes, type);
    buffer_append (self, bytes, size_bytes);
}

void pack_raw (buffer_t *self, const void *bytes, size_t size_bytes)
{
    buffer_append (self, bytes, size_bytes);
}
