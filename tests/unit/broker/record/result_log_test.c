//  result_log_test.c - what is kept is read in order, by each reader from its own place

#include "broker/record/result_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/core/context.h"

static view_t s_text (const char *text)
{
    return wire_view (text);
}

static void test_records_in_order (void **state)
{
    (void) state;
    uint64_t bytes = 0, position = 0;
    account_t account = {.sum_p = &bytes};
    result_log_t *keep = result_log_new (&account);
    result_log_record_t record;
    assert_false (result_log_read (keep, &position, &record));
    uint64_t first = result_log_append (keep, RESULT_LOG_OUTPUT, 3, s_text ("hello"), NULL);
    uint64_t second = result_log_append (keep, RESULT_LOG_RESULT, 3, s_text ("done"), NULL);
    assert_true (second > first);
    assert_true (result_log_read (keep, &position, &record));
    assert_int_equal (record.kind, RESULT_LOG_OUTPUT);
    assert_true (view_is (record.body, "hello"));
    assert_true (result_log_read (keep, &position, &record));
    assert_int_equal (record.kind, RESULT_LOG_RESULT);
    assert_int_equal (record.index, 3);
    assert_false (result_log_read (keep, &position, &record));
    result_log_append (keep, RESULT_LOG_RESULT, 4, s_text (""), NULL);
    assert_true (result_log_read (keep, &position, &record));
    assert_int_equal (record.index, 4);
    assert_int_equal (record.body.size, 0);
    result_log_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_across_segments (void **state)
{
    (void) state;
    uint64_t bytes = 0, position = 0;
    account_t account = {.sum_p = &bytes};
    static char text [10001];
    result_log_t *keep = result_log_new (&account);
    memset (text, 'x', sizeof text - 1);
    for (uint32_t i = 0; i < 200; i++)
        result_log_append (keep, RESULT_LOG_RESULT, i, s_text (text + i), NULL);
    result_log_record_t record;
    for (uint32_t i = 0; i < 200; i++) {
        assert_true (result_log_read (keep, &position, &record));
        assert_int_equal (record.index, i);
        assert_int_equal (record.body.size, sizeof text - 1 - i);
    }
    assert_false (result_log_read (keep, &position, &record));
    result_log_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_output_is_cut_once (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    bool first = false;
    result_log_t *keep = result_log_new (&account);
    assert_true (result_log_admits (keep, 1, CONTEXT_KEEP_BYTES - 10, &first));
    assert_true (result_log_admits (keep, 1, 10, &first));
    assert_false (result_log_admits (keep, 1, 1, &first));
    assert_true (first);
    assert_false (result_log_admits (keep, 1, 1, &first));
    assert_false (first);
    assert_true (result_log_admits (keep, 2, 1, &first));
    assert_int_equal (result_log_cuts (keep), 1);
    assert_true (result_log_is_cut (keep, 1));
    assert_false (result_log_is_cut (keep, 2));
    assert_false (result_log_is_cut (keep, 3));
    assert_false (result_log_admits (keep, 2, SIZE_MAX, &first)); //  No room in the store
    assert_int_equal (result_log_cuts (keep), 2);
    result_log_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_large_values_replace_older_ones (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    account_t account = {.sum_p = &bytes};
    buffer_t value = {0};
    result_log_t *keep = result_log_new (&account);
    assert_int_equal (result_log_large (keep, 5).size, 0);
    buffer_append (&value, "one", 3);
    result_log_put_large (keep, 5, &value, NULL);
    buffer_append (&value, "three", 5);
    result_log_put_large (keep, 5, &value, NULL);
    assert_true (view_is (result_log_large (keep, 5), "three"));
    result_log_destroy (&keep);
    assert_int_equal (bytes, 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_records_in_order),
        cmocka_unit_test (test_across_segments),
        cmocka_unit_test (test_output_is_cut_once),
        cmocka_unit_test (test_large_values_replace_older_ones),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
