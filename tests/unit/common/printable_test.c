//  printable_test.c - what a terminal may be given

#include "common/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

static void test_what_would_do_something_is_taken_out (void **state)
{
    (void) state;
    static const char *const rows [][2] = {
        {"plain", "plain"},
        {"", ""},
        {"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe6\x97\xa5",
         "h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xe6\x97\xa5"},
        {"a\x1b[2Jb", "a [2Jb"},
        {"a\nb\r\tc\x07\x7f", "a b  c  "},
        {"\xc2\x9b"
         "31m",
         "?31m"},
        {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"},
        {"\x9b"
         "31m",
         "?31m"},
        {"\xe2\x80\xae"
         "cod\xe2\x80\xac",
         "?cod?"},
        {"\xe2\x81\xa6x\xe2\x81\xa9", "?x?"},
        {"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\x8e\xd8\x9c", "????"},
        {"\xc0\x9b\xe0\x82\x9b", "?????"},
        {"\xed\xa0\x80", "???"},
        {"\xf4\x90\x80\x80\xf5", "?????"},
        {"\xc3", "?"},
        {"\xe2\x82", "??"},
        {"\xe2\x1b[m", "? [m"},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        char text [64];
        snprintf (text, sizeof text, "%s", rows [i][0]);
        assert_ptr_equal (printable (text), text);
        assert_string_equal (text, rows [i][1]);
    }
}

//  Each byte behind each other one: nothing is left that is not clean.
static void test_all_pairs (void **state)
{
    (void) state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text [4] = {(char) (pair >> 8), (char) pair, 'x', 'y'};
        const size_t size = printable_bytes (text, sizeof text);
        for (size_t at = 0; at < size;) {
            const printable_character_t character = printable_read (text + at, size - at);
            assert_true (character.clean && character.valid);
            at += character.size;
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_what_would_do_something_is_taken_out),
        cmocka_unit_test (test_all_pairs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
