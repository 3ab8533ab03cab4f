//  table_test.c - cells as people read them, and the bar

#include "client/cli/output/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/output/progress_bar.h"

static void s_check (cadre_value_t *value, table_kind_t kind, const char *expected)
{
    char *cell = table_cell (value, kind);
    assert_string_equal (cell, expected);
    free (cell);
    cadre_value_destroy (&value);
}

static void test_cells (void **state)
{
    (void) state;
    s_check (cadre_value_of_text ("a b"), TABLE_TEXT, "a b");
    s_check (cadre_value_of_uint (1234567), TABLE_COUNT, "1,234,567");
    s_check (cadre_value_of_uint (1234567), TABLE_TEXT, "1234567");
    s_check (cadre_value_of_uint (64 << 20), TABLE_SIZE, "64.0 MiB");
    s_check (cadre_value_of_uint (1500), TABLE_MS, "1.5s");
    s_check (cadre_value_of_uint (700), TABLE_US, "700us");
    s_check (cadre_value_of_uint (2000000), TABLE_US, "2s");
    s_check (cadre_value_of_uint (0), TABLE_MOMENT_US, "");
    s_check (cadre_value_build ("[s, s]", "gpu", "big"), TABLE_TEXT, "gpu, big");
    s_check (cadre_value_build ("[{s:s}, {s:s}]", "name", "f", "name", "g"), TABLE_NAMES, "f, g");
    s_check (cadre_value_build ("{s:b}", "a", 1), TABLE_TEXT, "{\"a\":true}");
    s_check (cadre_value_of_double (2.0 / 3), TABLE_COUNT, "0.7");
    s_check (NULL, TABLE_COUNT, "");
}

static void test_formats (void **state)
{
    (void) state;
    fault_t fault = {0};
    table_format_t format = TABLE_PLAIN;
    assert_int_equal (table_parse_format ("ndjson", &format, &fault), CADRE_OK);
    assert_int_equal (format, TABLE_NDJSON);
    assert_int_equal (table_parse_format ("yaml", &format, &fault), CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (fault.text, "table, json or ndjson"));
}

static void test_bar (void **state)
{
    (void) state;
    char line [PROGRESS_BAR_BYTES];
    assert_string_equal (progress_bar_print (12, 1, 24, true, 5000, line, sizeof line),
                         "[##########..........] 50% 12 of 24, 1 failed, 5s left");
    assert_string_equal (progress_bar_print (1234, 0, 0, false, 3999, line, sizeof line),
                         "1,234 done, 3s");
    assert_string_equal (progress_bar_print (0, 0, 10, true, 100, line, sizeof line),
                         "[....................] 0% 0 of 10");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_cells),
        cmocka_unit_test (test_formats),
        cmocka_unit_test (test_bar),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
