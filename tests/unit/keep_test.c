//  keep_test.c - what is kept is read in order, by each reader from its own place

#include "broker/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/hub.h"

static view_t s_text (const char *text)
{
    return wire_view (text);
}

static void test_records_in_order (void **state)
{
    (void) state;
    uint64_t bytes = 0, position = 0;
    keep_t *keep = keep_new (&bytes);
    keep_record_t record;
    assert_false (keep_read (keep, &position, &record));
    uint64_t first = keep_append (keep, KEEP_OUTPUT, 3, s_text ("hello"), NULL);
    uint64_t second = keep_append (keep, KEEP_RESULT, 3, s_text ("done"), NULL);
    assert_true (second > first);
    assert_true (keep_read (keep, &position, &record));
    assert_int_equal (record.kind, KEEP_OUTPUT);
    assert_true (view_is (record.body, "hello"));
    assert_true (keep_read (keep, &position, &record));
    assert_int_equal (record.kind, KEEP_RESULT);
    assert_int_equal (record.index, 3);
    assert_false (keep_read (keep, &position, &record));
    keep_append (keep, KEEP_RESULT, 4, s_text (""), NULL);
    assert_true (keep_read (keep, &position, &record));
    assert_int_equal (record.index, 4);
    assert_int_equal (record.body.size, 0);
    keep_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_across_segments (void **state)
{
    (void) state;
    uint64_t bytes = 0, position = 0;
    static char text [10001];
    keep_t *keep = keep_new (&bytes);
    memset (text, 'x', sizeof text - 1);
    for (uint32_t i = 0; i < 200; i++)
        keep_append (keep, KEEP_RESULT, i, s_text (text + i), NULL);
    keep_record_t record;
    for (uint32_t i = 0; i < 200; i++) {
        assert_true (keep_read (keep, &position, &record));
        assert_int_equal (record.index, i);
        assert_int_equal (record.body.size, sizeof text - 1 - i);
    }
    assert_false (keep_read (keep, &position, &record));
    keep_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_output_is_cut_once (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    bool first = false;
    keep_t *keep = keep_new (&bytes);
    assert_true (keep_admits (keep, 1, HUB_KEEP_BYTES - 10, &first));
    assert_true (keep_admits (keep, 1, 10, &first));
    assert_false (keep_admits (keep, 1, 1, &first));
    assert_true (first);
    assert_false (keep_admits (keep, 1, 1, &first));
    assert_false (first);
    assert_true (keep_admits (keep, 2, 1, &first));
    keep_destroy (&keep);
    assert_int_equal (bytes, 0);
}

static void test_large_values_replace_older_ones (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    buffer_t value = {0};
    keep_t *keep = keep_new (&bytes);
    assert_int_equal (keep_large (keep, 5).size, 0);
    buffer_append (&value, "one", 3);
    keep_put_large (keep, 5, &value, NULL);
    buffer_append (&value, "three", 5);
    keep_put_large (keep, 5, &value, NULL);
    assert_true (view_is (keep_large (keep, 5), "three"));
    keep_destroy (&keep);
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
