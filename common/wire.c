//  wire.c - encoders and decoders, generated from wire.def

#include "common/wire.h"
#include "common/pack.h"

#include <assert.h>
#include <string.h>

static void s_put_big_endian (uint8_t *bytes, uint64_t number)
{
    for (int i = 7; i >= 0; i--) {
        bytes [i] = (uint8_t) number;
        number >>= 8;
    }
}

static uint64_t s_get_big_endian (const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes [i];
    return number;
}

cadre_error_t wire_open (const void *frame, size_t size_bytes, wire_envelope_t *envelope,
                         cursor_t *body)
{
    const uint8_t *bytes = frame;
    if (size_bytes < WIRE_ENVELOPE_BYTES || size_bytes > WIRE_FRAME_MAX || bytes [2] || bytes [3])
        return CADRE_ERROR_PROTOCOL;
    *envelope = (wire_envelope_t){.version = bytes [0],
                                  .verb = bytes [1],
                                  .session = s_get_big_endian (bytes + 4),
                                  .sequence = s_get_big_endian (bytes + 12)};
    *body = cursor_of (bytes + WIRE_ENVELOPE_BYTES, size_bytes - WIRE_ENVELOPE_BYTES);
    return envelope->version == WIRE_MAJOR ? CADRE_OK : CADRE_ERROR_VERSION;
}

static void s_write_envelope (buffer_t *frame, const wire_envelope_t *envelope, uint8_t verb)
{
    uint8_t *bytes = buffer_reserve (frame, WIRE_ENVELOPE_BYTES);
    bytes [0] = WIRE_MAJOR;
    bytes [1] = verb;
    bytes [2] = bytes [3] = 0;
    s_put_big_endian (bytes + 4, envelope->session);
    s_put_big_endian (bytes + 12, envelope->sequence);
    frame->size += WIRE_ENVELOPE_BYTES;
}

void wire_stamp (buffer_t *frame, uint64_t session, uint64_t sequence)
{
    assert (frame->size >= WIRE_ENVELOPE_BYTES);
    s_put_big_endian (frame->data + 4, session);
    s_put_big_endian (frame->data + 12, sequence);
}

const char *wire_verb_name (unsigned verb)
{
    switch (verb) {
#define WIRE_NAME(name, number, way, text)                                                         \
    case number: return #name;
        WIRE_MESSAGES (WIRE_NAME)
#undef WIRE_NAME
    default: return "unknown";
    }
}

view_t wire_view (const char *text)
{
    return (view_t){.data = (const uint8_t *) text, .size = text ? strlen (text) : 0};
}

view_t wire_view_of (const buffer_t *buffer)
{
    return (view_t){.data = buffer->data, .size = buffer->size};
}

wire_list_t wire_list_of (const buffer_t *values, size_t count)
{
    return (wire_list_t){.count = count, .values = wire_view_of (values)};
}

bool wire_read_list (cursor_t *cursor, wire_list_t *list)
{
    return cursor_array (cursor, &list->count)
           && cursor_skip_many (cursor, list->count, &list->values);
}

static void s_pack_number (buffer_t *self, int8_t type, uint64_t number)
{
    uint8_t bytes [8];
    s_put_big_endian (bytes, number);
    pack_ext (self, type, bytes, sizeof bytes);
}

//  The number in an ext of that type, 0 when it is none.
static uint64_t s_number_of (view_t value, int8_t wanted)
{
    cursor_t cursor = cursor_of_view (value);
    int8_t type = 0;
    view_t number = {0};
    if (cursor_peek (&cursor) != CURSOR_EXT || !cursor_ext (&cursor, &type, &number))
        return 0;
    return type == wanted && number.size == 8 ? s_get_big_endian (number.data) : 0;
}

void wire_pack_parts (buffer_t *self, uint64_t payload)
{
    s_pack_number (self, WIRE_EXT_PARTS, payload);
}

uint64_t wire_parts_of (view_t value)
{
    return s_number_of (value, WIRE_EXT_PARTS);
}

void wire_pack_file (buffer_t *self, uint64_t size_bytes)
{
    s_pack_number (self, WIRE_EXT_FILE, size_bytes);
}

uint64_t wire_file_of (view_t value)
{
    return s_number_of (value, WIRE_EXT_FILE);
}

//  ---- one pack and one read function for each field type ----------------

static void s_pack_uint (buffer_t *self, wire_uint_t value)
{
    pack_uint (self, value);
}

static void s_pack_sint (buffer_t *self, wire_sint_t value)
{
    pack_int (self, value);
}

