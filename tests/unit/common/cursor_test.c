//  cursor_test.c - what msgpack-c writes is read alike, and hostile bytes are refused before they
//  cost anything

#include "common/buffer.h"
#include "common/cursor.h"
#include "common/pack.h"

#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VALUE(bytes) cursor_of (bytes, sizeof (bytes) - 1)

//  A copy of exactly that size, so that a sanitizer sees the first byte read too many
static uint8_t *s_exact (const void *bytes, size_t size)
{
    uint8_t *copy = malloc (size ? size : 1);
    assert_non_null (copy);
    if (size)
        memcpy (copy, bytes, size);
    return copy;
}

static bool s_whole (const void *bytes, size_t size)
{
    uint8_t *copy = s_exact (bytes, size);
    cursor_t cursor = cursor_of (copy, size);
    bool whole = cursor_skip (&cursor, NULL) && cursor_done (&cursor);
    free (copy);
    return whole;
}

//  ---- integers, in every width, beside msgpack-c -----------------------------

static void s_check_integer (const buffer_t *bytes)
{
    msgpack_unpacked oracle;
    msgpack_unpacked_init (&oracle);
    size_t offset = 0;
    assert_int_equal (
        msgpack_unpack_next (&oracle, (const char *) bytes->data, bytes->size, &offset),
        MSGPACK_UNPACK_SUCCESS);
    bool negative = oracle.data.type == MSGPACK_OBJECT_NEGATIVE_INTEGER;
    uint64_t u = 0;
    int64_t i = 0;
    double d = 0;
    cursor_t cursor = cursor_of (bytes->data, bytes->size);
    assert_int_equal (cursor_peek (&cursor), CURSOR_INT);
    assert_true (cursor_uint (&cursor, &u) == !negative);
    assert_true (negative || u == oracle.data.via.u64);
    cursor = cursor_of (bytes->data, bytes->size);
    bool fits = negative || oracle.data.via.u64 <= INT64_MAX;
    assert_true (cursor_int (&cursor, &i) == fits);
    assert_true (!fits || i == oracle.data.via.i64);
    cursor = cursor_of (bytes->data, bytes->size);
    assert_true (cursor_double (&cursor, &d));
    assert_true (d == (negative ? (double) oracle.data.via.i64 : (double) oracle.data.via.u64));
    assert_true (cursor_done (&cursor));
    for (size_t size = 0; size < bytes->size; size++)
        assert_false (s_whole (bytes->data, size));
    msgpack_unpacked_destroy (&oracle);
}

static void s_big_endian (buffer_t *buffer, uint8_t first, uint64_t number, int bytes)
{
    buffer_clear (buffer);
    buffer_append (buffer, &first, 1);
    for (int i = bytes - 1; i >= 0; i--) {
        uint8_t byte = (uint8_t) (number >> (i * 8));
        buffer_append (buffer, &byte, 1);
    }
}

//  Each number cut to each width, signed and unsigned: all encodings occur, also those that are
//  longer than need be
static void test_integers_of_each_width (void **state)
{
    (void) state;
    static const uint64_t numbers [] = {0,
                                        1,
                                        0x1f,
                                        0x20,
                                        0x7f,
                                        0x80,
                                        0xff,
                                        0x100,
                                        0x7fff,
                                        0x8000,
                                        0xffff,
                                        0x10000,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        0x100000000,
                                        INT64_MAX,
                                        (uint64_t) INT64_MIN,
                                        UINT64_MAX,
                                        (uint64_t) -32,
                                        (uint64_t) -33};
    buffer_t buffer = {0};
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
        for (int width = 0; width < 4; width++)
            for (int sign = 0; sign < 2; sign++) {
                s_big_endian (&buffer, (uint8_t) (0xcc + 4 * sign + width), numbers [n],
                              1 << width);
                s_check_integer (&buffer);
            }
    for (int first = 0; first < 256; first++) {
        if (first > 0x7f && first < 0xe0)
            continue;
        s_big_endian (&buffer, (uint8_t) first, 0, 0);
        s_check_integer (&buffer);
    }
    buffer_free (&buffer);
}

static void test_integers_as_packed (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    for (int shift = 0; shift < 64; shift++)
        for (int less = 0; less < 3; less++) {
            buffer_clear (&buffer);
            pack_uint (&buffer, ((uint64_t) 1 << shift) - (uint64_t) less);
            s_check_integer (&buffer);
            buffer_clear (&buffer);
            pack_int (&buffer, -(int64_t) (((uint64_t) 1 << shift >> 1) - (uint64_t) less));
            s_check_integer (&buffer);
        }
    buffer_free (&buffer);
}

//  ---- other kinds --------------------------------------------------------------

