//  wire_test.c - each message of wire.def comes back as it was sent; what is cut, short or of
//  another version is refused

#include "common/pack.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

//  ---- one value of each field type, different for each seed ----------------------

static const char s_letters [] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
static const uint8_t s_raws [][6] = {"\xc0", "\x92\1\2", "\x81\xa1k\7", "\xa2hi", "\xcc\xff"};
static const size_t s_raw_sizes [] = {1, 3, 4, 3, 2};

static void s_make_uint (unsigned seed, wire_uint_t *value)
{
    *value = seed % 2 ? UINT64_MAX >> (seed % 64) : seed;
}

static void s_make_sint (unsigned seed, wire_sint_t *value)
{
    *value = seed % 2 ? INT64_MIN >> (seed % 63) : (int64_t) seed;
}

static void s_make_flag (unsigned seed, wire_flag_t *value)
{
    *value = seed % 2;
}

static void s_make_text (unsigned seed, wire_text_t *value)
{
    *value = (view_t){(const uint8_t *) s_letters + seed % 26, seed % 26};
}

static void s_make_blob (unsigned seed, wire_blob_t *value)
{
    s_make_text (seed * 3, value);
}

static void s_make_raw (unsigned seed, wire_raw_t *value)
{
    *value = (view_t){s_raws [seed % 5], s_raw_sizes [seed % 5]};
}

static void s_make_list (unsigned seed, wire_list_t *value)
{
    value->count = seed % 4;
    value->values = (view_t){(const uint8_t *) "\x01\x02\x03\x04", seed % 4};
}

static void s_same_uint (wire_uint_t one, wire_uint_t other)
{
    assert_true (one == other);
}

static void s_same_sint (wire_sint_t one, wire_sint_t other)
{
    assert_true (one == other);
}

static void s_same_flag (wire_flag_t one, wire_flag_t other)
{
    assert_true (one == other);
}

static void s_same_text (view_t one, view_t other)
{
    assert_int_equal (one.size, other.size);
    if (one.size)
        assert_memory_equal (one.data, other.data, one.size);
}

#define s_same_blob s_same_text
#define s_same_raw s_same_text

static void s_same_list (wire_list_t one, wire_list_t other)
{
    assert_int_equal (one.count, other.count);
    s_same_text (one.values, other.values);
}

//  Fields that may be missing are filled and compared like others
#define s_make_later_uint s_make_uint
#define s_make_later_flag s_make_flag
#define s_make_later_raw s_make_raw
#define s_make_later_text s_make_text
#define s_make_later_list s_make_list
#define s_same_later_uint s_same_uint
#define s_same_later_flag s_same_flag
#define s_same_later_raw s_same_raw
#define s_same_later_text s_same_text
#define s_same_later_list s_same_list

//  ---- for each message and record: fill, compare, read whole ---------------------

#define MAKE(type, field, meaning) s_make_##type (seed++, &fields->field);
#define SAME(type, field, meaning) s_same_##type (one->field, other->field);
#define ONE(...) +1
#define MUST(type, ...) +(strncmp (#type, "later_", 6) != 0)

typedef struct shape {
    const char *name;                                          // as in wire.def
    unsigned verb;                                             // 0 for a record
    size_t fields;                                             // how many
    size_t least;                                              // how many must be there
    size_t size;                                               // bytes of the struct
    void (*make) (unsigned seed, void *fields);                // fills it in
    void (*same) (const void *one, const void *other);         // asserts
    void (*pack) (buffer_t *body, const void *fields);         // wire_pack_NAME
    bool (*read) (cursor_t *cursor, void *fields);             // wire_read_NAME
    void (*write) (buffer_t *, wire_envelope_t, const void *); // wire_write_NAME, or NULL
} shape_t;

#define FUNCTIONS(name, ...)                                                                       \
    static void make_##name (unsigned seed, void *into)                                            \
    {                                                                                              \
        wire_##name##_t *fields = into;                                                            \
        WIRE_FIELDS_##name (MAKE) (void) seed;                                                     \
    }                                                                                              \
    static void same_##name (const void *one_of, const void *other_of)                             \
    {                                                                                              \
        const wire_##name##_t *one = one_of, *other = other_of;                                    \
        WIRE_FIELDS_##name (SAME)                                                                  \
    }                                                                                              \
    static void pack_##name (buffer_t *body, const void *fields)                                   \
    {                                                                                              \
        wire_pack_##name (body, fields);                                                           \
    }                                                                                              \
    static bool read_##name (cursor_t *cursor, void *fields)                                       \
    {                                                                                              \
        return wire_read_##name (cursor, fields);                                                  \
    }