static void s_pack_flag (buffer_t *self, wire_flag_t value)
{
    pack_bool (self, value);
}

static void s_pack_text (buffer_t *self, wire_text_t value)
{
    pack_text_of (self, (const char *) value.data, value.size);
}

static void s_pack_blob (buffer_t *self, wire_blob_t value)
{
    pack_blob (self, value.data, value.size);
}

static void s_pack_raw (buffer_t *self, wire_raw_t value)
{
    if (value.size)
        pack_raw (self, value.data, value.size);
    else
        pack_nil (self);
}

static void s_pack_list (buffer_t *self, wire_list_t value)
{
    pack_array (self, value.count);
    pack_raw (self, value.values.data, value.values.size);
}

static bool s_read_uint (cursor_t *cursor, wire_uint_t *value)
{
    return cursor_uint (cursor, value);
}

static bool s_read_sint (cursor_t *cursor, wire_sint_t *value)
{
    return cursor_int (cursor, value);
}

static bool s_read_flag (cursor_t *cursor, wire_flag_t *value)
{
    return cursor_bool (cursor, value);
}

static bool s_read_text (cursor_t *cursor, wire_text_t *value)
{
    return cursor_text (cursor, value);
}

static bool s_read_blob (cursor_t *cursor, wire_blob_t *value)
{
    return cursor_blob (cursor, value);
}

static bool s_read_raw (cursor_t *cursor, wire_raw_t *value)
{
    return cursor_skip (cursor, value);
}

static bool s_read_list (cursor_t *cursor, wire_list_t *value)
{
    return wire_read_list (cursor, value);
}

//  ---- messages and records -----------------------------------------------

//  Skips additional fields of a newer minor version.
static bool s_skip (cursor_t *cursor, size_t count)
{
    return count == 0 || cursor_skip_many (cursor, count, NULL);
}

//  Optional fields are packed like others, and read if present.
#define s_pack_later_uint s_pack_uint
#define s_pack_later_flag s_pack_flag
#define s_pack_later_raw s_pack_raw
#define s_pack_later_text s_pack_text
#define s_pack_later_list s_pack_list
#define s_read_later_uint s_read_uint
#define s_read_later_flag s_read_flag
#define s_read_later_raw s_read_raw
#define s_read_later_text s_read_text
#define s_read_later_list s_read_list

enum {
    LEAST_uint = 1,
    LEAST_sint = 1,
    LEAST_flag = 1,
    LEAST_text = 1,
    LEAST_blob = 1,
    LEAST_raw = 1,
    LEAST_list = 1,
    LEAST_later_uint = 0,
    LEAST_later_flag = 0,
    LEAST_later_raw = 0,
    LEAST_later_text = 0,
    LEAST_later_list = 0
};

#define WIRE_COUNT(type, field, meaning) +1
#define WIRE_LEAST(type, field, meaning) +LEAST_##type
#define WIRE_PACK(type, field, meaning) s_pack_##type (self, fields->field);
#define WIRE_READ(type, field, meaning)                                                            \
    &&(left == 0 || (left--, s_read_##type (cursor, &fields->field)))

#define WIRE_CODEC(name, ...)                                                                      \
    void wire_pack_##name (buffer_t *self, const wire_##name##_t *fields)                          \
    {                                                                                              \
        pack_array (self, 0 WIRE_FIELDS_##name (WIRE_COUNT));                                      \
        WIRE_FIELDS_##name (WIRE_PACK)                                                             \
    }                                                                                              \
    bool wire_read_##name (cursor_t *cursor, wire_##name##_t *fields)                              \
    {                                                                                              \
        const size_t least = 0 WIRE_FIELDS_##name (WIRE_LEAST);                                    \
        size_t left = 0;                                                                           \
        *fields = (wire_##name##_t){0};                                                            \
        return cursor_array (cursor, &left) && left >= least WIRE_FIELDS_##name (WIRE_READ)        \
               && s_skip (cursor, left);                                                           \
    }
WIRE_MESSAGES (WIRE_CODEC)
WIRE_RECORDS (WIRE_CODEC)

#define WIRE_WRITE(name, ...)                                                                      \
    void wire_write_##name (buffer_t *frame, wire_envelope_t envelope,                             \
                            const wire_##name##_t *fields)                                         \
    {                                                                                              \
        s_write_envelope (frame, &envelope, WIRE_##name);                                          \
        wire_pack_##name (frame, fields);                                                          \
    }
WIRE_MESSAGES (WIRE_WRITE)
