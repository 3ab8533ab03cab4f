//  cadre_error_test.c - errors and outcomes have texts, names, and exit codes that scripts may rely
//  on

#include "common/cadre_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER(name, number, ...) number,
static const int s_errors [] = {CADRE_ERRORS (NUMBER)};
#define COUNT (sizeof s_errors / sizeof *s_errors)

static void test_every_error_has_name_and_text (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal (s_errors [i], i);
        assert_true (strlen (cadre_error_text ((cadre_error_t) i)) > 0);
        assert_true (strlen (cadre_error_name ((cadre_error_t) i)) > 0);
    }
    assert_string_equal (cadre_error_name (CADRE_ERROR_UNAVAILABLE), "UNAVAILABLE");
    assert_string_equal (cadre_error_text (CADRE_ERROR_UNAVAILABLE), "no broker answers");
}

//  What scripts test for; see "Exit codes" in the manual
static void test_exit_codes (void **state)
{
    (void) state;
    assert_int_equal (cadre_error_exit_code (CADRE_OK), 0);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_NOT_FOUND), 66);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_ARGUMENT), 64);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_UNAVAILABLE), 69);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_TIMEOUT), 75);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_REFUSED), 77);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_CONFIGURATION), 78);
    assert_int_equal (cadre_error_exit_code (CADRE_ERROR_INTERNAL), 125);
}

//  A newer peer may send numbers that we do not know
static void test_unknown_numbers (void **state)
{
    (void) state;
    static const int numbers [] = {(int) COUNT, 9999, -1};
    assert_string_equal (cadre_outcome_text (CADRE_OUTCOMES_COUNT), "unknown");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal (cadre_error_name ((cadre_error_t) numbers [i]), "UNKNOWN");
        assert_string_equal (cadre_error_text ((cadre_error_t) numbers [i]), "unknown error");
        assert_int_equal (cadre_error_exit_code ((cadre_error_t) numbers [i]), 125);
        assert_string_equal (cadre_outcome_text ((cadre_outcome_t) numbers [i]), "unknown");
    }
}

static void test_outcomes (void **state)
{
    (void) state;
    assert_string_equal (cadre_outcome_text (CADRE_OUTCOME_OK), "ok");
    assert_string_equal (cadre_outcome_text (CADRE_OUTCOME_WORKER_LOST), "worker-lost");
    assert_string_equal (cadre_outcome_text (CADRE_OUTCOME_QUARANTINED), "quarantined");
    for (int i = 0; i < CADRE_OUTCOMES_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal (cadre_outcome_text ((cadre_outcome_t) i),
                                     cadre_outcome_text ((cadre_outcome_t) j));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_every_error_has_name_and_text),
        cmocka_unit_test (test_exit_codes),
        cmocka_unit_test (test_unknown_numbers),
        cmocka_unit_test (test_outcomes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
