//  typed_test.c - arguments that say their types: the same bytes as by letters

#include "common/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

//  The list of arguments is what the format builds; takes the list.
static void s_is (cadre_value_t *list, const char *format, ...)
{
    buffer_t packed = {0};
    fault_t fault = {0};
    va_list arguments;
    va_start (arguments, format);
    assert_int_equal (value_build_arguments (&packed, format, &arguments, &fault), CADRE_OK);
    va_end (arguments);
    cadre_value_t *wanted = cadre_value_decode (packed.data, packed.size);
    assert_non_null (list);
    assert_true (cadre_value_equal (list, wanted));
    buffer_free (&packed);
    cadre_value_destroy (&wanted);
    cadre_value_destroy (&list);
}

static void test_integers (void **state)
{
    (void) state;
    const short small = -3;
    const unsigned char byte = 200;
    const size_t size = SIZE_MAX;
    s_is (cadre_value_of_typed (CADRE_ARGS (small, -4, -5L, INT64_MIN)), "iiii", (int64_t) -3,
          (int64_t) -4, (int64_t) -5, INT64_MIN);
    s_is (cadre_value_of_typed (CADRE_ARGS (byte, 7u, size, UINT64_MAX)), "uuuu", (uint64_t) 200,
          (uint64_t) 7, (uint64_t) SIZE_MAX, UINT64_MAX);
}

static void test_other_types (void **state)
{
    (void) state;
    const bool yes = true;
    char text [] = "text";
    cadre_value_t *list = cadre_value_build ("[i]", (int64_t) 1);
    s_is (cadre_value_of_typed (CADRE_ARGS (0.5f, 2.5, yes, text, "literal")), "ddbss", 0.5, 2.5, 1,
          "text", "literal");
    s_is (
        cadre_value_of_typed (CADRE_ARGS (list, cadre_typed_nil (), cadre_typed_blob ("a\0b", 3))),
        "vnB", list, "a\0b", (size_t) 3);
    cadre_value_destroy (&list);
}

static void test_from_none_to_twelve (void **state)
{
    (void) state;
    const int64_t one = 1;
    s_is (cadre_value_of_typed (NULL), "");
    s_is (cadre_value_of_typed (CADRE_ARGS (1)), "i", one);
    s_is (cadre_value_of_typed (CADRE_ARGS (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)), "iiiiiiiiiiii",
          one, one, one, one, one, one, one, one, one, one, one, one);
}

static void test_wrong_ones_are_named (void **state)
{
    (void) state;
    buffer_t packed = {0};
    fault_t fault = {0};
    const char *none = NULL;
    assert_int_equal (value_build_typed (&packed, CADRE_ARGS (1, none), &fault),
                      CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (fault.text, "argument 2"));
    assert_int_equal (packed.size, 0);
    assert_null (cadre_value_of_typed (CADRE_ARGS (cadre_typed_of ('x'))));
    buffer_free (&packed);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_integers),
        cmocka_unit_test (test_other_types),
        cmocka_unit_test (test_from_none_to_twelve),
        cmocka_unit_test (test_wrong_ones_are_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
