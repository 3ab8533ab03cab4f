//  timers_test.c - alarms ring in order, once, and survive everything that an alarm may do while it
//  rings

#include "common/timers.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct bell {
    alarm_t alarm;         // what is set
    timers_t *timers;      // where
    int rung;              // how often it rang
    int64_t last_us;       // when it rang last
    int64_t again_us;      // if not 0, it sets itself to this moment
    struct bell *silences; // whom it cancels
    struct bell *wakes;    // whom it sets to the present moment
} bell_t;

static int64_t s_order [2048]; // due times in the order of ringing
static size_t s_rung;          // how many of them

static void s_ring (void *owner, int64_t now_us)
{
    bell_t *self = owner;
    self->rung++;
    self->last_us = now_us;
    s_order [s_rung++ % 2048] = self->alarm.due_us;
    if (self->again_us)
        assert_int_equal (timers_set (self->timers, &self->alarm, self->again_us), CADRE_OK);
    if (self->silences)
        timers_cancel (self->timers, &self->silences->alarm);
    if (self->wakes)
        assert_int_equal (timers_set (self->timers, &self->wakes->alarm, now_us), CADRE_OK);
}

static bell_t s_bell (timers_t *timers)
{
    return (bell_t){.timers = timers};
}

static void s_set (bell_t *self, int64_t due_us)
{
    self->alarm.ring = s_ring;
    self->alarm.owner = self;
    assert_int_equal (timers_set (self->timers, &self->alarm, due_us), CADRE_OK);
}

static int s_setup (void **state)
{
    s_rung = 0;
    *state = timers_new ();
    return *state ? 0 : -1;
}

static int s_teardown (void **state)
{
    timers_t *timers = *state;
    timers_destroy (&timers);
    timers_destroy (&timers);
    return 0;
}

static void test_ring_when_due (void **state)
{
    bell_t bell = s_bell (*state);
    s_set (&bell, 1000);
    assert_true (timers_is_set (&bell.alarm));
    assert_int_equal (timers_run (*state, 999), 0);
    assert_int_equal (timers_run (*state, 1000), 1);
    assert_int_equal (bell.rung, 1);
    assert_int_equal (bell.last_us, 1000);
    assert_false (timers_is_set (&bell.alarm));
    assert_int_equal (timers_run (*state, 2000), 0);
}

static void test_move_both_ways (void **state)
{
    bell_t a = s_bell (*state), b = s_bell (*state), c = s_bell (*state);
    s_set (&a, 100);
    s_set (&b, 200);
    s_set (&c, 300);
    s_set (&a, 400);
    s_set (&c, 50);
    assert_int_equal (timers_count (*state), 3);
    assert_int_equal (timers_run (*state, 500), 3);
    assert_int_equal (s_order [0], 50);
    assert_int_equal (s_order [1], 200);
    assert_int_equal (s_order [2], 400);
}

static void test_cancel (void **state)
{
    bell_t a = s_bell (*state), b = s_bell (*state);
    s_set (&a, 100);
    s_set (&b, 200);
    timers_cancel (*state, &a.alarm);
    timers_cancel (*state, &a.alarm);
    assert_int_equal (timers_run (*state, 500), 1);
    assert_int_equal (a.rung, 0);
    assert_int_equal (b.rung, 1);
}

static void test_next_ms (void **state)
{
    bell_t bell = s_bell (*state);
    assert_int_equal (timers_next_ms (*state, 0, 1000), 1000);
    assert_int_equal (timers_next_ms (*state, 0, -1), -1);
    s_set (&bell, 10001);
    assert_int_equal (timers_next_ms (*state, 0, 1000), 11);
    assert_int_equal (timers_next_ms (*state, 0, 5), 5);
    assert_int_equal (timers_next_ms (*state, 10000, -1), 1);
    assert_int_equal (timers_next_ms (*state, 10001, -1), 0);
    assert_int_equal (timers_next_ms (*state, 99999, -1), 0);
    s_set (&bell, INT64_MAX);
    assert_int_equal (timers_next_ms (*state, INT64_MIN, -1), INT_MAX);
    timers_cancel (*state, &bell.alarm);
}

