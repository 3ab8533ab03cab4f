//  keyring_test.c - keys that are found, copied rings, and patterns of functions

#include "broker/auth/keyring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void s_key (char key [KEYS_TEXT_BYTES], unsigned number)
{
    snprintf (key, KEYS_TEXT_BYTES, "%040u", number);
}

static void test_find (void **state)
{
    (void) state;
    keyring_t *ring = keyring_new ();
    char key [KEYS_TEXT_BYTES], name [KEYS_NAME_BYTES];
    assert_int_equal (keyring_count (ring), 0);
    for (unsigned i = 0; i < 1000; i++) {
        s_key (key, i);
        snprintf (name, sizeof name, "peer%u", i);
        assert_true (
            keyring_add (ring, key, &(rights_t){.name = name, .role = (role_t) (1 + i % 4)}));
    }
    memset (name, 'x', sizeof name - 1); //  The ring has copies
    for (unsigned i = 0; i < 1000; i++) {
        char expected [KEYS_NAME_BYTES];
        s_key (key, i);
        snprintf (expected, sizeof expected, "peer%u", i);
        const rights_t *rights = keyring_find (ring, key);
        assert_non_null (rights);
        assert_string_equal (rights->name, expected);
        assert_int_equal (rights->role, 1 + i % 4);
    }
    assert_int_equal (keyring_count (ring), 1000);
    s_key (key, 1000);
    assert_null (keyring_find (ring, key));
    assert_null (keyring_find (ring, ""));
    assert_null (keyring_find (ring, "local"));
    keyring_destroy (&ring);
    keyring_destroy (&ring);
}

static void test_same_key_twice (void **state)
{
    (void) state;
    keyring_t *ring = keyring_new ();
    char key [KEYS_TEXT_BYTES];
    s_key (key, 7);
    assert_true (keyring_add (ring, key, &(rights_t){.name = "one", .role = ROLE_OBSERVER}));
    assert_false (keyring_add (ring, key, &(rights_t){.name = "two", .role = ROLE_ADMIN}));
    assert_string_equal (keyring_find (ring, key)->name, "one");
    assert_int_equal (keyring_find (ring, key)->role, ROLE_OBSERVER);
    keyring_destroy (&ring);
}

static void test_copy (void **state)
{
    (void) state;
    const char *functions [] = {"image.*", "square"};
    char key [KEYS_TEXT_BYTES], old [KEYS_TEXT_BYTES], all [KEYS_TEXT_BYTES];
    s_key (key, 1);
    s_key (old, 2);
    s_key (all, 3);
    keyring_t *ring = keyring_new ();
    keyring_add (ring, key,
                 &(rights_t){.name = "web",
                             .role = ROLE_CLIENT,
                             .holder = old,
                             .functions = functions,
                             .functions_count = 2});
    keyring_add (ring, all, &(rights_t){.name = "lead", .role = ROLE_CLIENT, .all_jobs = true});
    keyring_t *copy = keyring_copy (ring);
    keyring_destroy (&ring);
    const rights_t *rights = keyring_find (copy, key);
    assert_string_equal (rights->name, "web");
    assert_int_equal (rights->functions_count, 2);
    assert_string_equal (rights->holder, old);
    assert_false (rights->all_jobs);
    assert_string_equal (keyring_find (copy, all)->holder, all); //  Its own first key
    assert_true (keyring_find (copy, all)->all_jobs);
    assert_string_equal (rights->functions [0], "image.*");
    assert_true (rights_cover (rights, "image.scale"));
    assert_false (rights_cover (rights, "cube"));
    keyring_destroy (&copy);
}

static void test_patterns (void **state)
{
    (void) state;
    const char *functions [] = {"image.*", "square", "v[12]"};
    rights_t rights = {
        .name = "web", .role = ROLE_CLIENT, .functions = functions, .functions_count = 3};
    assert_true (rights_cover (&rights, "square"));
    assert_true (rights_cover (&rights, "image."));
    assert_true (rights_cover (&rights, "v2"));
    assert_false (rights_cover (&rights, "v3"));
    assert_false (rights_cover (&rights, "squares"));
    assert_false (rights_cover (&rights, "asquare"));
    assert_false (rights_cover (&rights, "Square"));
    assert_false (rights_cover (&rights, "image"));
    assert_false (rights_cover (&rights, ""));
    assert_false (rights_cover (&rights, NULL)); //  Commands
}

static void test_no_patterns (void **state)
{
    (void) state;
    assert_true (rights_cover (&(rights_t){.role = ROLE_CLIENT}, "anything"));
    assert_true (rights_cover (&(rights_t){.role = ROLE_CLIENT}, NULL));
    assert_true (rights_cover (rights_of_all (), NULL));
    assert_int_equal (rights_of_all ()->role, ROLE_ADMIN);
    assert_string_equal (rights_of_all ()->name, "");
    assert_string_equal (rights_of_all ()->holder, RIGHTS_LOCAL);
    assert_true (rights_of_all ()->all_jobs);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_find),        cmocka_unit_test (test_same_key_twice),
        cmocka_unit_test (test_copy),        cmocka_unit_test (test_patterns),
        cmocka_unit_test (test_no_patterns),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
