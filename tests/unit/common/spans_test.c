//  spans_test.c - runs of serials: joined when added, refused when they overflow, searched when
//  read

#include "common/spans.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_neighbours_join (void **state)
{
    (void) state;
    spans_t spans = {0};
    spans_add (&spans, 5);
    spans_add (&spans, 6);
    spans_add (&spans, 4);
    spans_add (&spans, 9);
    assert_int_equal (spans.count, 2);
    assert_int_equal (spans.spans [0].first, 4);
    assert_int_equal (spans.spans [0].count, 3);
    spans_free (&spans);
    assert_int_equal (spans.count, 0);
}

static bool s_read (spans_t *spans, uint64_t first, uint64_t count)
{
    buffer_t bytes = {0};
    wire_pack_span (&bytes, &(wire_span_t){.first = first, .count = count});
    wire_list_t list = wire_list_of (&bytes, 1);
    bool read = spans_read (spans, &list);
    buffer_free (&bytes);
    return read;
}

static void test_hostile_spans (void **state)
{
    (void) state;
    spans_t spans = {0};
    assert_false (s_read (&spans, 1, 0));
    assert_false (s_read (&spans, UINT64_MAX, 2));
    assert_false (s_read (&spans, 2, UINT64_MAX));
    assert_true (s_read (&spans, UINT64_MAX, 1));
    assert_true (s_read (&spans, 10, 5));
    assert_true (s_read (&spans, 100, 1));
    assert_true (spans_hold (&spans, 10));
    assert_true (spans_hold (&spans, 14));
    assert_false (spans_hold (&spans, 15));
    assert_false (spans_hold (&spans, 9));
    assert_true (spans_hold (&spans, 100));
    assert_true (spans_hold (&spans, UINT64_MAX));
    assert_false (spans_hold (&spans, UINT64_MAX - 1));
    spans_free (&spans);
}

static bool s_read_many (uint32_t count, bool rising)
{
    spans_t spans = {0};
    buffer_t list = {0};
    for (uint32_t i = 0; i < count; i++)
        wire_pack_span (&list,
                        &(wire_span_t){.first = rising ? i * 2 : (count - i) * 2, .count = 1});
    wire_list_t values = wire_list_of (&list, count);
    bool read = spans_read (&spans, &values);
    assert_true (!read || (spans_hold (&spans, 2) && !spans_hold (&spans, 3)));
    spans_free (&spans);
    buffer_free (&list);
    return read;
}

//  Those that overlap, as where a lease is named twice, are found in both parts.
static void test_spans_overlap (void **state)
{
    static const wire_span_t given [] = {{10, 10}, {40, 5}, {12, 1}, {13, 20}, {50, 2}};
    spans_t spans = {0};
    buffer_t list = {0};
    (void) state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        wire_pack_span (&list, &given [i]);
    wire_list_t values = wire_list_of (&list, sizeof given / sizeof *given);
    spans_read_any (&spans, &values);
    for (uint64_t serial = 0; serial < 60; serial++)
        assert_int_equal (spans_hold (&spans, serial), (serial >= 10 && serial < 33)
                                                           || (serial >= 40 && serial < 45)
                                                           || (serial >= 50 && serial < 52));
    spans_free (&spans);
    buffer_free (&list);
}

//  A frame full of spans is not sorted: whoever sends many sends them in order
static void test_many_spans_rise (void **state)
{
    (void) state;
    assert_true (s_read_many (100000, true));
    assert_true (s_read_many (SPANS_SORT_MAX, false));
    assert_false (s_read_many (SPANS_SORT_MAX + 1, false));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_neighbours_join),
        cmocka_unit_test (test_hostile_spans),
        cmocka_unit_test (test_spans_overlap),
        cmocka_unit_test (test_many_spans_rise),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
