//  item_values_test.c - values of items in shared memory: what was done is read, and nonsense is
//  not believed

#include "common/pack.h"
#include "worker/shared/item_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static item_values_t s_harvest;

static bool s_add (int64_t number)
{
    buffer_t value = {0};
    pack_int (&value, number);
    bool added = item_values_add (&s_harvest, (view_t){value.data, value.size});
    buffer_free (&value);
    return added;
}

//  How many are done; -1: nonsense.
static int s_read (uint32_t ticket, size_t most)
{
    buffer_t values = {0};
    size_t count;
    if (!item_values_read (&s_harvest, ticket, most, &values, &count)) {
        assert_int_equal (values.size, 0);
        buffer_free (&values);
        return -1;
    }
    cursor_t cursor = cursor_of_view ((view_t){values.data, values.size});
    int64_t number;
    for (size_t i = 0; i < count; i++)
        assert_true (cursor_int (&cursor, &number));
    assert_true (cursor_done (&cursor));
    buffer_free (&values);
    return (int) count;
}

static void test_what_is_done_is_read (void **state)
{
    (void) state;
    item_values_begin (&s_harvest, 7);
    assert_int_equal (s_read (7, 10), 0);
    assert_true (s_add (1) && s_add (70000) && s_add (-3));
    assert_int_equal (item_values_done (&s_harvest, 7), 3);
    assert_int_equal (s_read (7, 10), 3);
    assert_int_equal (s_read (7, 2), -1); //  The task has no more items
    assert_int_equal (s_read (6, 10), 0); //  Another task's
    item_values_begin (&s_harvest, 8);
    assert_int_equal (s_read (8, 10), 0);
}

static void test_full (void **state)
{
    (void) state;
    buffer_t large = {0};
    void *bytes = calloc (1, ITEM_VALUES_BYTES);
    pack_blob (&large, bytes, ITEM_VALUES_BYTES - 100);
    item_values_begin (&s_harvest, 1);
    assert_true (s_add (5));
    assert_true (item_values_add (&s_harvest, (view_t){large.data, large.size}));
    assert_false (item_values_add (&s_harvest, (view_t){large.data, large.size}));
    assert_true (s_add (6)); //  A small one still fits
    assert_int_equal (item_values_done (&s_harvest, 1), 3);
    buffer_free (&large);
    free (bytes);
}

//  The slot has written over it: nothing counts.
static void test_nonsense (void **state)
{
    (void) state;
    item_values_begin (&s_harvest, 1);
    assert_true (s_add (1) && s_add (2));
    static const uint64_t odd [] = {(UINT64_C (99) << 32) + 2, (UINT64_C (3) << 32) + 2,
                                    (UINT64_C (1) << 32) + 2,
                                    (UINT64_C (2) << 32) + ITEM_VALUES_BYTES + 1};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        atomic_store (&s_harvest.done, odd [i]);
        assert_int_equal (s_read (1, 50), -1);
    }
    assert_false (s_add (3));
    memset (s_harvest.bytes, 0xc1, sizeof s_harvest.bytes); //  Not msgpack
    atomic_store (&s_harvest.done, (UINT64_C (2) << 32) + 2);
    assert_int_equal (s_read (1, 50), -1);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_what_is_done_is_read),
        cmocka_unit_test (test_full),
        cmocka_unit_test (test_nonsense),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