static void test_set_itself (void **state)
{
    bell_t bell = s_bell (*state);
    bell.again_us = 2000;
    s_set (&bell, 1000);
    assert_int_equal (timers_run (*state, 1500), 1);
    assert_int_equal (timers_next_ms (*state, 1500, 100), 1);
    assert_int_equal (timers_run (*state, 2000), 1);
    timers_cancel (*state, &bell.alarm);
}

static void test_set_itself_to_the_past_ends (void **state)
{
    bell_t bell = s_bell (*state);
    bell.again_us = 1;
    s_set (&bell, 1000);
    for (int64_t now_us = 1000; now_us < 1010; now_us++)
        assert_int_equal (timers_run (*state, now_us), 1);
    assert_int_equal (bell.rung, 10);
    timers_cancel (*state, &bell.alarm);
}

static void test_cancel_another_that_is_due (void **state)
{
    bell_t a = s_bell (*state), b = s_bell (*state);
    a.silences = &b;
    s_set (&a, 100);
    s_set (&b, 101);
    assert_int_equal (timers_run (*state, 200), 1);
    assert_int_equal (b.rung, 0);
    assert_int_equal (timers_count (*state), 0);
}

static void test_set_another (void **state)
{
    bell_t a = s_bell (*state), b = s_bell (*state);
    a.wakes = &b;
    b.alarm = (alarm_t){.ring = s_ring, .owner = &b};
    s_set (&a, 100);
    assert_int_equal (timers_run (*state, 200), 1);
    assert_int_equal (timers_run (*state, 201), 1);
    assert_int_equal (b.rung, 1);
}

static void s_ring_and_free (void *owner, int64_t now_us)
{
    (void) now_us;
    free (owner);
}

static void test_owner_frees_itself (void **state)
{
    alarm_t *alarm = calloc (1, sizeof *alarm);
    assert_non_null (alarm);
    *alarm = (alarm_t){.ring = s_ring_and_free, .owner = alarm};
    timers_set (*state, alarm, 1);
    assert_int_equal (timers_run (*state, 1), 1);
}

static void test_destroy_unsets (void **state)
{
    (void) state;
    timers_t *timers = timers_new ();
    bell_t bell = s_bell (timers);
    s_set (&bell, 1);
    timers_destroy (&timers);
    assert_null (timers);
    assert_false (timers_is_set (&bell.alarm));
}

//  A thousand alarms, set, moved and cancelled at random, ring in order
static void test_many (void **state)
{
    enum { COUNT = 1000 };
    bell_t *bells = calloc (COUNT, sizeof *bells);
    assert_non_null (bells);
    unsigned seed = 7;
    size_t expected = COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        bells [i].timers = *state;
        s_set (&bells [i], rand_r (&seed) % 5000);
    }
    for (size_t i = 0; i < COUNT; i += 2)
        s_set (&bells [i], rand_r (&seed) % 5000);
    for (size_t i = 0; i < COUNT; i += 3, expected--)
        timers_cancel (*state, &bells [i].alarm);
    size_t rung = 0;
    for (int64_t now_us = 0; now_us < 5000; now_us += 7)
        rung += timers_run (*state, now_us);
    rung += timers_run (*state, 5000);
    assert_int_equal (rung, expected);
    for (size_t i = 1; i < rung; i++)
        assert_true (s_order [i - 1] <= s_order [i]);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal (bells [i].rung, i % 3 == 0 ? 0 : 1);
    free (bells);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_ring_when_due),
        TEST (test_move_both_ways),
        TEST (test_cancel),
        TEST (test_next_ms),
        TEST (test_set_itself),
        TEST (test_set_itself_to_the_past_ends),
        TEST (test_cancel_another_that_is_due),
        TEST (test_set_another),
        TEST (test_owner_frees_itself),
        TEST (test_destroy_unsets),
        TEST (test_many),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