static void test_scalars (void **state)
{
    (void) state;
    bool flag = false;
    double number = 0;
    cursor_t cursor =
        VALUE ("\xc0\xc3\xc2\xca\x3f\x00\x00\x00\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00");
    assert_true (cursor_nil (&cursor));
    assert_true (cursor_bool (&cursor, &flag) && flag);
    assert_true (cursor_bool (&cursor, &flag) && !flag);
    assert_true (cursor_double (&cursor, &number) && number == 0.5);
    assert_true (cursor_double (&cursor, &number) && number == -0.5);
    assert_true (cursor_done (&cursor));
    assert_int_equal (cursor_peek (&cursor), CURSOR_END);
}

static void test_texts_blobs_and_exts (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    view_t view;
    int8_t type = 0;
    pack_text (&buffer, "hello");
    pack_blob (&buffer, "\1\2", 2);
    pack_text (&buffer, "");
    pack_ext (&buffer, -7, "abc", 3);
    cursor_t cursor = cursor_of (buffer.data, buffer.size);
    assert_true (cursor_text (&cursor, &view) && view_is (view, "hello"));
    assert_true (cursor_bytes (&cursor, &view) && view.size == 2 && view.data [1] == 2);
    assert_true (cursor_bytes (&cursor, &view) && view_is (view, ""));
    assert_true (cursor_ext (&cursor, &type, &view) && type == -7 && view_is (view, "abc"));
    assert_true (cursor_done (&cursor));
    buffer_free (&buffer);
}

static void test_wrong_kind_fails_and_sticks (void **state)
{
    (void) state;
    uint64_t number = 9;
    view_t view;
    cursor_t cursor = VALUE ("\xa1x\x05");
    assert_false (cursor_blob (&cursor, &view));
    assert_true (cursor.failed);
    assert_false (cursor_text (&cursor, &view));
    assert_false (cursor_uint (&cursor, &number));
    assert_false (cursor_skip (&cursor, NULL));
    assert_int_equal (number, 9);
    assert_int_equal (cursor_peek (&cursor), CURSOR_END);
    assert_false (cursor_done (&cursor));
}

//  ---- hostile bytes --------------------------------------------------------------

static void test_counts_beyond_the_bytes (void **state)
{
    (void) state;
    static const char *const heads [] = {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff",
                                         "\xdf\x80\x00\x00\x01", "\xdb\xff\xff\xff\xff",
                                         "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff"};
    for (size_t i = 0; i < 6; i++) {
        size_t count = 0;
        view_t view;
        int8_t type;
        cursor_t cursor = cursor_of (heads [i], 5);
        assert_false (cursor_skip (&cursor, NULL));
        cursor_t array = cursor_of (heads [i], 5), map = array, text = array, blob = array,
                 ext = array;
        assert_false (cursor_array (&array, &count));
        assert_false (cursor_map (&map, &count));
        assert_false (cursor_text (&text, &view));
        assert_false (cursor_blob (&blob, &view));
        assert_false (cursor_ext (&ext, &type, &view));
        assert_int_equal (count, 0);
    }
    assert_true (s_whole ("\x93\1\2\3", 4));
    assert_false (s_whole ("\x93\1\2", 3));
    assert_true (s_whole ("\x82\1\2\3\4", 5));
    assert_false (s_whole ("\x82\1\2\3", 4));
}

//  What an inner array takes is not there for the outer one any more
static void test_counts_of_nested_arrays (void **state)
{
    (void) state;
    assert_true (s_whole ("\x92\x92\1\2\3", 5));
    assert_false (s_whole ("\x92\x92\1\2", 4));
    assert_false (s_whole ("\x92\x91\x91\1", 4));
}

static void test_depth (void **state)
{
    (void) state;
    uint8_t bytes [64];
    memset (bytes, 0x91, sizeof bytes);
    bytes [CURSOR_DEPTH_MAX] = 1;
    assert_true (s_whole (bytes, CURSOR_DEPTH_MAX + 1));
    bytes [CURSOR_DEPTH_MAX] = 0x91;
    bytes [CURSOR_DEPTH_MAX + 1] = 1;
    assert_false (s_whole (bytes, CURSOR_DEPTH_MAX + 2));
    for (size_t i = 0; i < 40; i += 2)
        memcpy (bytes + i, "\x81\xc0", 2);
    bytes [40] = 1;
    assert_true (s_whole (bytes, 41));
}

//  Many at once: each may nest as deep as one alone, all are there or the cursor fails.
static void test_many (void **state)
{
    (void) state;
    uint8_t bytes [CURSOR_DEPTH_MAX + 3] = {7};
    view_t values = {0};
    memset (bytes + 1, 0x91, CURSOR_DEPTH_MAX);
    bytes [CURSOR_DEPTH_MAX + 1] = 0xc3;
    bytes [CURSOR_DEPTH_MAX + 2] = 9;
    cursor_t cursor = cursor_of (bytes, sizeof bytes), too_many = cursor, none = cursor;
    assert_true (cursor_skip_many (&cursor, 3, &values));
    assert_ptr_equal (values.data, bytes);
    assert_int_equal (values.size, sizeof bytes);
    assert_true (cursor_done (&cursor));
    assert_false (cursor_skip_many (&too_many, 4, &values));
    assert_false (cursor_done (&too_many));
    assert_true (cursor_skip_many (&none, 0, &values));
    assert_int_equal (values.size, 0);
    bytes [CURSOR_DEPTH_MAX + 1] = 0x91;
    cursor = cursor_of (bytes, sizeof bytes);
    assert_false (cursor_skip_many (&cursor, 2, &values));
}

