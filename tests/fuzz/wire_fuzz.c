//  wire_fuzz.c - any bytes as a frame, its body given to every reader; what is read can be written
//  and is read alike

#include "common/wire.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static uint64_t s_sum; // so that every byte of a view is touched

static void s_touch (view_t view)
{
    for (size_t i = 0; i < view.size; i++)
        s_sum += view.data [i];
}

//  Elements of a list as each record there is
static void s_records (wire_list_t list)
{
#define RECORD(name, ...)                                                                          \
    {                                                                                              \
        cursor_t cursor = cursor_of_view (list.values);                                            \
        wire_##name##_t record;                                                                    \
        for (size_t i = 0; i < list.count && wire_read_##name (&cursor, &record); i++)             \
            s_sum += i;                                                                            \
    }
    WIRE_RECORDS (RECORD)
}

static void s_check_uint (wire_uint_t value)
{
    s_sum += value;
}

static void s_check_sint (wire_sint_t value)
{
    s_sum += (uint64_t) value;
}

static void s_check_flag (wire_flag_t value)
{
    s_sum += value;
}

#define s_check_text s_touch
#define s_check_blob s_touch

static void s_check_raw (wire_raw_t value)
{
    cursor_t cursor = cursor_of_view (value);
    assert (cursor_skip (&cursor, NULL) && cursor_done (&cursor));
    s_sum += wire_parts_of (value);
    s_touch (value);
}

static void s_check_list (wire_list_t value)
{
    s_touch (value.values);
    s_records (value);
}

//  Fields that may be missing
#define s_check_later_uint s_check_uint
#define s_check_later_flag s_check_flag
#define s_check_later_text s_check_text
#define s_check_later_list s_check_list

static void s_check_later_raw (wire_raw_t value)
{
    if (value.size)
        s_check_raw (value);
}

#define CHECK(type, field, meaning) s_check_##type (fields.field);
#define READER(name, ...)                                                                          \
    static void s_read_##name (cursor_t body)                                                      \
    {                                                                                              \
        wire_##name##_t fields;                                                                    \
        if (!wire_read_##name (&body, &fields))                                                    \
            return;                                                                                \
        WIRE_FIELDS_##name (CHECK);                                                                \
        buffer_t one = {0}, two = {0};                                                             \
        wire_pack_##name (&one, &fields);                                                          \
        cursor_t again = cursor_of (one.data, one.size);                                           \
        assert (wire_read_##name (&again, &fields) && cursor_done (&again));                       \
        wire_pack_##name (&two, &fields);                                                          \
        assert (one.size == two.size && memcmp (one.data, two.data, one.size) == 0);               \
        buffer_free (&one);                                                                        \
        buffer_free (&two);                                                                        \
    }
WIRE_MESSAGES (READER)

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    wire_envelope_t envelope;
    cursor_t body;
    cadre_error_t error = wire_open (bytes, size, &envelope, &body);
    if (error != CADRE_OK && error != CADRE_ERROR_VERSION)
        return 0;
    s_sum += (uint64_t) wire_verb_name (envelope.verb) [0];
#define READ(name, ...) s_read_##name (body);
    WIRE_MESSAGES (READ)
    return 0;
}
