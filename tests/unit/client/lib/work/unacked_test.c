//  unacked_test.c - payloads that may have to be sent again

#include "client/lib/work/unacked.h"
#include "common/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

//  Adds count tasks whose payloads are their indexes.
static void s_add (unacked_t *self, uint32_t first, uint32_t count, uint64_t put)
{
    buffer_t list = {0};
    for (uint32_t i = 0; i < count; i++)
        pack_uint (&list, first + i);
    unacked_add (self, first, count, wire_view_of (&list), put);
    buffer_free (&list);
}

static void s_reads (const unacked_t *self, unacked_at_t *at, bool ended_too, uint32_t index,
                     bool there)
{
    assert_int_equal (at->index, index);
    view_t payload = unacked_read (self, at, ended_too);
    assert_int_equal (payload.size > 0, there);
    uint64_t value = 0;
    cursor_t cursor = cursor_of_view (payload);
    assert_true (!there || (cursor_uint (&cursor, &value) && value == index));
}

static void test_each_task_ends_once (void **state)
{
    (void) state;
    unacked_t kept = {0};
    assert_false (unacked_end (&kept, 0));
    s_add (&kept, 0, 4096, 1);
    s_add (&kept, 4096, 4096, 2);
    s_add (&kept, 8192, 10, 3);
    assert_false (unacked_end (&kept, 8202));
    for (uint32_t i = 8202; i-- > 0;) {
        assert_true (unacked_has (&kept, i));
        assert_true (unacked_end (&kept, i));
        assert_false (unacked_has (&kept, i));
        assert_false (unacked_end (&kept, i));
    }
    assert_int_equal (unacked_first (&kept, 8202), 8202);
    s_add (&kept, 8202, 1, 4);
    assert_int_equal (unacked_first (&kept, 8203), 8202);
    assert_true (unacked_end (&kept, 8202));
    unacked_free (&kept);
}

static void test_reading_passes_over_what_is_gone (void **state)
{
    (void) state;
    unacked_t kept = {0};
    for (uint32_t block = 0; block < 3; block++)
        s_add (&kept, block * 4096, 4096, 1);
    for (uint32_t i = 4096; i < 8192; i++)
        unacked_end (&kept, i);
    unacked_end (&kept, 1);
    unacked_end (&kept, 8193);
    for (int ended_too = 0; ended_too < 2; ended_too++) {
        unacked_at_t at = {0};
        for (uint32_t i = 0; i < 3 * 4096; i++)
            s_reads (&kept, &at, ended_too, i,
                     i / 4096 != 1 && (ended_too || (i != 1 && i != 8193)));
    }
    buffer_t list = {0};
    uint32_t plain = 0;
    assert_int_equal (unacked_pack_ended (&kept, 3 * 4096, &list, &plain), 3);
    assert_int_equal (plain, 3 * 4096);
    wire_span_t span;
    cursor_t cursor = cursor_of_view (wire_view_of (&list));
    assert_true (wire_read_span (&cursor, &span) && span.first == 1 && span.count == 1);
    assert_true (wire_read_span (&cursor, &span) && span.first == 4096 && span.count == 4096);
    assert_true (wire_read_span (&cursor, &span) && span.first == 8193 && span.count == 1);
    buffer_free (&list);
    unacked_free (&kept);
}

//  What was acknowledged, and what comes behind the end.
static void test_the_acknowledged_go_first (void **state)
{
    (void) state;
    unacked_t kept = {0};
    for (uint32_t block = 0; block < 3; block++)
        s_add (&kept, block * 4096, 4096, 10 + block);
    unacked_acknowledge (&kept, 9);
    assert_int_equal (unacked_first (&kept, 12288), 0);
    unacked_acknowledge (&kept, 11);
    assert_int_equal (unacked_first (&kept, 12288), 8192);
    unacked_at_t at = {.index = 8192};
    s_reads (&kept, &at, false, 8192, true);
    unacked_renumber (&kept, 20);
    unacked_acknowledge (&kept, 19);
    assert_int_equal (unacked_first (&kept, 12288), 8192);
    unacked_acknowledge (&kept, 20);
    assert_int_equal (unacked_first (&kept, 12288), 12288);
    unacked_free (&kept);
}

//  Every other task has ended: too many spans for a message. Those left out can still be read.
static void test_too_many_holes (void **state)
{
    (void) state;
    const uint32_t count = 30 * 4096;
    unacked_t kept = {0};
    for (uint32_t first = 0; first < count; first += 4096)
        s_add (&kept, first, 4096, 1);
    for (uint32_t i = 0; i < count; i += 2)
        unacked_end (&kept, i);
    buffer_t list = {0};
    uint32_t plain = 0;
    size_t spans = unacked_pack_ended (&kept, count, &list, &plain);
    assert_true (plain < count && spans == plain / 2);
    assert_true (list.size < WIRE_FRAME_MAX / 2);
    unacked_at_t at = {.index = 0};
    for (uint32_t i = 0; i < count; i++)
        s_reads (&kept, &at, i >= plain, i, i >= plain || i % 2 == 1);
    buffer_free (&list);
    unacked_free (&kept);
}

static void test_large_payloads (void **state)
{
    (void) state;
    unacked_t kept = {0};
    buffer_t list = {0};
    size_t size = 1 << 20;
    uint8_t *bytes = calloc (1, size);
    pack_blob (&list, bytes, size);
    s_add (&kept, 0, 3, 1);
    unacked_add (&kept, 3, 1, wire_view_of (&list), 1);
    s_add (&kept, 4, 1, 1);
    unacked_at_t at = {0};
    for (uint32_t i = 0; i < 3; i++)
        s_reads (&kept, &at, false, i, true);
    assert_int_equal (unacked_read (&kept, &at, false).size, list.size);
    s_reads (&kept, &at, false, 4, true);
    assert_true (unacked_end (&kept, 3));
    assert_true (unacked_has (&kept, 4));
    //  All has ended, and what follows needs another block
    for (uint32_t i = 0; i < 5; i++)
        unacked_end (&kept, i);
    assert_int_equal (unacked_first (&kept, 5), 5);
    unacked_add (&kept, 5, 1, wire_view_of (&list), 1);
    s_add (&kept, 6, 1, 1);
    assert_int_equal (unacked_first (&kept, 7), 5);
    buffer_t spans = {0};
    uint32_t plain;
    assert_int_equal (unacked_pack_ended (&kept, 7, &spans, &plain), 1);
    at = (unacked_at_t){.index = 5};
    assert_int_equal (unacked_read (&kept, &at, false).size, list.size);
    s_reads (&kept, &at, false, 6, true);
    buffer_free (&spans);
    free (bytes);
    buffer_free (&list);
    unacked_free (&kept);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_each_task_ends_once),
        cmocka_unit_test (test_reading_passes_over_what_is_gone),
        cmocka_unit_test (test_the_acknowledged_go_first),
        cmocka_unit_test (test_too_many_holes),
        cmocka_unit_test (test_large_payloads),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