WIRE_MESSAGES (FUNCTIONS)
WIRE_RECORDS (FUNCTIONS)

#define WRITER(name, ...)                                                                          \
    static void write_##name (buffer_t *frame, wire_envelope_t envelope, const void *fields)       \
    {                                                                                              \
        wire_write_##name (frame, envelope, fields);                                               \
    }
WIRE_MESSAGES (WRITER)

#define SHAPE(name, verb, writer)                                                                  \
    {#name,                                                                                        \
     verb,                                                                                         \
     0 WIRE_FIELDS_##name (ONE),                                                                   \
     0 WIRE_FIELDS_##name (MUST),                                                                  \
     sizeof (wire_##name##_t),                                                                     \
     make_##name,                                                                                  \
     same_##name,                                                                                  \
     pack_##name,                                                                                  \
     read_##name,                                                                                  \
     writer},
#define MESSAGE(name, verb, ...) SHAPE (name, verb, write_##name)
#define RECORD(name, ...) SHAPE (name, 0, NULL)
static const shape_t s_shapes [] = {WIRE_MESSAGES (MESSAGE) WIRE_RECORDS (RECORD)};
#define SHAPES (sizeof s_shapes / sizeof *s_shapes)

static void *s_new (const shape_t *shape, unsigned seed)
{
    void *fields = calloc (1, shape->size);
    assert_non_null (fields);
    shape->make (seed, fields);
    return fields;
}

//  Reads a body from memory of exactly that size; *fields, if any, point into freed memory
//  afterwards
static bool s_reads (const shape_t *shape, const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc (size ? size : 1);
    void *fields = calloc (1, shape->size);
    assert_true (copy && fields);
    if (size)
        memcpy (copy, bytes, size);
    cursor_t cursor = cursor_of (copy, size);
    bool whole = shape->read (&cursor, fields) && cursor_done (&cursor);
    free (fields);
    free (copy);
    return whole;
}

static void test_round_trip (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++)
        for (unsigned seed = 0; seed < 130; seed++) {
            const shape_t *shape = &s_shapes [i];
            buffer_t body = {0};
            void *one = s_new (shape, seed), *other = calloc (1, shape->size);
            assert_non_null (other);
            shape->pack (&body, one);
            cursor_t cursor = cursor_of (body.data, body.size);
            if (!shape->read (&cursor, other) || !cursor_done (&cursor))
                fail_msg ("%s does not come back (seed %u)", shape->name, seed);
            shape->same (one, other);
            free (one);
            free (other);
            buffer_free (&body);
        }
}

static void test_every_truncation_is_refused (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++)
        for (unsigned seed = 0; seed < 16; seed++) {
            buffer_t body = {0};
            void *fields = s_new (&s_shapes [i], seed);
            s_shapes [i].pack (&body, fields);
            for (size_t size = 0; size < body.size; size++)
                if (s_reads (&s_shapes [i], body.data, size))
                    fail_msg ("%s is accepted at %zu of %zu bytes", s_shapes [i].name, size,
                              body.size);
            free (fields);
            buffer_free (&body);
        }
}

//  The body again with its first `keep` fields and `more` unknown ones, under a head that says so
static buffer_t s_resize (const buffer_t *body, size_t keep, size_t more)
{
    buffer_t resized = {0};
    size_t count;
    cursor_t cursor = cursor_of (body->data, body->size);
    assert_true (cursor_array (&cursor, &count) && keep <= count);
    const uint8_t *start = cursor.at;
    for (size_t i = 0; i < keep; i++)
        assert_true (cursor_skip (&cursor, NULL));
    pack_array (&resized, keep + more);
    pack_raw (&resized, start, (size_t) (cursor.at - start));
    for (size_t i = 0; i < more; i++)
        pack_raw (&resized, s_raws [i % 5], s_raw_sizes [i % 5]);
    return resized;
}

