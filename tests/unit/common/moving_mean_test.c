//  moving_mean_test.c - the moving mean follows what is measured, also where the numbers are small

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/moving_mean.h"

static void test_it_reaches_what_stays (void **state)
{
    static const struct {
        int64_t mean;   //  Before
        int64_t sample; //  Again and again
    } cases [] = {{3000, 1}, {8, 1},    {2, 1},         {1, 0},        {0, 0},
                  {1, 8},    {1, 3000}, {INT32_MAX, 7}, {7, INT32_MAX}};
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases [0]; i++) {
        int64_t mean = cases [i].mean;
        for (int turn = 0; turn < 200; turn++)
            mean = moving_mean_after (mean, cases [i].sample);
        assert_int_equal (mean, cases [i].sample);
    }
}

static void test_one_sample_moves_it_by_its_share (void **state)
{
    (void) state;
    assert_int_equal (moving_mean_after (1000, 1000 + 80 * MOVING_MEAN_SHARE), 1080);
    assert_int_equal (moving_mean_after (1000, 1000 - 80 * MOVING_MEAN_SHARE), 920);
    assert_int_equal (moving_mean_after (1000, 1000), 1000);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_it_reaches_what_stays),
        cmocka_unit_test (test_one_sample_moves_it_by_its_share),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
