//  descriptors_test.c - counting what is open, and saying so when it does not suffice

#include "common/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static struct rlimit s_before;

static int s_setup (void **state)
{
    (void) state;
    return getrlimit (RLIMIT_NOFILE, &s_before);
}

static int s_teardown (void **state)
{
    (void) state;
    return setrlimit (RLIMIT_NOFILE, &s_before);
}

static void s_limit (rlim_t soft)
{
    struct rlimit limit = {soft, s_before.rlim_max};
    assert_int_equal (setrlimit (RLIMIT_NOFILE, &limit), 0);
}

static void test_open_ones_are_counted (void **state)
{
    (void) state;
    size_t before = descriptors_open ();
    assert_true (before >= 1);
    int ends [2];
    assert_int_equal (pipe (ends), 0);
    assert_int_equal (descriptors_open (), before + 2);
    close (ends [0]);
    close (ends [1]);
    assert_int_equal (descriptors_open (), before);
}

//  What is opened next must not become standard output.
static void test_standard_ones_are_held (void **state)
{
    (void) state;
    int kept = dup (STDIN_FILENO);
    assert_true (kept > STDERR_FILENO);
    close (STDIN_FILENO);
    descriptors_hold_standard ();
    char byte;
    assert_int_equal (read (STDIN_FILENO, &byte, 1), -1);
    assert_int_equal (errno, EBADF);
    int next = open ("/dev/null", O_RDONLY);
    assert_true (next > STDERR_FILENO);
    close (next);
    size_t open_now = descriptors_open ();
    descriptors_hold_standard ();
    assert_int_equal (descriptors_open (), open_now);
    dup2 (kept, STDIN_FILENO);
    close (kept);
}

static void test_need (void **state)
{
    (void) state;
    char expected [FAULT_TEXT_BYTES];
    fault_t fault = {0};
    s_limit (64);
    size_t left = descriptors_free ();
    assert_int_equal (left, 64 - descriptors_open ());
    assert_int_equal (descriptors_need (left, "a broker", &fault), CADRE_OK);
    assert_string_equal (fault.text, "");
    assert_int_equal (descriptors_need (left + 1, "a broker for 64 workers", &fault),
                      CADRE_ERROR_DESCRIPTORS);
    snprintf (
        expected, sizeof expected,
        "a broker for 64 workers needs %zu file descriptors, %zu are free: raise the limit with ulimit -n (now 64)",
        left + 1, left);
    assert_string_equal (fault.text, expected);
}

static void test_none_left (void **state)
{
    (void) state;
    s_limit (3);
    assert_int_equal (descriptors_free (), 0);
    assert_int_equal (descriptors_need (1, "a socket", NULL), CADRE_ERROR_DESCRIPTORS);
    assert_int_equal (descriptors_need (0, "nothing", NULL), CADRE_OK);
}

static void test_raise (void **state)
{
    (void) state;
    s_limit (64);
    size_t limit = descriptors_raise ();
    assert_true (limit >= 64);
    if (s_before.rlim_max != RLIM_INFINITY)
        assert_int_equal (limit, s_before.rlim_max);
    assert_int_equal (descriptors_raise (), limit);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_open_ones_are_counted),
        TEST (test_standard_ones_are_held),
        TEST (test_need),
        TEST (test_none_left),
        TEST (test_raise),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
