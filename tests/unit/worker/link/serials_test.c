//  serials_test.c - sets of serials become spans: exact ones while they are few, and of any set no
//  more than fit into a frame

#include "worker/link/serials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MANY 200000u
#define MOST 16384u

static const serials_t s_none;

static void s_read (buffer_t *packed, size_t count, spans_t *spans)
{
    wire_list_t list = wire_list_of (packed, count);
    assert_true (spans_read (spans, &list));
    assert_int_equal (spans->count, count);
    buffer_free (packed);
}

static void test_serials_become_spans (void **state)
{
    static const uint64_t numbers [] = {9, 3, 4, 5, 4, 10, UINT64_MAX};
    serials_t serials = {0};
    spans_t spans = {0};
    buffer_t packed = {0};
    (void) state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        serials_add (&serials, numbers [i]);
    s_read (&packed, serials_pack (&serials, &s_none, 3, &packed), &spans);
    serials_free (&serials);
    assert_int_equal (spans.count, 3);
    assert_true (spans_hold (&spans, 3));
    assert_true (spans_hold (&spans, 5));
    assert_false (spans_hold (&spans, 6));
    assert_true (spans_hold (&spans, 10));
    assert_true (spans_hold (&spans, UINT64_MAX));
    assert_false (spans_hold (&spans, 0));
    spans_free (&spans);
}

static void test_no_serials_are_no_spans (void **state)
{
    buffer_t packed = {0};
    (void) state;
    assert_int_equal (serials_pack (&(serials_t){0}, &s_none, 100, &packed), 0);
    assert_int_equal (packed.size, 0);
}

//  Every other lease went elsewhere, and once there was a long gap: all are named, and the gap is
//  not.
static void s_gather (serials_t *serials)
{
    for (uint64_t i = 0; i < MANY; i++)
        serials_add (serials, 1000 + i * 2 + (i < MANY / 2 ? 0 : 1000000));
}

static void test_many_fit_into_a_hello (void **state)
{
    serials_t serials = {0};
    spans_t spans = {0};
    buffer_t packed = {0};
    (void) state;
    s_gather (&serials);
    size_t count = serials_pack (&serials, &s_none, MOST, &packed);
    assert_in_range (count, 1, MOST);
    assert_in_range (packed.size, 1, WIRE_FRAME_MAX / 2);
    s_read (&packed, count, &spans);
    for (size_t i = 0; i < serials.count; i++)
        assert_true (spans_hold (&spans, serials.list [i]));
    assert_false (spans_hold (&spans, 1000 + MANY + 10));
    assert_false (spans_hold (&spans, 999));
    serials_free (&serials);
    spans_free (&spans);
}

//  What the broker takes to be here, and is not, is not named again.
static void test_what_is_missing_is_not_named_twice (void **state)
{
    serials_t serials = {0}, missing = {0};
    spans_t spans = {0};
    buffer_t packed = {0};
    (void) state;
    s_gather (&serials);
    size_t count = serials_pack (&serials, &missing, MOST, &packed);
    s_read (&packed, count, &spans);
    assert_true (spans_hold (&spans, 1003));
    assert_true (spans_hold (&spans, 5001));
    spans_free (&spans);
    spans_add (&spans, 1003); //  These are adopted
    spans_begin (&spans, 5000);
    spans_add (&spans, 5001);
    assert_false (serials_cover (&serials, &spans, &missing));
    assert_int_equal (missing.count, 2);
    spans_free (&spans);
    s_read (&packed, serials_pack (&serials, &missing, MOST, &packed), &spans);
    assert_false (spans_hold (&spans, 1003));
    assert_false (spans_hold (&spans, 5001));
    for (size_t i = 0; i < serials.count; i++)
        assert_true (spans_hold (&spans, serials.list [i]));
    spans_free (&spans);
    spans_add (&spans, 1002);
    spans_begin (&spans, 5000);
    assert_true (serials_cover (&serials, &spans, &missing));
    assert_int_equal (missing.count, 2);
    serials_free (&serials);
    serials_free (&missing);
    spans_free (&spans);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_serials_become_spans),
        cmocka_unit_test (test_no_serials_are_no_spans),
        cmocka_unit_test (test_many_fit_into_a_hello),
        cmocka_unit_test (test_what_is_missing_is_not_named_twice),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
