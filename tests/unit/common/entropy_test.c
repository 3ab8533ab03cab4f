//  entropy_test.c - random numbers differ, UUIDs have the form that others expect

#include "common/entropy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_numbers_differ (void **state)
{
    (void) state;
    uint64_t a = entropy_u64 ();
    uint64_t b = entropy_u64 ();
    assert_true (a != 0 && b != 0 && a != b);
}

static void test_fill_any_size (void **state)
{
    (void) state;
    uint8_t bytes [5000] = {0};
    entropy_fill (bytes, 0);
    entropy_fill (bytes + 1, sizeof bytes - 2);
    assert_int_equal (bytes [0], 0);
    assert_int_equal (bytes [sizeof bytes - 1], 0);
    int zeros = 0;
    for (size_t i = 1; i < sizeof bytes - 1; i++)
        zeros += bytes [i] == 0;
    assert_true (zeros < 200);
}

static void test_uuid_is_version_4 (void **state)
{
    (void) state;
    for (int i = 0; i < 50; i++) {
        uint8_t uuid [ENTROPY_UUID_BYTES];
        char text [ENTROPY_UUID_TEXT_BYTES];
        entropy_uuid (uuid);
        entropy_uuid_print (uuid, text);
        assert_int_equal (strlen (text), 36);
        assert_int_equal (text [14], '4');
        assert_non_null (strchr ("89ab", text [19]));
        assert_true (text [8] == '-' && text [13] == '-' && text [18] == '-' && text [23] == '-');
    }
}

static void test_uuid_there_and_back (void **state)
{
    (void) state;
    static const char given [] = "01234567-89ab-4cde-8f01-23456789abcd";
    uint8_t uuid [ENTROPY_UUID_BYTES], upper [ENTROPY_UUID_BYTES];
    char text [ENTROPY_UUID_TEXT_BYTES];
    assert_true (entropy_uuid_parse (given, uuid));
    assert_int_equal (uuid [0], 0x01);
    assert_int_equal (uuid [15], 0xCD);
    assert_string_equal (entropy_uuid_print (uuid, text), given);
    assert_true (entropy_uuid_parse ("01234567-89AB-4CDE-8F01-23456789ABCD", upper));
    assert_memory_equal (uuid, upper, sizeof uuid);
}

static void test_uuid_refused (void **state)
{
    (void) state;
    static const char *const wrong [] = {
        "",
        "01234567-89ab-4cde-8f01-23456789abc",
        "01234567-89ab-4cde-8f01-23456789abcde",
        "0123456789ab4cde8f0123456789abcd",
        "01234567-89ab-4cde-8f01-23456789abcg",
        "01234567089ab-4cde-8f01-23456789abcd",
        "{1234567-89ab-4cde-8f01-23456789abc}",
    };
    uint8_t uuid [ENTROPY_UUID_BYTES] = {7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false (entropy_uuid_parse (wrong [i], uuid));
    assert_int_equal (uuid [0], 7);
}

static void test_seed_changes_random (void **state)
{
    (void) state;
    entropy_seed_libc ();
    long a [2] = {random (), random ()};
    entropy_seed_libc ();
    long b [2] = {random (), random ()};
    assert_true (a [0] != b [0] || a [1] != b [1]);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_numbers_differ),    cmocka_unit_test (test_fill_any_size),
        cmocka_unit_test (test_uuid_is_version_4), cmocka_unit_test (test_uuid_there_and_back),
        cmocka_unit_test (test_uuid_refused),      cmocka_unit_test (test_seed_changes_random),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
