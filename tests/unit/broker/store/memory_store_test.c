//  memory_store_test.c - what only the store in memory does: it holds still, fails and loses power
//  when the test says so

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/rigs/store_rig.h"

static void test_a_disk_that_holds_still (void **state)
{
    (void) state;
    store_rig_t rig;
    store_rig_begin (&rig, true);
    assert_int_equal (store_rig_open (&rig), CADRE_OK);
    memory_disk_hold (rig.disk);
    uint64_t first = store_rig_append (&rig, 1, 10, NULL),
             second = store_rig_append (&rig, 2, 10, NULL);
    assert_int_equal (store_turn (rig.store, NULL), CADRE_OK);
    assert_int_equal (store_durable (rig.store), 0);
    memory_disk_let (rig.disk, 1);
    assert_int_equal (store_durable (rig.store), 0);
    store_turn (rig.store, NULL);
    assert_int_equal (store_durable (rig.store), first);
    memory_disk_let (rig.disk, SIZE_MAX);
    uint64_t third = store_rig_append (&rig, 3, 10, NULL);
    store_turn (rig.store, NULL);
    assert_true (third > second);
    assert_int_equal (store_durable (rig.store), third);
    store_rig_end (&rig);
}

static void test_power_that_fails (void **state)
{
    (void) state;
    store_rig_t rig;
    store_rig_begin (&rig, true);
    store_rig_open (&rig);
    memory_disk_hold (rig.disk);
    for (uint32_t i = 1; i <= 5; i++)
        store_rig_append (&rig, i, 10, NULL);
    memory_disk_let (rig.disk, 2);
    memory_disk_lose (rig.disk);
    fault_t fault = {0};
    assert_int_equal (store_close (&rig.store, &fault), CADRE_OK);
    assert_int_equal (store_rig_open (&rig), CADRE_OK);
    assert_int_equal (rig.seen_count, 2);
    assert_int_equal (store_boots (rig.store), 2);
    store_rig_end (&rig);
}

static void test_a_disk_that_fails (void **state)
{
    (void) state;
    store_rig_t rig;
    store_rig_begin (&rig, true);
    store_rig_open (&rig);
    memory_disk_fail (rig.disk, 2);
    uint64_t first = store_rig_append (&rig, 1, 10, NULL);
    store_rig_append (&rig, 2, 10, NULL);
    store_rig_append (&rig, 3, 10, NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal (store_turn (rig.store, &rig.fault), CADRE_ERROR_IO);
        assert_int_equal (store_durable (rig.store), first);
    }
    assert_int_equal (store_close (&rig.store, &rig.fault), CADRE_ERROR_IO);
    assert_int_equal (store_rig_open (&rig), CADRE_OK);
    assert_int_equal (rig.seen_count, 1);
    store_rig_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_disk_that_holds_still),
        cmocka_unit_test (test_power_that_fails),
        cmocka_unit_test (test_a_disk_that_fails),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
