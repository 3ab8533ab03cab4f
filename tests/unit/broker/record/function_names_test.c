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
    known_t *known = known_new (1 << 20);
    assert_null (known_first (known));
    known_add (known, "square");
    known_add (known, "cube");
    known_add (known, "square");
    assert_true (known_has (known, "square") && known_has (known, "cube"));
    assert_false (known_has (known, "squar"));
    assert_string_equal (known_text (known_first (known)), "cube"); //  The other was offered later
    assert_string_equal (known_text (known_next (known_first (known))), "square");
    known_destroy (&known);
    known_destroy (&known);
}

//  Whoever offers names without end fills no memory, and what others go on offering stays.
static void test_names_take_up_no_more_than_they_may (void **state)
{
    (void) state;
    known_t *known = known_new (1 << 20);
    known_limit (known, 64 << 10);
    char name [256];
    known_add (known, "old");
    for (int i = 0; i < 10000; i++) {
        snprintf (name, sizeof name, "%0200d", i);
        known_add (known, name);
        known_add (known, "square");
        assert_true (known_bytes (known) <= 64 << 10);
        assert_true (known_has (known, name) && known_has (known, "square"));
    }
    assert_false (known_has (known, "old"));
    known_destroy (&known);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_name_is_known),
        cmocka_unit_test (test_names_take_up_no_more_than_they_may),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