static void test_never_used_byte (void **state)
{
    (void) state;
    assert_false (s_whole ("\xc1", 1));
    assert_false (s_whole ("\x92\1\xc1", 3));
    cursor_t cursor = VALUE ("\xc1");
    assert_int_equal (cursor_peek (&cursor), CURSOR_END);
}

static void test_nothing (void **state)
{
    (void) state;
    cursor_t cursor = cursor_of (NULL, 0);
    assert_int_equal (cursor_peek (&cursor), CURSOR_END);
    assert_true (cursor_done (&cursor));
    assert_false (cursor_skip (&cursor, NULL));
    assert_false (s_whole ("", 0));
}

//  Random bytes: what we take, msgpack-c takes, and to the same length
static void test_random_bytes (void **state)
{
    (void) state;
    unsigned seed = 20;
    int taken = 0;
    for (int round = 0; round < 100000; round++) {
        uint8_t bytes [24];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes [i] = (uint8_t) (rand_r (&seed) >> 4);
        uint8_t *copy = s_exact (bytes, sizeof bytes);
        cursor_t cursor = cursor_of (copy, sizeof bytes);
        if (cursor_skip (&cursor, NULL)) {
            msgpack_unpacked oracle;
            msgpack_unpacked_init (&oracle);
            size_t offset = 0;
            assert_int_not_equal (
                msgpack_unpack_next (&oracle, (const char *) copy, sizeof bytes, &offset),
                MSGPACK_UNPACK_PARSE_ERROR);
            assert_int_equal (offset, cursor.at - copy);
            msgpack_unpacked_destroy (&oracle);
            taken++;
        }
        free (copy);
    }
    assert_true (taken > 1000);
}

//  ---- maps and views ---------------------------------------------------------------

static void test_find (void **state)
{
    (void) state;
    buffer_t map = {0};
    uint64_t number = 0;
    pack_map (&map, 4);
    pack_uint (&map, 3);
    pack_text (&map, "no text key");
    pack_text (&map, "");
    pack_uint (&map, 1);
    pack_text (&map, "nested");
    pack_array (&map, 2);
    pack_text (&map, "last");
    pack_uint (&map, 5);
    pack_text (&map, "last");
    pack_uint (&map, 42);
    cursor_t at = cursor_find ((view_t){map.data, map.size}, "last");
    assert_true (cursor_uint (&at, &number) && number == 42);
    at = cursor_find ((view_t){map.data, map.size}, "");
    assert_true (cursor_uint (&at, &number) && number == 1);
    assert_true (cursor_find ((view_t){map.data, map.size}, "las").failed);
    assert_true (cursor_find ((view_t){map.data, 0}, "last").failed);
    assert_true (cursor_find ((view_t){NULL, 0}, "last").failed);
    assert_true (cursor_find ((view_t){(const uint8_t *) "\x01", 1}, "last").failed);
    for (size_t size = 0; size < map.size; size++)
        cursor_find ((view_t){map.data, size}, "last");
    buffer_free (&map);
}

static void test_views (void **state)
{
    (void) state;
    view_t view = {(const uint8_t *) "hello", 5};
    char small [4], large [8];
    view_copy (view, small, sizeof small);
    assert_string_equal (small, "hel");
    view_copy (view, large, sizeof large);
    assert_string_equal (large, "hello");
    assert_true (view_is (view, "hello"));
    assert_false (view_is (view, "hell"));
    assert_false (view_is (view, "hellooo"));
    assert_true (view_is ((view_t){0}, ""));
    char *text = view_text (view);
    assert_string_equal (text, "hello");
    free (text);
    text = view_text ((view_t){0});
    assert_string_equal (text, "");
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_integers_of_each_width),
        cmocka_unit_test (test_integers_as_packed),
        cmocka_unit_test (test_scalars),
        cmocka_unit_test (test_texts_blobs_and_exts),
        cmocka_unit_test (test_wrong_kind_fails_and_sticks),
        cmocka_unit_test (test_counts_beyond_the_bytes),
        cmocka_unit_test (test_counts_of_nested_arrays),
        cmocka_unit_test (test_depth),
        cmocka_unit_test (test_many),
        cmocka_unit_test (test_never_used_byte),
        cmocka_unit_test (test_nothing),
        cmocka_unit_test (test_random_bytes),
        cmocka_unit_test (test_find),
        cmocka_unit_test (test_views),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
