//  tombstones_test.c - a job that was forgotten is known for a day

#include "broker/record/tombstones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_a_ghost_is_known_for_a_day (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *tombstones = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}}, three = {.uuid = {3}};
    tombstones_add (tombstones, &one, 41, 1000);
    tombstones_add (tombstones, &two, 42, 2000);
    assert_int_equal (tombstones_find (tombstones, &one), 41);
    assert_int_equal (tombstones_find (tombstones, &two), 42);
    assert_int_equal (tombstones_find (tombstones, &three), 0);
    tombstones_sweep (tombstones, 1001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_find (tombstones, &one), 0);
    assert_int_equal (tombstones_find (tombstones, &two), 42);
    tombstones_destroy (&tombstones);
}

static void test_the_newest_number_counts (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *tombstones = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}};
    tombstones_add (tombstones, &one, 41, 1000);
    tombstones_add (tombstones, &two, 42, 1000);
    tombstones_add (tombstones, &one, 43, 5000);
    tombstones_sweep (tombstones, 1001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_find (tombstones, &one), 43);
    assert_int_equal (tombstones_find (tombstones, &two), 0);
    tombstones_destroy (&tombstones);
    tombstones_destroy (&tombstones);
}

//  Two keys may choose the same UUID, one to learn what the other has done.
static void test_a_ghost_is_one_holder_s (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *tombstones = tombstones_new (1 << 20, &bytes);
    const uint8_t uuid [WIRE_UUID_BYTES] = {1};
    const identity_t alice = identity_of (uuid, wire_view ("alice")),
                     bob = identity_of (uuid, wire_view ("bob"));
    tombstones_add (tombstones, &alice, 41, 1000);
    assert_int_equal (tombstones_find (tombstones, &bob), 0);
    tombstones_add (tombstones, &bob, 42, 1000);
    assert_int_equal (tombstones_find (tombstones, &alice), 41);
    assert_int_equal (tombstones_find (tombstones, &bob), 42);
    tombstones_destroy (&tombstones);
}

//  Whoever has jobs forgotten without end fills no memory: the oldest go.
static void test_they_take_up_no_more_than_they_may (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *tombstones = tombstones_new (64 << 10, &bytes);
    for (uint32_t i = 0; i < 10000; i++) {
        identity_t identity = {0};
        memcpy (identity.uuid, &i, sizeof i);
        tombstones_add (tombstones, &identity, i + 1, 1000);
        assert_true (bytes <= 64 << 10);
        assert_int_equal (tombstones_find (tombstones, &identity), i + 1);
    }
    const identity_t first = {0};
    assert_int_equal (tombstones_find (tombstones, &first), 0);
    tombstones_destroy (&tombstones);
    assert_int_equal (bytes, 0);
}

//  What is in the log is written again before its batch is dropped
static void test_in_the_log (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *tombstones = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}}, three = {.uuid = {3}};
    const identity_t *identity;
    uint64_t number;
    tombstones_add (tombstones, &one, 41, 1000);
    tombstones_add (tombstones, &two, 42, 2000);
    tombstones_add (tombstones, &three, 43, 3000);
    assert_int_equal (tombstones_oldest (tombstones), UINT64_MAX);
    tombstones_logged (tombstones, &one);
    assert_int_equal (tombstones_oldest (tombstones), UINT64_MAX);
    tombstones_place (tombstones, 7);
    tombstones_logged (tombstones, &three);
    tombstones_place (tombstones, 9);
    assert_int_equal (tombstones_oldest (tombstones), 7);
    assert_false (tombstones_next (tombstones, 7, &identity, &number));
    assert_true (tombstones_next (tombstones, 8, &identity, &number));
    assert_memory_equal (identity, &one, sizeof one);
    assert_int_equal (number, 41);
    tombstones_logged (tombstones, &one);
    assert_int_equal (tombstones_oldest (tombstones), 9);
    tombstones_place (tombstones, 11);
    tombstones_sweep (tombstones, 3001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_oldest (tombstones), UINT64_MAX);
    tombstones_destroy (&tombstones);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_ghost_is_known_for_a_day),
        cmocka_unit_test (test_the_newest_number_counts),
        cmocka_unit_test (test_a_ghost_is_one_holder_s),
        cmocka_unit_test (test_they_take_up_no_more_than_they_may),
        cmocka_unit_test (test_in_the_log),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
