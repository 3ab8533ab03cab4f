//  buffer_test.c - buffers grow, give away and keep what was put into them, and pack what msgpack-c
//  reads

#include "common/buffer.h"
#include "common/pack.h"

#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_append_across_growth (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t) (i * 7);
        buffer_append (&buffer, &byte, 1);
    }
    assert_int_equal (buffer.size, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal (buffer.data [i], (uint8_t) (i * 7));
    buffer_free (&buffer);
    assert_null (buffer.data);
    assert_int_equal (buffer.size, 0);
}

static void test_append_nothing (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, NULL, 0);
    assert_int_equal (buffer.size, 0);
    buffer_free (&buffer);
}

static void test_reserve_keeps_size (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, "abc", 3);
    memcpy (buffer_reserve (&buffer, 1000), "def", 3);
    assert_int_equal (buffer.size, 3);
    assert_true (buffer.capacity >= 1003);
    buffer.size += 3;
    assert_memory_equal (buffer.data, "abcdef", 6);
    buffer_free (&buffer);
}

static void test_clear_keeps_memory (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, "abc", 3);
    const uint8_t *data = buffer.data;
    buffer_clear (&buffer);
    assert_int_equal (buffer.size, 0);
    buffer_append (&buffer, "xyz", 3);
    assert_ptr_equal (buffer.data, data);
    assert_memory_equal (buffer.data, "xyz", 3);
    buffer_free (&buffer);
}

static void test_consume (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, "abcdef", 6);
    buffer_consume (&buffer, 0);
    buffer_consume (&buffer, 2);
    assert_int_equal (buffer.size, 4);
    assert_memory_equal (buffer.data, "cdef", 4);
    buffer_consume (&buffer, 4);
    assert_int_equal (buffer.size, 0);
    buffer_free (&buffer);
}

static void test_take (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    buffer_append (&buffer, "abc", 3);
    const uint8_t *data = buffer.data;
    buffer_t taken = buffer_take (&buffer);
    assert_ptr_equal (taken.data, data);
    assert_int_equal (taken.size, 3);
    assert_null (buffer.data);
    assert_int_equal (buffer.capacity, 0);
    buffer_free (&buffer);
    buffer_free (&taken);
}

static msgpack_object s_unpack (const buffer_t *buffer, msgpack_unpacked *unpacked)
{
    size_t offset = 0;
    msgpack_unpacked_init (unpacked);
    assert_int_equal (
        msgpack_unpack_next (unpacked, (const char *) buffer->data, buffer->size, &offset),
        MSGPACK_UNPACK_SUCCESS);
    assert_int_equal (offset, buffer->size);
    return unpacked->data;
}

static void s_pack_one_of_each (buffer_t *buffer)
{
    pack_array (buffer, 11);
    pack_uint (buffer, UINT64_MAX);
    pack_int (buffer, INT64_MIN);
    pack_bool (buffer, true);
    pack_bool (buffer, false);
    pack_double (buffer, -0.5);
    pack_nil (buffer);
    pack_text (buffer, "text");
    pack_text_of (buffer, "cut here", 3);
    pack_blob (buffer, "\0\1\2", 3);
    pack_map (buffer, 1);
    pack_text (buffer, "key");
    pack_raw (buffer, "\x07", 1);
    pack_ext (buffer, -3, "12345678", 8);
}

static void test_pack_each_type (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    s_pack_one_of_each (&buffer);
    msgpack_unpacked unpacked;
    msgpack_object object = s_unpack (&buffer, &unpacked);
    assert_int_equal (object.type, MSGPACK_OBJECT_ARRAY);
    const msgpack_object *at = object.via.array.ptr;
    assert_int_equal (object.via.array.size, 11);
    assert_true (at [0].via.u64 == UINT64_MAX);
    assert_true (at [1].via.i64 == INT64_MIN);
    assert_true (at [2].type == MSGPACK_OBJECT_BOOLEAN && at [2].via.boolean);
    assert_true (at [3].type == MSGPACK_OBJECT_BOOLEAN && !at [3].via.boolean);
    assert_true (at [4].type == MSGPACK_OBJECT_FLOAT64 && at [4].via.f64 == -0.5);
    assert_int_equal (at [5].type, MSGPACK_OBJECT_NIL);
    assert_memory_equal (at [6].via.str.ptr, "text", 4);
    assert_int_equal (at [7].via.str.size, 3);
    assert_int_equal (at [8].type, MSGPACK_OBJECT_BIN);
    assert_memory_equal (at [8].via.bin.ptr, "\0\1\2", 3);
    assert_int_equal (at [9].via.map.ptr [0].val.via.u64, 7);
    assert_int_equal (at [10].via.ext.type, -3);
    assert_int_equal (at [10].via.ext.size, 8);
    msgpack_unpacked_destroy (&unpacked);
    buffer_free (&buffer);
}

static void s_same_as_packer (const buffer_t *buffer, msgpack_sbuffer *expected)
{
    assert_int_equal (buffer->size, expected->size);
    assert_memory_equal (buffer->data, expected->data, expected->size);
    msgpack_sbuffer_clear (expected);
}

//  Numbers and counts are written as msgpack-c does it, around each power of two
static void test_pack_numbers (void **state)
{
    (void) state;
    buffer_t buffer = {0};
    msgpack_sbuffer expected;
    msgpack_packer packer;
    msgpack_sbuffer_init (&expected);
    msgpack_packer_init (&packer, &expected, msgpack_sbuffer_write);
    for (unsigned i = 0; i < 64 * 3; i++, buffer_clear (&buffer)) {
        uint64_t number = ((uint64_t) 1 << i / 3) - 1 + i % 3;
        pack_uint (&buffer, number);
        pack_int (&buffer, (int64_t) number);
        pack_int (&buffer, (int64_t) ~number);
        pack_array (&buffer, (size_t) number & UINT32_MAX);
        msgpack_pack_uint64 (&packer, number);
        msgpack_pack_int64 (&packer, (int64_t) number);
        msgpack_pack_int64 (&packer, (int64_t) ~number);
        msgpack_pack_array (&packer, number & UINT32_MAX);
        s_same_as_packer (&buffer, &expected);
    }
    msgpack_sbuffer_destroy (&expected);
    buffer_free (&buffer);
}

//  Around each size where the head of a text or blob changes
static void test_pack_sizes (void **state)
{
    (void) state;
    static const size_t sizes [] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    char *bytes = calloc (1, 65536);
    assert_non_null (bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        buffer_t buffer = {0};
        msgpack_unpacked unpacked;
        pack_array (&buffer, 2);
        pack_text_of (&buffer, bytes, sizes [i]);
        pack_blob (&buffer, bytes, sizes [i]);
        msgpack_object object = s_unpack (&buffer, &unpacked);
        assert_int_equal (object.via.array.ptr [0].via.str.size, sizes [i]);
        assert_int_equal (object.via.array.ptr [1].via.bin.size, sizes [i]);
        msgpack_unpacked_destroy (&unpacked);
        buffer_free (&buffer);
    }
    free (bytes);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_append_across_growth),
        cmocka_unit_test (test_append_nothing),
        cmocka_unit_test (test_reserve_keeps_size),
        cmocka_unit_test (test_clear_keeps_memory),
        cmocka_unit_test (test_consume),
        cmocka_unit_test (test_take),
        cmocka_unit_test (test_pack_each_type),
        cmocka_unit_test (test_pack_numbers),
        cmocka_unit_test (test_pack_sizes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
