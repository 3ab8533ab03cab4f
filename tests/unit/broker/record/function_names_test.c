//  function_names_test.c - names of functions are remembered while there is room

#include "broker/record/function_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_a_name_is_known (void **state)
{
    (void) state;
    function_names_t *known = function_names_new (1 << 20);
    assert_null (function_names_first (known));
    function_names_add (known, "square");
    function_names_add (known, "cube");
    function_names_add (known, "square");
    assert_true (function_names_has (known, "square") && function_names_has (known, "cube"));
    assert_false (function_names_has (known, "squar"));
    assert_string_equal (function_names_text (function_names_first (known)),
                         "cube"); //  The other was offered later
    assert_string_equal (function_names_text (function_names_next (function_names_first (known))),
                         "square");
    function_names_destroy (&known);
    function_names_destroy (&known);
}

//  Whoever offers names without end fills no memory, and what others go on offering stays.
static void test_names_take_up_no_more_than_they_may (void **state)
{
    (void) state;
    function_names_t *known = function_names_new (1 << 20);
    function_names_limit (known, 64 << 10);
    char name [256];
    function_names_add (known, "old");
    for (int i = 0; i < 10000; i++) {
        snprintf (name, sizeof name, "%0200d", i);
        function_names_add (known, name);
        function_names_add (known, "square");
        assert_true (function_names_bytes (known) <= 64 << 10);
        assert_true (function_names_has (known, name) && function_names_has (known, "square"));
    }
    assert_false (function_names_has (known, "old"));
    function_names_limit (known, 1);
    function_names_add (known, "cube"); //  The last one stays, however little room there is
    assert_true (function_names_has (known, "cube"));
    assert_false (function_names_has (known, "square"));
    function_names_destroy (&known);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_name_is_known),
        cmocka_unit_test (test_names_take_up_no_more_than_they_may),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
