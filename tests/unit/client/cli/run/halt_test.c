//  halt_test.c - when to stop early

#include "client/cli/run/halt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

static void test_conditions (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        uint64_t succeeded, failed, total;
        bool reached;
    } rows [] = {
        {"never", 10, 10, 20, false},        {"soon,fail=1", 5, 0, 9, false},
        {"soon,fail=1", 5, 1, 9, true},      {"now,fail=3", 0, 2, 9, false},
        {"now,fail=3", 0, 3, 9, true},       {"now,success=1", 0, 8, 9, false},
        {"now,success=1", 1, 0, 9, true},    {"soon,done=4", 2, 1, 9, false},
        {"soon,done=4", 2, 2, 9, true},      {"soon,fail=10%", 0, 2, 9, false},
        {"soon,fail=10%", 0, 3, 9, true},    {"soon,fail=10%", 0, 3, 100, false},
        {"soon,fail=10%", 0, 10, 100, true}, {"now,done=100%", 50, 50, 100, true},
    };
    for (size_t i = 0; i < COUNT (rows); i++) {
        halt_t halt;
        fault_t fault = {0};
        assert_int_equal (halt_parse (&halt, rows [i].text, &fault), CADRE_OK);
        assert_int_equal (halt_reached (&halt, rows [i].succeeded, rows [i].failed, rows [i].total),
                          rows [i].reached);
    }
}

static void test_nonsense_is_refused_with_the_forms (void **state)
{
    (void) state;
    static const char *const texts [] = {"",
                                         "soon",
                                         "now,",
                                         "later,fail=1",
                                         "now,fail",
                                         "now,fail=0",
                                         "now,fail=-1",
                                         "now,fail=101%",
                                         "now,fail=1x",
                                         "now,fail=%",
                                         "never,fail=1",
                                         "now,lost=1",
                                         "now,fail=99999999999999999999999999"};
    for (size_t i = 0; i < COUNT (texts); i++) {
        halt_t halt;
        fault_t fault = {0};
        assert_int_equal (halt_parse (&halt, texts [i], &fault), CADRE_ERROR_ARGUMENT);
        assert_non_null (strstr (fault.text, "now,fail=1"));
        assert_int_equal (halt.when, HALT_NEVER);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_conditions),
        cmocka_unit_test (test_nonsense_is_refused_with_the_forms),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
