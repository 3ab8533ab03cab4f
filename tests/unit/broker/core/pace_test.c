//  pace_test.c - what can wait gives way to results, and to nothing else

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/core/pace.h"

#define EVERY_US 10000
#define FEW (PACE_PRESSING_RATE / 100 - 1) //  Results in an interval
#define MANY (PACE_PRESSING_RATE / 100)

static void test_output_alone_is_never_held (void **state)
{
    (void) state;
    pace_t pace = {.every_us = EVERY_US};
    for (int64_t now_us = 1000000; now_us < 1100000; now_us += 100)
        assert_true (pace_allows (&pace, now_us, 0));
}

static void test_a_few_results_do_not_hold_it (void **state)
{
    (void) state;
    pace_t pace = {.every_us = EVERY_US};
    uint64_t ended = 0;
    for (int64_t now_us = 1000000; now_us < 1100000; now_us += EVERY_US) {
        assert_true (pace_allows (&pace, now_us, ended));
        assert_true (pace_allows (&pace, now_us + 1, ended));
        ended += FEW;
    }
}

static void test_many_results_hold_it_for_an_interval (void **state)
{
    (void) state;
    pace_t pace = {.every_us = EVERY_US};
    int64_t now_us = 1000000;
    assert_true (pace_allows (&pace, now_us, 0));
    for (uint64_t ended = MANY; ended < 10 * MANY; ended += MANY) {
        now_us = pace_next_us (&pace);
        assert_true (pace_allows (&pace, now_us, ended)); //  Never for longer
        assert_false (pace_allows (&pace, now_us, ended));
        assert_false (pace_allows (&pace, pace_next_us (&pace) - 1, ended + MANY));
    }
    assert_true (pace_allows (&pace, pace_next_us (&pace), 9 * MANY));
    assert_true (pace_allows (&pace, pace_next_us (&pace) - 1, 9 * MANY)); //  They press no longer
}

static void test_a_pause_is_no_press (void **state)
{
    (void) state;
    pace_t pace = {.every_us = EVERY_US};
    assert_true (pace_allows (&pace, 1000000, 0));
    assert_true (pace_allows (&pace, 1000000 + 100 * EVERY_US, 10 * MANY)); //  Many, in a long time
    assert_true (pace_allows (&pace, 1000001 + 100 * EVERY_US, 10 * MANY));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_output_alone_is_never_held),
        cmocka_unit_test (test_a_few_results_do_not_hold_it),
        cmocka_unit_test (test_many_results_hold_it_for_an_interval),
        cmocka_unit_test (test_a_pause_is_no_press),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
