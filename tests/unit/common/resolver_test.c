//  resolver_test.c - what stands behind names, found in a thread of its own

#include "common/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/fakes/listener.h"

static atomic_bool s_hold; //  The look-up hangs

static size_t s_look (const char *name, char (*numbers) [ADDRESS_NAME_BYTES], size_t max,
                      fault_t *fault)
{
    while (atomic_load (&s_hold))
        usleep (1000);
    assert_true (max >= 2);
    if (strcmp (name, "both") != 0) {
        fault_set (fault, CADRE_ERROR_ADDRESS, "%s has no address", name);
        return 0;
    }
    snprintf (numbers [0], ADDRESS_NAME_BYTES, "127.0.0.2");
    snprintf (numbers [1], ADDRESS_NAME_BYTES, "127.0.0.3");
    return 2;
}

static size_t s_list (address_t *addresses, const char *pattern, unsigned port)
{
    char text [256];
    size_t count = 0;
    listener_addresses (text, sizeof text, pattern, port);
    assert_int_equal (address_parse_list (text, addresses, ADDRESS_LIST_MAX, &count, NULL),
                      CADRE_OK);
    return count;
}

static size_t s_find (const char *pattern, unsigned port, resolver_found_t *found, fault_t *fault)
{
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = s_list (addresses, pattern, port);
    resolver_t *resolver = resolver_new (addresses, count, ADDRESS_FRONT, s_look);
    assert_non_null (resolver);
    for (unsigned i = 0; i < 10000 && !resolver_done (resolver); i++)
        usleep (1000);
    assert_true (resolver_done (resolver));
    count = resolver_take (resolver, found, RESOLVER_MAX, fault);
    resolver_destroy (&resolver);
    resolver_destroy (&resolver);
    return count;
}

static void test_all_numbers_of_a_name (void **state)
{
    (void) state;
    resolver_found_t found [RESOLVER_MAX];
    fault_t fault = {0};
    uint16_t port = 0;
    int listener = listener_new ("127.0.0.3", &port);
    assert_int_equal (s_find ("tcp://localhost:9,tcp://both:@", port, found, &fault), 3);
    assert_string_equal (found [0].number.name, "127.0.0.1");
    assert_string_equal (found [1].number.name, "127.0.0.2");
    assert_string_equal (found [2].number.name, "127.0.0.3");
    assert_int_equal (found [0].given, 0);
    assert_int_equal (found [2].given, 1);
    assert_int_equal (found [1].number.port, port);
    assert_int_equal (found [1].verdict, PROBE_REFUSES);
    assert_int_equal (found [2].verdict, PROBE_ACCEPTS);
    assert_int_equal (fault.code, CADRE_OK);
    close (listener);
}

static void test_a_name_without_number (void **state)
{
    (void) state;
    resolver_found_t found [RESOLVER_MAX];
    fault_t fault = {0};
    assert_int_equal (s_find ("tcp://nobody:@", 9, found, &fault), 0);
    assert_string_equal (fault.text, "nobody has no address");
}

static void test_what_needs_no_finder (void **state)
{
    (void) state;
    address_t list [ADDRESS_LIST_MAX];
    assert_false (resolver_is_needed (list, s_list (list, "tcp://127.0.0.1:@", 9)));
    assert_false (resolver_is_needed (list, s_list (list, "tcp://[fe80::1%eth0]:@", 9)));
    assert_false (resolver_is_needed (list, s_list (list, "tcp://localhost:@", 9)));
    assert_false (resolver_is_needed (list, s_list (list, "ipc:///run/cadre", 9)));
    assert_false (resolver_is_needed (list, s_list (list, "inproc://a,inproc://b", 9)));
    assert_true (resolver_is_needed (list, s_list (list, "tcp://hub:@", 9)));
    assert_true (
        resolver_is_needed (list, s_list (list, "tcp://127.0.0.1:@,tcp://127.0.0.2:@", 9)));
    address_t plain = list [0];
    snprintf (plain.name, sizeof plain.name, "LocalHost");
    assert_string_equal (resolver_plain (&plain).name, "127.0.0.1");
}

//  The owner goes while a look-up hangs: nothing of it is touched afterwards (the sanitizers
//  watch).
static void test_left_alone (void **state)
{
    (void) state;
    address_t addresses [ADDRESS_LIST_MAX];
    size_t count = s_list (addresses, "tcp://both:@", 9);
    atomic_store (&s_hold, true);
    resolver_t *resolver = resolver_new (addresses, count, ADDRESS_FRONT, s_look);
    assert_false (resolver_done (resolver));
    resolver_destroy (&resolver);
    assert_null (resolver);
    memset (addresses, 0, sizeof addresses);
    atomic_store (&s_hold, false);
    usleep (50000);
}

static void test_the_systems_look_up (void **state)
{
    (void) state;
    char numbers [RESOLVER_NUMBERS_MAX][ADDRESS_NAME_BYTES];
    fault_t fault = {0};
    assert_true (resolver_look ("localhost", numbers, RESOLVER_NUMBERS_MAX, &fault) >= 1);
    assert_true (strcmp (numbers [0], "127.0.0.1") == 0 || strcmp (numbers [0], "::1") == 0);
    assert_int_equal (resolver_look ("no-such-host.invalid", numbers, RESOLVER_NUMBERS_MAX, &fault),
                      0);
    assert_non_null (strstr (fault.text, "no-such-host.invalid has no address ("));
    assert_non_null (strstr (fault.text, "): correct the name, or give an IP address"));
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_all_numbers_of_a_name),
        cmocka_unit_test (test_a_name_without_number),
        cmocka_unit_test (test_what_needs_no_finder),
        cmocka_unit_test (test_left_alone),
        cmocka_unit_test (test_the_systems_look_up),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
