//  key_quota_test.c - who may have more of something bounded

#include "broker/core/key_quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static size_t s_take_all (key_quota_t *shares, const char *peer, bool alone)
{
    size_t count = 0;
    for (; key_quota_allow (shares, peer, alone); count++)
        key_quota_take (shares, peer);
    return count;
}

//  However much one takes, others find something.
static void test_something_is_left_for_others (void **state)
{
    (void) state;
    key_quota_t *shares = key_quota_new (1000, 3);
    assert_int_equal (s_take_all (shares, "greedy", false), 750);
    assert_true (s_take_all (shares, "second", false) >= 150);
    for (int i = 0; i < 20; i++) {
        char name [32];
        snprintf (name, sizeof name, "honest%d", i);
        assert_true (key_quota_allow (shares, name, false));
        key_quota_take (shares, name);
    }
    key_quota_destroy (&shares);
}

static void test_who_is_alone_has_all (void **state)
{
    (void) state;
    key_quota_t *shares = key_quota_new (100, 3);
    assert_int_equal (s_take_all (shares, "", true), 100);
    assert_false (key_quota_allow (shares, "other", false));
    key_quota_destroy (&shares);
}

static void test_what_is_given_back_is_free (void **state)
{
    (void) state;
    key_quota_t *shares = key_quota_new (8, 3);
    assert_int_equal (s_take_all (shares, "one", false), 6);
    for (int i = 0; i < 6; i++)
        key_quota_give_back (shares, "one");
    assert_int_equal (key_quota_of (shares, "one"), 0);
    assert_int_equal (key_quota_taken (shares), 0);
    assert_int_equal (s_take_all (shares, "two", false), 6);
    assert_int_equal (key_quota_of (shares, "two"), 6);
    key_quota_destroy (&shares);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_something_is_left_for_others),
        cmocka_unit_test (test_who_is_alone_has_all),
        cmocka_unit_test (test_what_is_given_back_is_free),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
