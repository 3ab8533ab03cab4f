//  suggestion_test.c - names that a person may have meant

#include "common/suggestion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void s_expect (const char *wanted, const char *names)
{
    static const char *const known [] = {"square",     "squares",  "sum", "mean",
                                         "word_count", "wordlist", "sqrt"};
    char text [256];
    suggestion_t *suggestion = suggestion_new (wanted, 3);
    for (size_t i = 0; i < sizeof known / sizeof known [0]; i++)
        suggestion_offer (suggestion, known [i]);
    suggestion_print (suggestion, text, sizeof text);
    assert_string_equal (text, names);
    suggestion_destroy (&suggestion);
}

static void test_distance (void **state)
{
    (void) state;
    assert_int_equal (suggestion_distance ("", ""), 0);
    assert_int_equal (suggestion_distance ("abc", ""), 3);
    assert_int_equal (suggestion_distance ("sqare", "square"), 1);
    assert_int_equal (suggestion_distance ("sqaure", "square"), 1);
    assert_int_equal (suggestion_distance ("kitten", "sitting"), 3);
}

static void test_names (void **state)
{
    (void) state;
    s_expect ("sqare", "square, squares, sqrt");
    s_expect ("wordcount", "word_count, wordlist");
    s_expect ("zzzzzzzzzz", "");
    s_expect ("x", "");
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_distance),
        cmocka_unit_test (test_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
