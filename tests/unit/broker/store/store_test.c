//  store_test.c - what every store does: the same tests over memory and over SQLite

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/store/row.h"
#include "tests/lib/rigs/store_rig.h"

#define MIB (1024u * 1024)

static bool s_memory = true;

static int s_setup (void **state)
{
    store_rig_t *rig = malloc (sizeof *rig);
    if (!rig)
        return -1;
    store_rig_begin (rig, s_memory);
    *state = rig;
    return store_rig_open (rig) == CADRE_OK ? 0 : -1;
}

static int s_teardown (void **state)
{
    store_rig_end (*state);
    free (*state);
    return 0;
}

static uint64_t s_reopen (store_rig_t *rig)
{
    store_rig_close (rig);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    return rig->seen_count;
}

static void test_a_new_store_is_empty (void **state)
{
    store_rig_t *rig = *state;
    store_usage_t usage;
    assert_int_equal (rig->seen_count, 0);
    assert_int_equal (store_boots (rig->store), 1);
    assert_int_equal (store_durable (rig->store), 0);
    store_usage (rig->store, &usage);
    assert_int_equal (usage.batches, 0);
    assert_int_equal (usage.first, 0);
    assert_true (usage.free_bytes > 0);
    assert_false (store_wants_compaction (rig->store));
}

static void test_every_opening_is_counted (void **state)
{
    store_rig_t *rig = *state;
    for (unsigned boots = 2; boots < 5; boots++) {
        s_reopen (rig);
        assert_int_equal (store_boots (rig->store), boots);
    }
}