static void test_more_fields_are_accepted_and_fewer_refused (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++) {
        const shape_t *shape = &s_shapes [i];
        buffer_t body = {0};
        void *fields = s_new (shape, 5);
        shape->pack (&body, fields);
        for (size_t more = 1; more < 20; more++) {
            buffer_t newer = s_resize (&body, shape->fields, more);
            void *read = calloc (1, shape->size);
            cursor_t cursor = cursor_of (newer.data, newer.size);
            assert_true (read && shape->read (&cursor, read) && cursor_done (&cursor));
            shape->same (fields, read);
            free (read);
            buffer_free (&newer);
        }
        for (size_t keep = 0; keep < shape->fields; keep++) {
            buffer_t fewer = s_resize (&body, keep, 0);
            assert_int_equal (s_reads (shape, fewer.data, fewer.size), keep >= shape->least);
            buffer_clear (&fewer);
            pack_array (&fewer, keep);
            size_t count;
            cursor_t cursor = cursor_of (body.data, body.size);
            assert_true (cursor_array (&cursor, &count));
            pack_raw (&fewer, cursor.at, (size_t) (cursor.end - cursor.at));
            assert_false (s_reads (shape, fewer.data, fewer.size));
            buffer_free (&fewer);
        }
        free (fields);
        buffer_free (&body);
    }
}

static void test_trailing_bytes_are_seen (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++) {
        buffer_t body = {0};
        void *fields = s_new (&s_shapes [i], 5);
        s_shapes [i].pack (&body, fields);
        pack_nil (&body);
        assert_false (s_reads (&s_shapes [i], body.data, body.size));
        free (fields);
        buffer_free (&body);
    }
}

//  ---- frames -----------------------------------------------------------------------

static void test_envelope (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++) {
        const shape_t *shape = &s_shapes [i];
        if (!shape->write)
            continue;
        buffer_t frame = {0}, body = {0};
        void *fields = s_new (shape, 3);
        shape->write (&frame, (wire_envelope_t){.session = 0x0102030405060708, .sequence = 9},
                      fields);
        shape->pack (&body, fields);
        assert_int_equal (frame.size, WIRE_ENVELOPE_BYTES + body.size);
        assert_memory_equal (frame.data + 4, "\1\2\3\4\5\6\7\x08\0\0\0\0\0\0\0\x09", 16);
        wire_stamp (&frame, 77, UINT64_MAX);
        wire_envelope_t envelope;
        cursor_t cursor;
        assert_int_equal (wire_open (frame.data, frame.size, &envelope, &cursor), CADRE_OK);
        assert_int_equal (envelope.version, WIRE_MAJOR);
        assert_int_equal (envelope.verb, shape->verb);
        assert_true (envelope.session == 77 && envelope.sequence == UINT64_MAX);
        assert_string_equal (wire_verb_name (envelope.verb), shape->name);
        assert_memory_equal (cursor.at, body.data, body.size);
        free (fields);
        buffer_free (&frame);
        buffer_free (&body);
    }
    assert_string_equal (wire_verb_name (0), "unknown");
    assert_string_equal (wire_verb_name (0xff), "unknown");
}

static void test_verbs_differ (void **state)
{
    (void) state;
    for (size_t i = 0; i < SHAPES; i++)
        for (size_t j = 0; j < i; j++)
            assert_true (!s_shapes [i].verb || s_shapes [i].verb != s_shapes [j].verb);
}

static void test_open_refuses (void **state)
{
    (void) state;
    buffer_t frame = {0};
    wire_envelope_t envelope;
    cursor_t body;
    wire_write_beat (&frame, (wire_envelope_t){.session = 5}, &(wire_beat_t){1, 2, false});
    for (size_t size = 0; size < WIRE_ENVELOPE_BYTES; size++)
        assert_int_equal (wire_open (frame.data, size, &envelope, &body), CADRE_ERROR_PROTOCOL);
    for (size_t reserved = 2; reserved < 4; reserved++) {
        frame.data [reserved] = 1;
        assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body),
                          CADRE_ERROR_PROTOCOL);
        frame.data [reserved] = 0;
    }
    frame.data [0] = 2;
    assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body), CADRE_ERROR_VERSION);
    assert_int_equal (envelope.version, 2);
    assert_int_equal (envelope.verb, WIRE_beat);
    assert_int_equal (envelope.session, 5);
    frame.data [0] = 0;
    assert_int_equal (wire_open (frame.data, frame.size, &envelope, &body), CADRE_ERROR_VERSION);
    buffer_free (&frame);
    uint8_t *large = calloc (1, WIRE_FRAME_MAX + 1);
    assert_non_null (large);
    large [0] = WIRE_MAJOR;
    assert_int_equal (wire_open (large, WIRE_FRAME_MAX, &envelope, &body), CADRE_OK);
    assert_int_equal (wire_open (large, WIRE_FRAME_MAX + 1, &envelope, &body),
                      CADRE_ERROR_PROTOCOL);
    free (large);
}

