//  version_test.c - the release of header and library

#include <cadre.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void test_header_and_library_agree (void **state)
{
    (void) state;
    char text [32];
    snprintf (text, sizeof text, "%d.%d.%d", CADRE_VERSION_MAJOR, CADRE_VERSION_MINOR,
              CADRE_VERSION_PATCH);
    assert_string_equal (cadre_version (), text);
}

static void test_versions_that_fit (void **state)
{
    (void) state;
    assert_int_equal (cadre_version_number (), CADRE_VERSION);
    assert_true (cadre_version_fits (CADRE_VERSION));
    unsigned other_patch = CADRE_VERSION_OF (CADRE_VERSION_MAJOR, CADRE_VERSION_MINOR, 99);
    unsigned next_minor = CADRE_VERSION_OF (CADRE_VERSION_MAJOR, CADRE_VERSION_MINOR + 1, 0);
    unsigned next_major = CADRE_VERSION_OF (CADRE_VERSION_MAJOR + 1, CADRE_VERSION_MINOR, 0);
    assert_true (cadre_version_fits (other_patch));
    assert_false (cadre_version_fits (next_minor));
    assert_false (cadre_version_fits (next_major));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_header_and_library_agree),
        cmocka_unit_test (test_versions_that_fit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
