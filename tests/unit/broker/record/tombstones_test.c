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
    tombstones_t *ghosts = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}}, three = {.uuid = {3}};
    tombstones_add (ghosts, &one, 41, 1000);
    tombstones_add (ghosts, &two, 42, 2000);
    assert_int_equal (tombstones_find (ghosts, &one), 41);
    assert_int_equal (tombstones_find (ghosts, &two), 42);
    assert_int_equal (tombstones_find (ghosts, &three), 0);
    tombstones_sweep (ghosts, 1001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_find (ghosts, &one), 0);
    assert_int_equal (tombstones_find (ghosts, &two), 42);
    tombstones_destroy (&ghosts);
}

static void test_the_newest_number_counts (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *ghosts = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}};
    tombstones_add (ghosts, &one, 41, 1000);
    tombstones_add (ghosts, &two, 42, 1000);
    tombstones_add (ghosts, &one, 43, 5000);
    tombstones_sweep (ghosts, 1001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_find (ghosts, &one), 43);
    assert_int_equal (tombstones_find (ghosts, &two), 0);
    tombstones_destroy (&ghosts);
    tombstones_destroy (&ghosts);
}

//  Two keys may choose the same UUID, one to learn what the other has done.
static void test_a_ghost_is_one_holder_s (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *ghosts = tombstones_new (1 << 20, &bytes);
    const uint8_t uuid [WIRE_UUID_BYTES] = {1};
    const identity_t alice = identity_of (uuid, wire_view ("alice")),
                     bob = identity_of (uuid, wire_view ("bob"));
    tombstones_add (ghosts, &alice, 41, 1000);
    assert_int_equal (tombstones_find (ghosts, &bob), 0);
    tombstones_add (ghosts, &bob, 42, 1000);
    assert_int_equal (tombstones_find (ghosts, &alice), 41);
    assert_int_equal (tombstones_find (ghosts, &bob), 42);
    tombstones_destroy (&ghosts);
}

//  Whoever has jobs forgotten without end fills no memory: the oldest go.
static void test_they_take_up_no_more_than_they_may (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *ghosts = tombstones_new (64 << 10, &bytes);
    for (uint32_t i = 0; i < 10000; i++) {
        identity_t identity = {0};
        memcpy (identity.uuid, &i, sizeof i);
        tombstones_add (ghosts, &identity, i + 1, 1000);
        assert_true (bytes <= 64 << 10);
        assert_int_equal (tombstones_find (ghosts, &identity), i + 1);
    }
    const identity_t first = {0};
    assert_int_equal (tombstones_find (ghosts, &first), 0);
    tombstones_destroy (&ghosts);
    assert_int_equal (bytes, 0);
}

//  What is in the log is written again before its batch is dropped
static void test_in_the_log (void **state)
{
    (void) state;
    uint64_t bytes = 0;
    tombstones_t *ghosts = tombstones_new (1 << 20, &bytes);
    const identity_t one = {.uuid = {1}}, two = {.uuid = {2}}, three = {.uuid = {3}};
    const identity_t *identity;
    uint64_t number;
    tombstones_add (ghosts, &one, 41, 1000);
    tombstones_add (ghosts, &two, 42, 2000);
    tombstones_add (ghosts, &three, 43, 3000);
    assert_int_equal (tombstones_oldest (ghosts), UINT64_MAX);
    tombstones_logged (ghosts, &one);
    assert_int_equal (tombstones_oldest (ghosts), UINT64_MAX);
    tombstones_place (ghosts, 7);
    tombstones_logged (ghosts, &three);
    tombstones_place (ghosts, 9);
    assert_int_equal (tombstones_oldest (ghosts), 7);
    assert_false (tombstones_next (ghosts, 7, &identity, &number));
    assert_true (tombstones_next (ghosts, 8, &identity, &number));
    assert_memory_equal (identity, &one, sizeof one);
    assert_int_equal (number, 41);
    tombstones_logged (ghosts, &one);
    assert_int_equal (tombstones_oldest (ghosts), 9);
    tombstones_place (ghosts, 11);
    tombstones_sweep (ghosts, 3001 + TOMBSTONES_KEPT_US);
    assert_int_equal (tombstones_oldest (ghosts), UINT64_MAX);
    tombstones_destroy (&ghosts);
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
