//  health_test.c - the file in which a daemon says how it is, written and read, and files that are
//  something else

#include "common/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder [32];
static char s_file [64];

static int s_setup (void **state)
{
    (void) state;
    snprintf (s_folder, sizeof s_folder, "/tmp/cadre-health-XXXXXX");
    if (!mkdtemp (s_folder))
        return -1;
    snprintf (s_file, sizeof s_file, "%s/health", s_folder);
    return 0;
}

static int s_teardown (void **state)
{
    (void) state;
    unlink (s_file);
    return rmdir (s_folder);
}

static void s_put (const char *text)
{
    FILE *stream = fopen (s_file, "we");
    assert_non_null (stream);
    fputs (text, stream);
    fclose (stream);
}

static void test_what_is_written_is_read (void **state)
{
    (void) state;
    struct stat facts;
    health_t health;
    for (health_state_t is = HEALTH_STARTING; is <= HEALTH_STOPPING; is++) {
        assert_int_equal (health_write (s_file, is, 123456789012345, "3 of 8 slots run", NULL),
                          CADRE_OK);
        assert_int_equal (health_read (s_file, &health, NULL), CADRE_OK);
        assert_int_equal (health.state, is);
        assert_true (health.at_us == 123456789012345);
        assert_string_equal (health.text, "3 of 8 slots run");
    }
    assert_int_equal (stat (s_file, &facts), 0);
    assert_int_equal (facts.st_mode & 07777, 0600);
}

static void test_empty_and_long_text (void **state)
{
    (void) state;
    char text [2 * HEALTH_TEXT_BYTES];
    health_t health;
    assert_int_equal (health_write (s_file, HEALTH_AWAY, 1, "", NULL), CADRE_OK);
    assert_int_equal (health_read (s_file, &health, NULL), CADRE_OK);
    assert_string_equal (health.text, "");
    memset (text, 'x', sizeof text - 1);
    text [sizeof text - 1] = 0;
    assert_int_equal (health_write (s_file, HEALTH_READY, 1, text, NULL), CADRE_OK);
    assert_int_equal (health_read (s_file, &health, NULL), CADRE_OK);
    assert_int_equal (health.state, HEALTH_READY);
    assert_int_equal (strspn (health.text, "x"), strlen (health.text));
}

static void test_nobody_writes (void **state)
{
    (void) state;
    health_t health;
    fault_t fault = {0};
    assert_int_equal (health_read (s_file, &health, &fault), CADRE_ERROR_NOT_FOUND);
    assert_non_null (strstr (fault.text, s_file));
    assert_int_equal (health_read (s_folder, &health, &fault), CADRE_ERROR_TYPE);
}

static void test_other_files (void **state)
{
    (void) state;
    static const char *const texts [] = {"",      "\n",          "hello\n",    "12\n",
                                         "12 \n", "12 well x\n", "x ready y\n"};
    health_t health;
    fault_t fault = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        s_put (texts [i]);
        assert_int_equal (health_read (s_file, &health, &fault), CADRE_ERROR_TYPE);
    }
}

static void test_where_nothing_can_be_written (void **state)
{
    (void) state;
    fault_t fault = {0};
    assert_int_equal (health_write ("/proc/no/such/folder", HEALTH_READY, 1, "", &fault),
                      CADRE_ERROR_IO);
    assert_non_null (strstr (fault.text, "/proc/no/such/folder"));
}

//  A link that somebody laid is not followed: a file takes its place.
static void test_link_is_not_followed (void **state)
{
    (void) state;
    char fresh [80], target [64];
    snprintf (fresh, sizeof fresh, "%s.new", s_file);
    snprintf (target, sizeof target, "%s/target", s_folder);
    assert_int_equal (symlink (target, fresh), 0);
    assert_int_equal (health_write (s_file, HEALTH_READY, 1, "", NULL), CADRE_OK);
    assert_true (access (target, F_OK) != 0);
    assert_true (access (fresh, F_OK) != 0);
    assert_int_equal (access (s_file, F_OK), 0);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_what_is_written_is_read, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_empty_and_long_text, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_nobody_writes, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_other_files, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_where_nothing_can_be_written, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_link_is_not_followed, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
