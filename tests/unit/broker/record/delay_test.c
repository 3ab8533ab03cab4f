//  delay_test.c - tasks wake in the order in which they are due

#include "broker/record/delay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t s_woken [64];
static size_t s_count;

static void s_wake (void *owner, uint64_t job, uint32_t index)
{
    assert_ptr_equal (owner, s_woken);
    assert_int_equal (job, 7);
    s_woken [s_count++] = index;
}

static void test_they_wake_when_due (void **state)
{
    (void) state;
    timers_t *timers = timers_new ();
    delay_t *delay = delay_new (timers, s_wake, s_woken);
    static const int64_t due [] = {500, 100, 300, 200, 400};
    for (uint32_t i = 0; i < 5; i++)
        delay_add (delay, due [i], 7, i);
    timers_run (timers, 99);
    assert_int_equal (s_count, 0);
    timers_run (timers, 250);
    assert_int_equal (s_count, 2);
    assert_int_equal (s_woken [0], 1);
    assert_int_equal (s_woken [1], 3);
    timers_run (timers, 1000);
    assert_int_equal (s_count, 5);
    assert_int_equal (s_woken [2], 2);
    assert_int_equal (s_woken [3], 4);
    assert_int_equal (s_woken [4], 0);
    assert_int_equal (timers_count (timers), 0);
    delay_destroy (&delay);
    timers_destroy (&timers);
}

static size_t s_many;

static void s_count_one (void *owner, uint64_t job, uint32_t index)
{
    (void) owner, (void) job, (void) index;
    s_many++;
}

//  A hundred thousand that are due at once do not take a turn for themselves
static void test_many_wake_in_several_turns (void **state)
{
    (void) state;
    timers_t *timers = timers_new ();
    delay_t *delay = delay_new (timers, s_count_one, NULL);
    for (uint32_t i = 0; i < 100000; i++)
        delay_add (delay, 100 + i % 7, 7, i);
    unsigned turns = 0;
    for (int64_t now_us = 1000; s_many < 100000; now_us += 10, turns++) {
        size_t before = s_many;
        timers_run (timers, now_us);
        assert_in_range (s_many - before, 1, 4096);
        assert_int_equal (timers_next_ms (timers, now_us + 10, 1000), s_many < 100000 ? 0 : 1000);
    }
    assert_in_range (turns, 25, 100);
    delay_destroy (&delay);
    timers_destroy (&timers);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_they_wake_when_due),
        cmocka_unit_test (test_many_wake_in_several_turns),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
