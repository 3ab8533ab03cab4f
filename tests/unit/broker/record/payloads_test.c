//  payloads_test.c - payloads come back as they were given, and their memory goes with the last of
//  them

#include "broker/record/payloads.h"
#include "common/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void s_append (payloads_t *stock, uint32_t first, uint32_t count)
{
    buffer_t bytes = {0};
    for (uint32_t i = 0; i < count; i++) {
        pack_array (&bytes, 1);
        pack_uint (&bytes, first + i);
    }
    wire_list_t list = wire_list_of (&bytes, count);
    payloads_append (stock, first, &list, NULL);
    buffer_free (&bytes);
}

static uint64_t s_number (payloads_t *stock, uint32_t index)
{
    cursor_t cursor = cursor_of_view (payloads_get (stock, index));
    size_t count;
    uint64_t number = UINT64_MAX;
    assert_true (cursor_array (&cursor, &count) && cursor_uint (&cursor, &number)
                 && cursor_done (&cursor));
    return number;
}

static void test_every_payload_is_found (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    payloads_t *stock = payloads_new (&account);
    for (uint32_t first = 0; first < 100000; first += 1000)
        s_append (stock, first, 1000);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal (s_number (stock, i), i);
    for (uint32_t i = 100000; i > 0; i -= 7 < i ? 7 : i)
        assert_int_equal (s_number (stock, i - 1), i - 1);
    assert_true (bytes < 100000 * 24);
    payloads_destroy (&stock);
    assert_int_equal (bytes, 0);
}

static void test_one_at_a_time_joins_blocks (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    payloads_t *stock = payloads_new (&account);
    for (uint32_t i = 0; i < 20000; i++)
        s_append (stock, i, 1);
    for (uint32_t i = 0; i < 20000; i++)
        assert_int_equal (s_number (stock, i), i);
    assert_true (bytes < 20000 * 24);
    payloads_destroy (&stock);
}

static void test_memory_goes_with_the_last_task (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    payloads_t *stock = payloads_new (&account);
    s_append (stock, 0, 10);
    for (uint32_t i = 0; i < 9; i++)
        payloads_release (stock, i);
    assert_true (bytes > 0);
    assert_int_equal (s_number (stock, 9), 9);
    payloads_release (stock, 9);
    assert_int_equal (bytes, 0);
    //  A long-lived job: one task comes, one goes
    for (uint32_t i = 10; i < 5000; i++) {
        s_append (stock, i, 1);
        assert_int_equal (s_number (stock, i), i);
        payloads_release (stock, i);
    }
    assert_int_equal (bytes, 0);
    s_append (stock, 5000, 3);
    assert_int_equal (s_number (stock, 5002), 5002);
    payloads_destroy (&stock);
}

static void test_large_payloads_stand_beside (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    payloads_t *stock = payloads_new (&account);
    buffer_t values = {0}, large = {0};
    wire_pack_parts (&values, 77);
    pack_array (&values, 0);
    buffer_append (&large, "0123456789", 10);
    wire_list_t list = wire_list_of (&values, 2);
    payloads_append (stock, 0, &list, NULL);
    payloads_put_large (stock, 0, &large);
    assert_int_equal (wire_parts_of (payloads_get (stock, 0)), 77);
    assert_int_equal (wire_parts_of (payloads_get (stock, 1)), 0);
    assert_int_equal (payloads_large (stock, 0).size, 10);
    payloads_release (stock, 0);
    payloads_release (stock, 1);
    assert_int_equal (bytes, 0);
    buffer_free (&values);
    payloads_destroy (&stock);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_every_payload_is_found),
        cmocka_unit_test (test_one_at_a_time_joins_blocks),
        cmocka_unit_test (test_memory_goes_with_the_last_task),
        cmocka_unit_test (test_large_payloads_stand_beside),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
