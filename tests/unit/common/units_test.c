//  units_test.c - what people may write, and what they read

#include "common/units.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

static void test_durations (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows [] = {
        {"0", 0},
        {"90", 90000},
        {"1.5", 1500},
        {"250ms", 250},
        {"90s", 90000},
        {"5m", 300000},
        {"1.5h", 5400000},
        {"2d", 172800000},
        {"1m30s", 90000},
        {"1d2h3m4s5ms", 93784005},
        {"0.5ms", 1},
        {"0.4ms", 0},
        {"1.0000004s", 1000},
        {"100000d", INT64_C (8640000000000)},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        int64_t ms = -1;
        fault_t fault = {0};
        if (units_parse_duration (rows [i].text, &ms, &fault))
            fail_msg ("%s", fault.text);
        assert_int_equal (ms, rows [i].ms);
    }
}

static void test_durations_refused (void **state)
{
    (void) state;
    static const char *const wrong [] = {"",     "s",      "5x",   "-5s",  "+5s", "5 s", " 5s",
                                         "5s ",  "5S",     "1e3",  "1.s",  ".5s", "5s3", "1s1m",
                                         "1s1s", "1.2.3s", "0x10", "5mss", "nan"};
    int64_t ms = 7;
    fault_t fault = {0};
    for (size_t i = 0; i < COUNT (wrong); i++)
        assert_int_equal (units_parse_duration (wrong [i], &ms, &fault), CADRE_ERROR_ARGUMENT);
    assert_string_equal (
        fault.text,
        "'nan' is not a duration: write for instance 250ms, 90s, 5m, 1.5h, 2d or 1m30s");
    assert_int_equal (units_parse_duration ("100001d", &ms, &fault), CADRE_ERROR_ARGUMENT);
    assert_string_equal (fault.text, "'100001d' is too long: 100000d is the most");
    assert_int_equal (units_parse_duration ("18446744073709551615d", &ms, NULL),
                      CADRE_ERROR_ARGUMENT);
    assert_int_equal (units_parse_duration ("99999999999999999999s", &ms, NULL),
                      CADRE_ERROR_ARGUMENT);
    assert_int_equal (ms, 7);
}

static void test_sizes (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows [] = {
        {"0", 0},
        {"100", 100},
        {"100B", 100},
        {"512K", 524288},
        {"512k", 524288},
        {"64M", 67108864},
        {"64MB", 67108864},
        {"64MiB", 67108864},
        {"1.5G", 1610612736},
        {"2T", UINT64_C (2199023255552)},
        {"0.999999T", UINT64_C (1099510528264)},
        {"18446744073709551615", UINT64_MAX},
        {"16777215T", UINT64_C (16777215) << 40},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        uint64_t bytes = 1;
        fault_t fault = {0};
        if (units_parse_size (rows [i].text, &bytes, &fault))
            fail_msg ("%s", fault.text);
        assert_true (bytes == rows [i].bytes);
    }
}

static void test_sizes_refused (void **state)
{
    (void) state;
    static const char *const wrong [] = {"",     "M",     "64X",   "64 M",       "-1",    "1.5",
                                         "1.5B", "64Mi",  "64MBs", "1BB",        "64MIB", "1M1",
                                         "0x1",  "1,000", "\x0d",  "64\x4d\x4d", "64m "};
    uint64_t bytes = 7;
    fault_t fault = {0};
    for (size_t i = 0; i < COUNT (wrong); i++)
        assert_int_equal (units_parse_size (wrong [i], &bytes, &fault), CADRE_ERROR_ARGUMENT);
    assert_string_equal (
        fault.text,
        "'64m ' is not a size: write for instance 512K, 64M, 1.5G, or a number of bytes");
    assert_int_equal (units_parse_size ("16777216T", &bytes, &fault), CADRE_ERROR_ARGUMENT);
    assert_string_equal (fault.text, "'16777216T' is too large: 16777215T is the most");
    assert_int_equal (bytes, 7);
}

static void test_counts (void **state)
{
    (void) state;
    uint64_t count = 7;
    fault_t fault = {0};
    assert_int_equal (units_parse_count ("1", 1, 64, &count, &fault), CADRE_OK);
    assert_int_equal (count, 1);
    assert_int_equal (units_parse_count ("64", 1, 64, &count, &fault), CADRE_OK);
    assert_int_equal (count, 64);
    assert_int_equal (units_parse_count ("18446744073709551615", 0, UINT64_MAX, &count, &fault),
                      CADRE_OK);
    assert_true (count == UINT64_MAX);
    static const char *const wrong [] = {"",   "0",  "65", "1.0",
                                         "1s", "-1", " 1", "18446744073709551616"};
    for (size_t i = 0; i < COUNT (wrong); i++)
        assert_int_equal (units_parse_count (wrong [i], 1, 64, &count, &fault),
                          CADRE_ERROR_ARGUMENT);
    assert_string_equal (
        fault.text, "'18446744073709551616' is not possible: write a whole number from 1 to 64");
    assert_true (count == UINT64_MAX);
}

static void test_print_duration (void **state)
{
    (void) state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows [] = {
        {0, "0ms"},         {250, "250ms"},      {1000, "1s"},
        {1500, "1.5s"},     {59999, "59.999s"},  {60000, "1m"},
        {90000, "1m30s"},   {3599999, "59m59s"}, {7200000, "2h"},
        {5400000, "1h30m"}, {97200000, "1d3h"},  {86400000, "1d"},
        {-90000, "-1m30s"}, {10000, "10s"},      {INT64_MIN, "-106751991167d7h"},
    };
    char text [UNITS_TEXT_BYTES];
    for (size_t i = 0; i < COUNT (rows); i++)
        assert_string_equal (units_print_duration (rows [i].ms, text, sizeof text), rows [i].text);
}

static void test_print_size (void **state)
{
    (void) state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows [] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {1048575, "1.0 MiB"},
        {67108864, "64.0 MiB"},
        {1610612736, "1.5 GiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    char text [UNITS_TEXT_BYTES];
    for (size_t i = 0; i < COUNT (rows); i++)
        assert_string_equal (units_print_size (rows [i].bytes, text, sizeof text), rows [i].text);
}

static void test_print_count (void **state)
{
    (void) state;
    char text [UNITS_TEXT_BYTES];
    assert_string_equal (units_print_count (0, text, sizeof text), "0");
    assert_string_equal (units_print_count (999, text, sizeof text), "999");
    assert_string_equal (units_print_count (1000, text, sizeof text), "1,000");
    assert_string_equal (units_print_count (1000000, text, sizeof text), "1,000,000");
    assert_string_equal (units_print_count (UINT64_MAX, text, sizeof text),
                         "18,446,744,073,709,551,615");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_durations),  cmocka_unit_test (test_durations_refused),
        cmocka_unit_test (test_sizes),      cmocka_unit_test (test_sizes_refused),
        cmocka_unit_test (test_counts),     cmocka_unit_test (test_print_duration),
        cmocka_unit_test (test_print_size), cmocka_unit_test (test_print_count),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
