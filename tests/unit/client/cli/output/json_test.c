//  json_test.c - values as JSON, both ways

#include "client/cli/output/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

//  What TEXT becomes when it is read and written again.
static void s_check (const char *text, const char *expected)
{
    fault_t fault = {0};
    cadre_value_t *value = json_read (text, strlen (text), &fault);
    if (!value)
        fail_msg ("%s: %s", text, fault.text);
    char *json = json_write (value, 0);
    assert_string_equal (json, expected);
    free (json);
    cadre_value_destroy (&value);
}

static void test_there_and_back (void **state)
{
    (void) state;
    static const char *const same [] = {
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "0.5",
        "1e+300",
        "0.1",
        "3.0",
        "\"\"",
        "\"a\\\"b\\\\c\\n\"",
        "\"\xc3\xa4\"",
        "[]",
        "{}",
        "[1,[2,[3]]]",
        "{\"a\":{\"b\":[null]}}",
        "{\"base64\":\"AAECAw==\"}",
        "{\"base64\":\"\"}",
        "{\"double\":\"nan\"}",
        "{\"double\":\"inf\"}",
        "{\"double\":\"-inf\"}",
        "\"a\\u0000b\"",
        "{\"base64\":\"AA==\",\"more\":1}",
        "{\"double\":\"three\"}",
    };
    for (size_t i = 0; i < COUNT (same); i++)
        s_check (same [i], same [i]);
    s_check (" [ 1 , 2.50 ] ", "[1,2.5]");
    s_check ("\"\\u00e4\"", "\"\xc3\xa4\"");
    s_check ("{\"base64\":\"not*base64\"}", "{\"base64\":\"not*base64\"}");
}

static void test_what_is_no_json_is_refused (void **state)
{
    (void) state;
    static const char *const texts [] = {"",
                                         "hello",
                                         "[1,]",
                                         "{a:1}",
                                         "1 2",
                                         "\"open",
                                         "nan",
                                         "{\"a\":1,\"a\":2}",
                                         "[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]",
                                         "18446744073709551616",
                                         "\"\xff\""};
    for (size_t i = 0; i < COUNT (texts); i++) {
        fault_t fault = {0};
        assert_null (json_read (texts [i], strlen (texts [i]), &fault));
        assert_int_equal (fault.code, CADRE_ERROR_ARGUMENT);
        assert_true (fault.text [0] != '\0');
    }
}

//  A line of a file may hold one; nothing of it may get lost.
static void test_nul_bytes_are_refused (void **state)
{
    (void) state;
    static const char texts [][12] = {"1\0", "1\0 2", "[1\0]", "\"a\0b\""};
    static const size_t sizes [] = {2, 4, 4, 5};
    for (size_t i = 0; i < COUNT (sizes); i++) {
        fault_t fault = {0};
        assert_null (json_read (texts [i], sizes [i], &fault));
        assert_int_equal (fault.code, CADRE_ERROR_ARGUMENT);
        assert_non_null (strstr (fault.text, "NUL byte"));
    }
}

static void s_check_value (cadre_value_t *value, unsigned indent, const char *expected)
{
    char *json = json_write (value, indent);
    assert_string_equal (json, expected);
    free (json);
    cadre_value_destroy (&value);
}

static void test_values_that_json_lacks (void **state)
{
    (void) state;
    s_check_value (cadre_value_of_uint (UINT64_MAX), 0, "18446744073709551615");
    s_check_value (cadre_value_of_double (-INFINITY), 0, "{\"double\":\"-inf\"}");
    s_check_value (cadre_value_of_blob ("\377", 1), 0, "{\"base64\":\"/w==\"}");
    s_check_value (cadre_value_build ("S", "\377\376", (size_t) 2), 0, "{\"base64\":\"//4=\"}");
    s_check_value (cadre_value_build ("s", "a\x01\x7f"), 0, "\"a\\u0001\\u007f\"");
    s_check_value (cadre_value_build ("[{i:s, i:[]}]", (int64_t) 1, "one", (int64_t) -2), 0,
                   "[{\"1\":\"one\",\"-2\":[]}]");
    s_check_value (cadre_value_build ("{i:i, s:i}", (int64_t) 1, (int64_t) 2, "1", (int64_t) 3), 0,
                   "{\"pairs\":[[1,2],[\"1\",3]]}");
    s_check_value (NULL, 0, "null");
}

static void test_indented (void **state)
{
    (void) state;
    s_check_value (cadre_value_build ("[{s:i}, []]", "a", (int64_t) 1), 2,
                   "[\n  {\n    \"a\": 1\n  },\n  []\n]");
}

static void test_nesting_is_that_of_values (void **state)
{
    char text [64];
    fault_t fault = {0};
    (void) state;
    for (int depth = 20; depth <= 21; depth++) {
        snprintf (text, sizeof text, "%.*s1%.*s", depth, "[[[[[[[[[[[[[[[[[[[[[", depth,
                  "]]]]]]]]]]]]]]]]]]]]]");
        cadre_value_t *value = json_read (text, strlen (text), &fault);
        assert_int_equal (value != NULL, depth == 20);
        cadre_value_destroy (&value);
    }
    assert_string_equal (fault.text, "it nests deeper than 20");
}

static void test_errors (void **state)
{
    (void) state;
    char *json = json_write_error ("range", "7 is \"large\"");
    assert_string_equal (json,
                         "{\"error\":{\"kind\":\"range\",\"message\":\"7 is \\\"large\\\"\"}}");
    free (json);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_there_and_back),
        cmocka_unit_test (test_what_is_no_json_is_refused),
        cmocka_unit_test (test_nul_bytes_are_refused),
        cmocka_unit_test (test_values_that_json_lacks),
        cmocka_unit_test (test_indented),
        cmocka_unit_test (test_nesting_is_that_of_values),
        cmocka_unit_test (test_errors),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