static void test_batches_come_back_in_order (void **state)
{
    store_rig_t *rig = *state;
    static const size_t sizes [] = {1,
                                    7,
                                    8000,
                                    ROW_CONTENT_BYTES - 1,
                                    ROW_CONTENT_BYTES,
                                    ROW_CONTENT_BYTES + 1,
                                    3 * ROW_CONTENT_BYTES,
                                    5 * MIB,
                                    2};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    uint64_t seqs [COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        seqs [i] = store_rig_append (rig, i + 1, sizes [i], NULL);
    assert_int_equal (store_rig_wait (rig, seqs [COUNT - 1]), CADRE_OK);
    assert_int_equal (s_reopen (rig), COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal (rig->seen [i].seq, seqs [i]);
        assert_int_equal (rig->seen [i].size, sizes [i]);
        assert_int_equal (rig->seen [i].number, i + 1);
        assert_true (i == 0 || seqs [i] > seqs [i - 1]);
    }
    assert_true (store_durable (rig->store) >= seqs [COUNT - 1]);
}

static void test_closing_makes_all_durable (void **state)
{
    store_rig_t *rig = *state;
    for (uint32_t i = 1; i <= 200; i++)
        store_rig_append (rig, i, 100, NULL);
    assert_int_equal (s_reopen (rig), 200);
}

static void test_numbers_go_on_after_a_restart (void **state)
{
    store_rig_t *rig = *state;
    uint64_t first = store_rig_append (rig, 1, 2 * ROW_CONTENT_BYTES, NULL);
    s_reopen (rig);
    uint64_t second = store_rig_append (rig, 2, 10, NULL);
    assert_true (second > first);
    assert_int_equal (store_rig_wait (rig, second), CADRE_OK);
    s_reopen (rig);
    assert_int_equal (rig->seen [1].seq, second);
}

static void test_durable_changes_in_a_turn_only (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seq = store_rig_append (rig, 1, 10, NULL);
    assert_int_equal (store_durable (rig->store), 0);
    assert_int_equal (store_rig_wait (rig, seq), CADRE_OK);
    assert_int_equal (store_durable (rig->store), seq);
}

static void s_assert_slice (store_rig_t *rig, uint32_t number, uint64_t seq, size_t offset,
                            size_t size)
{
    store_slice_t slice = store_rig_read (rig, seq, offset, size);
    assert_int_equal (slice.fault.code, CADRE_OK);
    assert_int_equal (slice.body.size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal (slice.body.data [i], store_rig_byte (number, offset + i));
    buffer_free (&slice.body);
}

static void test_slices (void **state)
{
    store_rig_t *rig = *state;
    size_t big = 4 * ROW_CONTENT_BYTES + 100;
    uint64_t small_seq = store_rig_append (rig, 1, 500, NULL),
             big_seq = store_rig_append (rig, 2, big, NULL);
    store_rig_wait (rig, big_seq);
    s_assert_slice (rig, 1, small_seq, 0, 500);
    s_assert_slice (rig, 1, small_seq, 499, 1);
    s_assert_slice (rig, 2, big_seq, 0, big);
    s_assert_slice (rig, 2, big_seq, ROW_CONTENT_BYTES - 1, 2);
    s_assert_slice (rig, 2, big_seq, big - 200, 200);
    s_reopen (rig);
    s_assert_slice (rig, 2, big_seq, 3 * ROW_CONTENT_BYTES, ROW_CONTENT_BYTES + 100);
}

static void s_assert_no_slice (store_rig_t *rig, uint64_t seq, uint64_t offset, size_t size)
{
    store_slice_t slice = store_rig_read (rig, seq, offset, size);
    assert_int_equal (slice.fault.code, CADRE_ERROR_NOT_FOUND);
    assert_null (slice.body.data);
}

static void test_slices_that_are_not_there (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seq = store_rig_append (rig, 1, 2 * ROW_CONTENT_BYTES, NULL);
    uint64_t next = store_rig_append (rig, 2, 10, NULL);
    store_rig_wait (rig, next);
    s_assert_no_slice (rig, seq, 0, 0);
    s_assert_no_slice (rig, seq, 2 * ROW_CONTENT_BYTES - 1, 2);
    s_assert_no_slice (rig, seq, 2 * ROW_CONTENT_BYTES, 1);
    s_assert_no_slice (rig, seq, UINT64_MAX, 1);
    s_assert_no_slice (rig, next + 100, 0, 1);
    s_assert_no_slice (rig, 0, 0, 1);
    s_assert_no_slice (rig, UINT64_MAX, 0, 1);
}

static void test_slices_come_in_the_order_of_asking (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seq = store_rig_append (rig, 1, 1000, NULL);
    store_slice_t slice;
    store_rig_wait (rig, seq);
    for (uint64_t tag = 10; tag < 20; tag++)
        store_read (rig->store, tag, seq, tag, tag == 15 ? 5000 : 1);
    for (uint64_t tag = 10; tag < 20;) {
        store_turn (rig->store, NULL);
        if (!store_next_slice (rig->store, &slice))
            continue;
        assert_int_equal (slice.tag, tag);
        assert_int_equal (slice.fault.code, tag == 15 ? CADRE_ERROR_NOT_FOUND : CADRE_OK);
        assert_true (tag == 15 || slice.body.data [0] == store_rig_byte (1, tag));
        buffer_free (&slice.body);
        tag++;
    }
}

static void test_slices_that_nobody_took (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seq = store_rig_append (rig, 1, 1000, NULL);
    store_rig_wait (rig, seq);
    for (uint64_t tag = 1; tag < 50; tag++)
        store_read (rig->store, tag, seq, 0, 1000);
    assert_int_equal (s_reopen (rig), 1);
}

static void test_what_was_written_is_counted (void **state)
{
    store_rig_t *rig = *state;
    store_usage_t before, after;
    store_rig_wait (rig, store_rig_append (rig, 1, 100, NULL));
    store_usage (rig->store, &before);
    store_rig_wait (rig, store_rig_append (rig, 2, 3 * ROW_CONTENT_BYTES, NULL));
    store_usage (rig->store, &after);
    assert_int_equal (after.written_bytes - before.written_bytes, 3 * ROW_CONTENT_BYTES);
    assert_int_equal (after.commits - before.commits, 1);
    s_reopen (rig);
    store_usage (rig->store, &after);
    assert_int_equal (after.written_bytes, 0);
}

static void test_a_drop_comes_with_its_batch (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seqs [11];
    store_usage_t usage;
    for (uint32_t i = 1; i <= 9; i++)
        seqs [i] = store_rig_append (rig, i, i % 3 ? 100 : 2 * ROW_CONTENT_BYTES, NULL);
    seqs [10] = store_rig_append (rig, 10, 50, &(store_append_t){.drop_before = seqs [7]});
    store_rig_wait (rig, seqs [10]);
    store_usage (rig->store, &usage);
    assert_int_equal (usage.batches, 4);
    assert_int_equal (usage.first, seqs [7]);
    assert_int_equal (s_reopen (rig), 4);
    assert_int_equal (rig->seen [0].number, 7);
    assert_int_equal (rig->seen [3].number, 10);
    s_assert_slice (rig, 8, seqs [8], 10, 20);
}

static void test_all_but_the_last_may_go (void **state)
{
    store_rig_t *rig = *state;
    store_rig_append (rig, 1, 100, NULL);
    uint64_t probe = store_rig_append (rig, 2, 100, NULL);
    store_rig_wait (rig,
                    store_rig_append (rig, 3, 100, &(store_append_t){.drop_before = probe + 1}));
    assert_int_equal (s_reopen (rig), 1);
    assert_int_equal (rig->seen [0].number, 3);
    uint64_t next = store_rig_append (rig, 4, 100, NULL);
    assert_true (next > rig->seen [0].seq);
}

static void test_a_batch_is_read_that_is_dropped_later (void **state)
{
    store_rig_t *rig = *state;
    store_slice_t slice;
    size_t size = 3 * ROW_CONTENT_BYTES;
    uint64_t seq = store_rig_append (rig, 1, size, NULL),
             probe = store_rig_append (rig, 2, 10, NULL);
    store_rig_wait (rig, probe);
    store_read (rig->store, 1, seq, 0, size);
    store_rig_wait (rig, store_rig_append (rig, 3, 10, &(store_append_t){.drop_before = probe}));
    while (!store_next_slice (rig->store, &slice))
        store_turn (rig->store, NULL);
    assert_int_equal (slice.fault.code, CADRE_OK);
    assert_int_equal (slice.body.size, size);
    buffer_free (&slice.body);
}

static cadre_error_t s_refuse (void *context, uint64_t seq, view_t body, fault_t *fault)
{
    (void) body;
    return seq < *(uint64_t *) context ? CADRE_OK
                                       : fault_set (fault, CADRE_ERROR_PROTOCOL, "not this one");
}

static void test_a_scan_may_be_refused (void **state)
{
    store_rig_t *rig = *state;
    store_rig_append (rig, 1, 10, NULL);
    uint64_t second = store_rig_append (rig, 2, 10, NULL);
    store_rig_wait (rig, second);
    store_rig_close (rig);
    for (unsigned i = 0; i < 2; i++) {
        fault_t fault = {0};
        store_t *store = store_rig_bare (rig);
        assert_non_null (store);
        assert_int_equal (store_scan (store, s_refuse, &second, &fault), CADRE_ERROR_PROTOCOL);
        assert_string_equal (fault.text, "not this one");
        store_close (&store, NULL);
    }
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 2);
    assert_int_equal (store_boots (rig->store), 2);
}

static void test_a_second_one_is_refused (void **state)
{
    store_rig_t *rig = *state;
    store_t *second = store_rig_bare (rig);
    assert_null (second);
    assert_int_equal (rig->fault.code, CADRE_ERROR_ADDRESS_IN_USE);
    assert_non_null (strstr (rig->fault.text, "in use"));
    assert_int_equal (store_rig_wait (rig, store_rig_append (rig, 1, 10, NULL)), CADRE_OK);
}

static void test_new_work_is_refused_and_ends_are_not (void **state)
{
    store_rig_t *rig = *state;
    store_usage_t usage;
    fault_t fault = {0};
    store_rig_close (rig);
    rig->quota_bytes = 4 * MIB;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (store_reserve (rig->store, 3 * MIB, &fault), CADRE_OK);
    assert_int_equal (store_reserve (rig->store, MIB + 1, &fault), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (fault.text, "limit of 4.0 MiB"));
    assert_non_null (strstr (fault.text, "1.0 MiB of new work"));
    uint64_t seq = store_rig_append (rig, 1, 2 * MIB, &(store_append_t){.fills_bytes = 2 * MIB});
    store_usage (rig->store, &usage);
    assert_int_equal (usage.reserved_bytes, MIB);
    assert_int_equal (usage.pending_bytes, 2 * MIB);
    store_rig_wait (rig, seq);
    store_usage (rig->store, &usage);
    assert_int_equal (usage.pending_bytes, 0);
    assert_true (usage.used_bytes >= 2 * MIB && usage.used_bytes < 3 * MIB);
    assert_int_equal (store_reserve (rig->store, MIB + 1, NULL), CADRE_ERROR_REFUSED);
    seq = store_rig_append (rig, 2, MIB, &(store_append_t){.fills_bytes = MIB});
    assert_int_equal (store_rig_wait (rig, seq), CADRE_OK);
    assert_int_equal (store_reserve (rig->store, MIB / 2, NULL), CADRE_OK);
    store_release (rig->store, MIB / 2);
    store_claim (rig->store, 10 * MIB);
    assert_int_equal (store_reserve (rig->store, 1, NULL), CADRE_ERROR_REFUSED);
}

static void test_the_disk_is_a_limit_too (void **state)
{
    store_rig_t *rig = *state;
    store_usage_t usage;
    fault_t fault = {0};
    store_usage (rig->store, &usage);
    assert_int_equal (store_reserve (rig->store, usage.free_bytes + MIB, &fault),
                      CADRE_ERROR_REFUSED);
    assert_non_null (strstr (fault.text, "its disk has"));
    assert_int_equal (store_reserve (rig->store, UINT64_MAX, &fault), CADRE_ERROR_REFUSED);
    assert_int_equal (store_reserve (rig->store, MIB, &fault), CADRE_OK);
}

static void test_compaction_is_wanted (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seq = 0;
    for (uint32_t i = 0; i < 9; i++)
        seq = store_rig_append (rig, i + 1, 8 * MIB, NULL);
    store_rig_wait (rig, seq);
    store_live (rig->store, 72 * MIB);
    assert_false (store_wants_compaction (rig->store));
    store_live (rig->store, 0);
    assert_true (store_wants_compaction (rig->store));
    store_rig_wait (rig, store_rig_append (rig, 10, 100, &(store_append_t){.drop_before = seq}));
    assert_false (store_wants_compaction (rig->store));
}

#define TEST(name) cmocka_unit_test_setup_teardown (test_##name, s_setup, s_teardown)

static const struct CMUnitTest s_tests [] = {
    TEST (a_new_store_is_empty),
    TEST (every_opening_is_counted),
    TEST (batches_come_back_in_order),
    TEST (closing_makes_all_durable),
    TEST (numbers_go_on_after_a_restart),
    TEST (durable_changes_in_a_turn_only),
    TEST (slices),
    TEST (slices_that_are_not_there),
    TEST (slices_come_in_the_order_of_asking),
    TEST (slices_that_nobody_took),
    TEST (what_was_written_is_counted),
    TEST (a_drop_comes_with_its_batch),
    TEST (all_but_the_last_may_go),
    TEST (a_batch_is_read_that_is_dropped_later),
    TEST (a_scan_may_be_refused),
    TEST (a_second_one_is_refused),
    TEST (new_work_is_refused_and_ends_are_not),
    TEST (the_disk_is_a_limit_too),
    TEST (compaction_is_wanted),
};

int main (void)
{
    int failed = cmocka_run_group_tests_name ("memory", s_tests, NULL, NULL);
#ifdef CADRE_STORE_SQLITE
    s_memory = false;
    failed += cmocka_run_group_tests_name ("sqlite", s_tests, NULL, NULL);
#endif
    return failed;
}