//  The bytes of SPEC.md: a peer in another language writes these
static void test_known_bytes (void **state)
{
    (void) state;
    buffer_t frame = {0};
    wire_write_beat (&frame, (wire_envelope_t){.session = 1, .sequence = 0},
                     &(wire_beat_t){7, 300, true});
    assert_int_equal (frame.size, 26);
    assert_memory_equal (frame.data,
                         "\1\5\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\x93\x07\xcd\x01\x2c\xc3", 26);
    buffer_free (&frame);
}

//  ---- lists and references ------------------------------------------------------------

static void test_list_of_records (void **state)
{
    (void) state;
    buffer_t values = {0}, body = {0};
    for (uint64_t i = 0; i < 20; i++)
        wire_pack_span (&values, &(wire_span_t){.first = i * 10, .count = i});
    wire_cancel_t cancel = {.after = 3, .leases = wire_list_of (&values, 20)}, read;
    wire_pack_cancel (&body, &cancel);
    cursor_t cursor = cursor_of (body.data, body.size);
    assert_true (wire_read_cancel (&cursor, &read));
    assert_int_equal (read.leases.count, 20);
    cursor_t spans = cursor_of_view (read.leases.values);
    for (uint64_t i = 0; i < 20; i++) {
        wire_span_t span;
        assert_true (wire_read_span (&spans, &span));
        assert_true (span.first == i * 10 && span.count == i);
    }
    assert_true (cursor_done (&spans));
    buffer_free (&values);
    buffer_free (&body);
}

static void test_parts_reference (void **state)
{
    (void) state;
    buffer_t value = {0};
    wire_pack_parts (&value, 0x1122334455667788);
    assert_memory_equal (value.data, "\xd7\x02\x11\x22\x33\x44\x55\x66\x77\x88", 10);
    assert_true (wire_parts_of (wire_view_of (&value)) == 0x1122334455667788);
    buffer_clear (&value);
    pack_ext (&value, WIRE_EXT_ERROR, "12345678", 8);
    assert_int_equal (wire_parts_of (wire_view_of (&value)), 0);
    buffer_clear (&value);
    pack_ext (&value, WIRE_EXT_PARTS, "1234", 4);
    assert_int_equal (wire_parts_of (wire_view_of (&value)), 0);
    buffer_clear (&value);
    pack_uint (&value, 3);
    assert_int_equal (wire_parts_of (wire_view_of (&value)), 0);
    assert_int_equal (wire_parts_of ((view_t){0}), 0);
    buffer_free (&value);
}

static void test_raw_of_nothing_is_nil (void **state)
{
    (void) state;
    buffer_t body = {0};
    wire_reply_t reply = {.id = 1, .message = wire_view (NULL)}, read;
    wire_pack_reply (&body, &reply);
    cursor_t cursor = cursor_of (body.data, body.size);
    assert_true (wire_read_reply (&cursor, &read));
    assert_int_equal (read.body.size, 1);
    assert_int_equal (read.body.data [0], 0xc0);
    assert_int_equal (read.message.size, 0);
    buffer_free (&body);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_round_trip),
        cmocka_unit_test (test_every_truncation_is_refused),
        cmocka_unit_test (test_more_fields_are_accepted_and_fewer_refused),
        cmocka_unit_test (test_trailing_bytes_are_seen),
        cmocka_unit_test (test_envelope),
        cmocka_unit_test (test_verbs_differ),
        cmocka_unit_test (test_open_refuses),
        cmocka_unit_test (test_known_bytes),
        cmocka_unit_test (test_list_of_records),
        cmocka_unit_test (test_parts_reference),
        cmocka_unit_test (test_raw_of_nothing_is_nil),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
