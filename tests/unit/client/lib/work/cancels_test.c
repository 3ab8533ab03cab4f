//  cancels_test.c - cancels of a work that may have to be sent again

#include "client/lib/work/cancels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool s_is_odd (void *owner, const cancel_t *cancel)
{
    (*(size_t *) owner)++;
    return cancel->index % 2;
}

static void test_cancels_come_back_in_order (void **state)
{
    (void) state;
    cancels_t cancels = {0};
    size_t asked = 0, count;
    cancels_add (&cancels, &(cancel_t){.put = 7, .index = 3}, s_is_odd, &asked);
    cancels_add (&cancels, &(cancel_t){.put = 9, .index = 1}, s_is_odd, &asked);
    cancel_t *list = cancels_list (&cancels, &count);
    assert_int_equal (count, 2);
    assert_int_equal (list [0].index, 3);
    assert_int_equal (list [1].put, 9);
    cancels_free (&cancels);
}

static void test_one_of_all_tasks_replaces_the_others (void **state)
{
    (void) state;
    cancels_t cancels = {0};
    size_t asked = 0, count;
    cancels_add (&cancels, &(cancel_t){.index = 3}, s_is_odd, &asked);
    cancels_add (&cancels, &(cancel_t){.all = true}, s_is_odd, &asked);
    cancel_t *list = cancels_list (&cancels, &count);
    assert_int_equal (count, 1);
    assert_true (list [0].all);
    cancels_free (&cancels);
}

//  A client that cancels task after task of a job for ever keeps those alone that are needed.
static void test_those_not_needed_are_dropped_before_it_grows (void **state)
{
    (void) state;
    cancels_t cancels = {0};
    size_t asked = 0, count;
    for (uint32_t i = 0; i < 100000; i++)
        cancels_add (&cancels, &(cancel_t){.index = 2 * i}, s_is_odd, &asked);
    assert_true (asked > 0);
    cancels_add (&cancels, &(cancel_t){.index = 5}, s_is_odd, &asked);
    cancel_t *list = cancels_list (&cancels, &count);
    assert_true (count < 1000);
    assert_int_equal (list [count - 1].index, 5);
    cancels_free (&cancels);
}

static void test_all_take_a_new_frame_number (void **state)
{
    (void) state;
    cancels_t cancels = {0};
    size_t asked = 0, count;
    cancels_add (&cancels, &(cancel_t){.put = 7, .index = 3}, s_is_odd, &asked);
    cancels_add (&cancels, &(cancel_t){.put = 8, .index = 4}, s_is_odd, &asked);
    cancels_renumber (&cancels, UINT64_MAX);
    cancel_t *list = cancels_list (&cancels, &count);
    assert_true (list [0].put == UINT64_MAX && list [1].put == UINT64_MAX);
    cancels_free (&cancels);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_cancels_come_back_in_order),
        cmocka_unit_test (test_one_of_all_tasks_replaces_the_others),
        cmocka_unit_test (test_those_not_needed_are_dropped_before_it_grows),
        cmocka_unit_test (test_all_take_a_new_frame_number)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
