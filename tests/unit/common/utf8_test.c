//  utf8_test.c - what is text, and what is made of what is none

#include "common/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static view_t s_view (const char *text)
{
    return (view_t){.data = (const uint8_t *) text, .size = strlen (text)};
}

static void s_whole_characters_are_text (void **state)
{
    (void) state;
    assert_true (utf8_is_valid ((view_t){0}));
    assert_true (utf8_is_valid (s_view ("plain")));
    assert_true (utf8_is_valid (
        s_view ("longer than eight bytes, grün, 漢字, \xf0\x9f\x98\x80, \xf4\x8f\xbf\xbf")));
    assert_true (utf8_is_valid ((view_t){.data = (const uint8_t *) "a\0b", .size = 3}));
}

static void s_others_are_none (void **state)
{
    static const char *const bad [] = {"\x80",
                                       "\xff",
                                       "a\xff\xfe\x80z",
                                       "\xc0\xaf",
                                       "\xe0\x9f\xbf",
                                       "\xed\xa0\x80",
                                       "\xf0\x8f\xbf\xbf",
                                       "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80",
                                       "\xc3",
                                       "12345678\xe6\xbc",
                                       "\xc3("};
    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false (utf8_is_valid (s_view (bad [i])));
    assert_int_equal (utf8_prefix ("12345678\xe6\xbc", 10), 8);
}

static void s_cuts_stand_between_characters (void **state)
{
    (void) state;
    assert_int_equal (utf8_cut (s_view ("grün"), 9).size, 5);
    assert_int_equal (utf8_cut (s_view ("grün"), 3).size, 2);
    assert_int_equal (utf8_cut (s_view ("grün"), 4).size, 4);
    assert_int_equal (utf8_cut (s_view ("grün"), 0).size, 0);
}

static void s_repair_keeps_what_is_text (void **state)
{
    char text [] = "a\xff\xfe\x80z \xc3\xbc\xc3";
    (void) state;
    utf8_repair (text, strlen (text));
    assert_string_equal (text, "a???z \xc3\xbc?");
    utf8_repair (NULL, 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (s_whole_characters_are_text),
                                        cmocka_unit_test (s_others_are_none),
                                        cmocka_unit_test (s_cuts_stand_between_characters),
                                        cmocka_unit_test (s_repair_keeps_what_is_text)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
