//  authz_test.c - who is let in where: every role at every door, by every mechanism

#include "broker/auth/authz.h"

#include "common/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENT, OBSERVER, ADMIN, WORKER, OTHER_WORKER, STRANGER, NOBODY, PEERS };

static char s_keys [PEERS][KEYS_TEXT_BYTES]; //  "" for NOBODY
static char s_lane [AUTHZ_DOMAIN_BYTES];     //  WORKER's

static int s_setup (void **state)
{
    static const role_t roles [] = {ROLE_CLIENT, ROLE_OBSERVER, ROLE_ADMIN, ROLE_WORKER,
                                    ROLE_WORKER};
    keyring_t *ring = keyring_new ();
    for (int i = 0; i < NOBODY; i++)
        snprintf (s_keys [i], KEYS_TEXT_BYTES, "%040d", i);
    for (int i = 0; i < STRANGER; i++)
        keyring_add (ring, s_keys [i], &(rights_t){.name = s_keys [i], .role = roles [i]});
    authz_lane (s_keys [WORKER], s_lane);
    *state = ring;
    return 0;
}

static int s_teardown (void **state)
{
    keyring_t *ring = *state;
    keyring_destroy (&ring);
    return 0;
}

//  Exactly those peers are let in there by CURVE, each under its own name.
static void s_expect (const keyring_t *ring, const char *domain, unsigned let_in)
{
    for (int i = 0; i < PEERS; i++) {
        const char *peer = authz_admit (ring, domain, "CURVE", s_keys [i]);
        if ((peer != NULL) != (let_in >> i & 1))
            fail_msg ("peer %d is %slet in at %s", i, peer ? "" : "not ", domain);
        if (peer)
            assert_string_equal (peer, s_keys [i]);
    }
}

static void test_roles_and_doors (void **state)
{
    char own [AUTHZ_DOMAIN_BYTES], foreign [AUTHZ_DOMAIN_BYTES];
    s_expect (*state, "front", 1 << CLIENT | 1 << OBSERVER | 1 << ADMIN);
    s_expect (*state, "back", 1 << WORKER | 1 << OTHER_WORKER);
    s_expect (*state, "sink", 1 << WORKER | 1 << OTHER_WORKER);
    s_expect (*state, s_lane, 1 << WORKER);
    s_expect (*state, authz_lane (s_keys [OTHER_WORKER], own), 1 << OTHER_WORKER);
    s_expect (*state, authz_lane (s_keys [CLIENT], foreign), 0); //  No client has a lane
    s_expect (*state, authz_lane (s_keys [STRANGER], foreign), 0);
}

//  A door that nobody knows lets nobody in; nor does a lane of nobody.
static void test_other_doors (void **state)
{
    static const char *const domains [] = {"",      "cadre", "global", "fron", "frontx",
                                           "Front", "lane:", "lane:x", "lane", "local",
                                           " ",     "back ", "events"};
    char text [2 * AUTHZ_DOMAIN_BYTES];
    for (size_t i = 0; i < sizeof domains / sizeof domains [0]; i++)
        s_expect (*state, domains [i], 0);
    s_expect (*state, authz_lane ("", text), 0);
    s_expect (*state, authz_lane (SOCKETS_DOMAIN_LOCAL, text), 0);
    assert_string_equal (authz_lane ("", text), "lane:"); //  Never empty: libzmq would ask nobody
    snprintf (text, sizeof text, "%sx", s_lane);
    s_expect (*state, text, 0);
    snprintf (text, sizeof text, "%.*s", (int) strlen (s_lane) - 1, s_lane);
    s_expect (*state, text, 0);
}

//  In the clear, and by whatever else there is: nobody, whichever key it shows; but "local", where
//  no key is asked for.
static void test_other_mechanisms (void **state)
{
    static const char *const mechanisms [] = {"NULL", "PLAIN", "GSSAPI", "", "curve", "CURVEX"};
    const char *domains [] = {"front", "back", "sink", s_lane, "cadre", ""};
    for (size_t m = 0; m < sizeof mechanisms / sizeof mechanisms [0]; m++)
        for (int i = 0; i < PEERS; i++) {
            for (size_t d = 0; d < sizeof domains / sizeof domains [0]; d++)
                assert_null (authz_admit (*state, domains [d], mechanisms [m], s_keys [i]));
            const char *peer =
                authz_admit (*state, SOCKETS_DOMAIN_LOCAL, mechanisms [m], s_keys [i]);
            if (m == 0)
                assert_string_equal (peer, SOCKETS_DOMAIN_LOCAL);
            else
                assert_null (peer);
        }
}

static void test_what_peers_may_do (void **state)
{
    authz_t authz = {.keys = *state};
    static const bool clients [] = {true, true, true, false, false, false, false};
    static const bool workers [] = {false, false, false, true, true, false, false};
    for (int i = 0; i < PEERS; i++) {
        assert_int_equal (authz_is_client (&authz, s_keys [i]), clients [i]);
        assert_int_equal (authz_is_worker (&authz, s_keys [i]), workers [i]);
        assert_int_equal (authz_rights (&authz, s_keys [i]) != NULL, i < STRANGER);
    }
    assert_null (authz_rights (&authz, NULL));
    assert_false (authz_is_client (&authz, NULL));
    assert_false (authz_is_worker (&authz, NULL));
    assert_true (authz_is_client (&authz, SOCKETS_DOMAIN_LOCAL));
    assert_true (authz_is_worker (&authz, SOCKETS_DOMAIN_LOCAL));
}

static void test_without_doors (void **state)
{
    (void) state;
    assert_true (authz_is_client (NULL, NULL));
    assert_true (authz_is_worker (NULL, NULL));
    assert_ptr_equal (authz_rights (NULL, "anybody"), rights_of_all ());
}

static cadre_error_t s_reload (authz_t *self, fault_t *fault)
{
    return self->owner ? CADRE_OK : fault_set (fault, CADRE_ERROR_CONFIGURATION, "damaged");
}

static void test_reload (void **state)
{
    context_t ctx = {0};
    fault_t fault = {0};
    assert_int_equal (authz_reload (&ctx, &fault), CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (fault.text, "uses no keys"));
    authz_t authz = {.keys = *state, .reload = s_reload};
    ctx.authz = &authz;
    assert_int_equal (authz_reload (&ctx, NULL), CADRE_ERROR_CONFIGURATION);
    assert_false (ctx.keys_changed);
    authz.owner = &authz;
    assert_int_equal (authz_reload (&ctx, NULL), CADRE_OK);
    assert_true (ctx.keys_changed);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_roles_and_doors),   TEST (test_other_doors),   TEST (test_other_mechanisms),
        TEST (test_what_peers_may_do), TEST (test_without_doors), TEST (test_reload),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
