//  lease_run_test.c - leases that follow each other become one record

#include "broker/journal/lease_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_leases_with_serials_in_a_row_join (void **state)
{
    (void) state;
    lease_run_t run = {0};
    job_t job = {.number = 7}, other = {.number = 8};
    worker_record_t worker = {.uuid = {1}, .name = "one"}, another = {.uuid = {2}, .name = "two"};
    assert_false (lease_run_joins (&run, &job, &worker, 40));
    lease_run_add (&run, &job, &worker, 40, 3);
    assert_true (lease_run_joins (&run, &job, &worker, 41));
    assert_false (lease_run_joins (&run, &job, &worker, 42));
    assert_false (lease_run_joins (&run, &other, &worker, 41));
    assert_false (lease_run_joins (&run, &job, &another, 41));
    lease_run_free (&run);
}

static void test_a_run_is_one_record (void **state)
{
    (void) state;
    lease_run_t run = {0};
    buffer_t bytes = {0};
    wire_log_leases_t record;
    uint64_t index;
    job_t job = {.number = 7};
    worker_record_t worker = {.uuid = {1}, .name = "one"};
    assert_int_equal (lease_run_end (&run), 0);
    lease_run_add (&run, &job, &worker, 40, 3);
    lease_run_add (&run, &job, &worker, 41, 9);
    assert_int_equal (lease_run_end (&run), 7);
    assert_int_equal (lease_run_end (&run), 0);
    lease_run_pack (&run, 7, &bytes);
    cursor_t cursor = cursor_of_view (wire_view_of (&bytes));
    assert_true (wire_read_log_leases (&cursor, &record));
    assert_int_equal (record.job, 7);
    assert_int_equal (record.serial, 40);
    assert_int_equal (record.indexes.count, 2);
    cursor_t indexes = cursor_of_view (record.indexes.values);
    assert_true (cursor_uint (&indexes, &index));
    assert_int_equal (index, 3);
    assert_true (cursor_uint (&indexes, &index));
    assert_int_equal (index, 9);
    buffer_free (&bytes);
    lease_run_free (&run);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_leases_with_serials_in_a_row_join),
        cmocka_unit_test (test_a_run_is_one_record),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
