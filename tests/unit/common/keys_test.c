//  keys_test.c - roles, keys and names: what is one, and what is not

#include "common/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

static void test_roles (void **state)
{
    (void) state;
    static const char *const names [] = {"client", "observer", "admin", "worker"};
    static const role_t roles [] = {ROLE_CLIENT, ROLE_OBSERVER, ROLE_ADMIN, ROLE_WORKER};
    for (size_t i = 0; i < 4; i++) {
        role_t role = ROLE_NONE;
        assert_int_equal (keys_parse_role (names [i], &role, NULL), CADRE_OK);
        assert_int_equal (role, roles [i]);
        assert_string_equal (keys_role_name (role), names [i]);
    }
    assert_string_equal (keys_role_name (ROLE_NONE), "none");
    assert_string_equal (keys_role_name ((role_t) 99), "none");
}

static void test_no_roles (void **state)
{
    (void) state;
    static const char *const texts [] = {"", "none", "Client", "client ", "workers", "root"};
    for (size_t i = 0; i < sizeof texts / sizeof texts [0]; i++) {
        role_t role = ROLE_OBSERVER;
        fault_t fault = {0};
        assert_int_equal (keys_parse_role (texts [i], &role, &fault), CADRE_ERROR_ARGUMENT);
        assert_int_equal (role, ROLE_OBSERVER);
        assert_non_null (strstr (fault.text, "client, worker, observer or admin"));
    }
}

static void test_keys (void **state)
{
    (void) state;
    char public_key [KEYS_TEXT_BYTES], secret_key [KEYS_TEXT_BYTES];
    zmq_curve_keypair (public_key, secret_key);
    assert_true (keys_is_key (public_key));
    assert_true (keys_is_key (secret_key));
    assert_false (keys_is_key (""));
    public_key [39] = '\0';
    assert_false (keys_is_key (public_key)); //  39 characters
    assert_false (keys_is_key ("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7x"));
    assert_false (keys_is_key ("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\""));
    assert_false (keys_is_key ("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf "));
    assert_false (
        keys_is_key ("########################################")); //  More than 32 bits a group
}

static void test_names (void **state)
{
    (void) state;
    char most [KEYS_NAME_BYTES + 1];
    memset (most, 'a', sizeof most);
    most [KEYS_NAME_BYTES - 1] = '\0';
    assert_int_equal (keys_check_name ("alice", NULL), CADRE_OK);
    assert_int_equal (keys_check_name ("7", NULL), CADRE_OK);
    assert_int_equal (keys_check_name ("node-07.rack_2", NULL), CADRE_OK);
    assert_int_equal (keys_check_name (most, NULL), CADRE_OK);
}

static void test_no_names (void **state)
{
    (void) state;
    char many [KEYS_NAME_BYTES + 1];
    memset (many, 'a', sizeof many);
    many [KEYS_NAME_BYTES] = '\0';
    const char *texts [] = {"",    ".",   "..",   ".hidden", "-rf",      "_a", "../bob",
                            "a/b", "a b", "a\nb", "a\"b",    "\xc3\xa9", many};
    for (size_t i = 0; i < sizeof texts / sizeof texts [0]; i++) {
        fault_t fault = {0};
        assert_int_equal (keys_check_name (texts [i], &fault), CADRE_ERROR_ARGUMENT);
        assert_non_null (strstr (fault.text, "is not a name for a key: use up to 63 letters"));
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_roles),    cmocka_unit_test (test_no_roles),
        cmocka_unit_test (test_keys),     cmocka_unit_test (test_names),
        cmocka_unit_test (test_no_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
