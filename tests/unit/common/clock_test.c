//  clock_test.c - clocks, real and fake, and the form of wall time

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/fakes/fake_clock.h"

static void test_boottime_never_decreases (void **state)
{
    (void) state;
    int64_t before = clock_now (&clock_boottime);
    int64_t after = clock_now (NULL);
    assert_true (before > 0);
    assert_true (after >= before);
}

static void test_fake_clock (void **state)
{
    (void) state;
    fake_clock_t fake = {.now_us = 5};
    clock_source_t clock = fake_clock_of (&fake);
    assert_int_equal (clock_now (&clock), 5);
    fake_clock_pass_ms (&fake, 10000);
    assert_int_equal (clock_now (&clock), 10000005);
}

static void test_wall_is_after_2020 (void **state)
{
    (void) state;
    assert_true (clock_wall_us () > INT64_C (1577836800) * 1000000);
}

static void test_iso (void **state)
{
    (void) state;
    char text [CLOCK_ISO_BYTES];
    assert_string_equal (clock_iso (0, text, sizeof text), "1970-01-01T00:00:00.000Z");
    assert_string_equal (clock_iso (INT64_C (1709210096789999), text, sizeof text),
                         "2024-02-29T12:34:56.789Z");
    assert_string_equal (clock_iso (-1, text, sizeof text), "1969-12-31T23:59:59.999Z");
    assert_string_equal (clock_iso (0, text, 5), "1970");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_boottime_never_decreases),
        cmocka_unit_test (test_fake_clock),
        cmocka_unit_test (test_wall_is_after_2020),
        cmocka_unit_test (test_iso),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
