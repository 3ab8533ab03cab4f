//  address_test.c - what people may write, what they are told otherwise, and the endpoints that
//  follow

#include "common/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static address_t s_parsed (const char *text)
{
    address_t address;
    fault_t fault = {0};
    if (address_parse (&address, text, &fault))
        fail_msg ("%s", fault.text);
    return address;
}

static void s_refused (const char *text, const char *says)
{
    address_t address = {.port = 7};
    fault_t fault = {0};
    assert_int_equal (address_parse (&address, text, &fault), CADRE_ERROR_ADDRESS);
    assert_int_equal (address.port, 7);
    assert_string_equal (fault.text, says);
}

static void test_parse_tcp (void **state)
{
    (void) state;
    address_t address = s_parsed ("tcp://hub:5700");
    assert_int_equal (address.kind, ADDRESS_TCP);
    assert_int_equal (address.port, 5700);
    assert_string_equal (address.name, "hub");
    assert_string_equal (s_parsed ("tcp://[::1]:5700").name, "::1");
    assert_string_equal (s_parsed ("tcp://[fe80::1%eth0.7]:5700").name, "fe80::1%eth0.7");
    assert_string_equal (s_parsed ("tcp://*:1").name, "*");
    assert_int_equal (s_parsed ("tcp://a-b.example.org:65532").port, 65532);
}

static void test_refuse_tcp (void **state)
{
    (void) state;
    s_refused ("tcp://hub", "'tcp://hub' names no port: write tcp://hub:5700");
    s_refused ("tcp://[::1]", "'tcp://[::1]' names no port: write tcp://[::1]:5700");
    s_refused (
        "tcp://hub:0",
        "'0' in 'tcp://hub:0' is not a port: choose one from 1 to 65532 (a broker uses it and the "
        "next three, and its lanes begin at +100)");
    s_refused (
        "tcp://hub:65533",
        "'65533' in 'tcp://hub:65533' is not a port: choose one from 1 to 65532 (a broker uses "
        "it and the next three, and its lanes begin at +100)");
    s_refused (
        "tcp://::1:5700",
        "'tcp://::1:5700' has more than one colon: put IPv6 addresses in brackets, tcp://[::1]:5700");
    s_refused ("tcp://[::1:5700",
               "'tcp://[::1:5700' has a bracket too many or too few: write tcp://[::1]:5700");
    s_refused (
        "tcp://[hub]:5700",
        "'tcp://[hub]:5700': what stands in brackets is not an IPv6 address: write tcp://[::1]:5700");
    s_refused (
        "tcp://[fe80::1%]:5700",
        "'tcp://[fe80::1%]:5700': what stands in brackets is not an IPv6 address: write tcp://[::1]:5700");
    s_refused (
        "tcp://[fe80::1%eth0/x]:5700",
        "'tcp://[fe80::1%eth0/x]:5700': what stands in brackets is not an IPv6 address: write tcp://[::1]:5700");
    s_refused (
        "tcp://[::1]x:5700",
        "'tcp://[::1]x:5700' has something between bracket and port: write tcp://[::1]:5700");
    s_refused ("tcp://",
               "'tcp://' names no valid host: write tcp://HOST:PORT, for instance tcp://hub:5700");
    s_refused (
        "tcp://a b:5700",
        "'tcp://a b:5700' names no valid host: write tcp://HOST:PORT, for instance tcp://hub:5700");
}

static void test_refuse_ports_that_are_no_numbers (void **state)
{
    (void) state;
    static const char *const wrong [] = {"tcp://h:",       "tcp://h:x",          "tcp://h:57oo",
                                         "tcp://h:+5",     "tcp://h:-5",         "tcp://h:5 ",
                                         "tcp://h:999999", "tcp://h:4294967297", "tcp://h:5/x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        address_t address;
        fault_t fault = {0};
        assert_int_equal (address_parse (&address, wrong [i], &fault), CADRE_ERROR_ADDRESS);
        assert_non_null (strstr (fault.text, "is not a port: choose one from 1 to 65532"));
    }
}

static void test_parse_ipc (void **state)
{
    (void) state;
    address_t address = s_parsed ("ipc:///run/cadre//");
    assert_int_equal (address.kind, ADDRESS_IPC);
    assert_string_equal (address.name, "/run/cadre");
}

static void test_refuse_ipc (void **state)
{
    (void) state;
    s_refused (
        "ipc://run/cadre",
        "'ipc://run/cadre' is not an absolute folder: write three slashes, as in ipc:///run/cadre");
    s_refused ("ipc://",
               "'ipc://' is not an absolute folder: write three slashes, as in ipc:///run/cadre");
    s_refused ("ipc:///",
               "'ipc:///' names no folder of its own: write for instance ipc:///run/cadre");
}

//  The longest folder that is accepted leaves room for the longest lane in sun_path, and not for
//  more
static void test_longest_ipc (void **state)
{
    (void) state;
    char text [128] = "ipc://";
    memset (text + 6, 'x', 92);
    text [6] = '/';
    text [6 + 91] = 0;
    address_t address = s_parsed (text);
    char endpoint [ADDRESS_ENDPOINT_BYTES];
    address_lane_endpoint (&address, UINT32_MAX, endpoint, sizeof endpoint);
    assert_int_equal (strlen (endpoint) - strlen ("ipc://"), 107);
    text [6 + 91] = 'x';
    text [6 + 92] = 0;
    fault_t fault = {0};
    assert_int_equal (address_parse (&address, text, &fault), CADRE_ERROR_ADDRESS);
    assert_non_null (strstr (
        fault.text, "is too long: the folder has 92 bytes, 91 are the most for sockets such as "
                    "front and lane-4294967295 in it: choose a shorter one"));
}

static void test_inproc (void **state)
{
    (void) state;
    assert_string_equal (s_parsed ("inproc://pool-1").name, "pool-1");
    s_refused (
        "inproc://",
        "'inproc://' has no valid name: write inproc://NAME with 1 to 200 letters, digits, dots, "
        "dashes or slashes");
    s_refused (
        "inproc://a b",
        "'inproc://a b' has no valid name: write inproc://NAME with 1 to 200 letters, digits, "
        "dots, dashes or slashes");
}

static void test_refuse_others (void **state)
{
    (void) state;
    s_refused (
        "hub:5700",
        "'hub:5700' is not an address: write tcp://HOST:PORT, ipc:///FOLDER or inproc://NAME");
    s_refused ("", "'' is not an address: write tcp://HOST:PORT, ipc:///FOLDER or inproc://NAME");
    s_refused (
        "udp://hub:1",
        "'udp://hub:1' is not an address: write tcp://HOST:PORT, ipc:///FOLDER or inproc://NAME");
}

static void test_very_long_text (void **state)
{
    (void) state;
    char text [4000] = "tcp://";
    memset (text + 6, 'x', sizeof text - 7);
    text [sizeof text - 1] = 0;
    memcpy (text + sizeof text - 6, ":5700", 5);
    address_t address;
    assert_int_equal (address_parse (&address, text, NULL), CADRE_ERROR_ADDRESS);
    size_t count = 0;
    assert_int_equal (address_parse_list (text, &address, 1, &count, NULL), CADRE_ERROR_ADDRESS);
    memcpy (text, "ipc:///", 7);
    assert_int_equal (address_parse (&address, text, NULL), CADRE_ERROR_ADDRESS);
}

static void test_list (void **state)
{
    (void) state;
    address_t list [3];
    size_t count = 0;
    fault_t fault = {0};
    assert_int_equal (address_parse_list (" tcp://a:1 ,ipc:///b", list, 3, &count, &fault),
                      CADRE_OK);
    assert_int_equal (count, 2);
    assert_string_equal (list [0].name, "a");
    assert_string_equal (list [1].name, "/b");
    assert_int_equal (address_parse_list ("tcp://a:1,", list, 3, &count, &fault),
                      CADRE_ERROR_ADDRESS);
    assert_int_equal (address_parse_list ("tcp://a:1,,tcp://b:1", list, 3, &count, &fault),
                      CADRE_ERROR_ADDRESS);
    assert_int_equal (address_parse_list ("tcp://a:1,tcp://b", list, 3, &count, &fault),
                      CADRE_ERROR_ADDRESS);
    assert_string_equal (fault.text, "'tcp://b' names no port: write tcp://b:5700");
    assert_int_equal (address_parse_list ("tcp://a:1,tcp://b:1", list, 1, &count, &fault),
                      CADRE_ERROR_ADDRESS);
    assert_string_equal (fault.text,
                         "'tcp://a:1,tcp://b:1' has too many addresses: 1 are the most");
    assert_int_equal (count, 2);
}

static void test_lanes (void **state)
{
    (void) state;
    uint16_t first = 0, last = 0;
    fault_t fault = {0};
    assert_int_equal (address_parse_lanes ("5800-5899", &first, &last, &fault), CADRE_OK);
    assert_true (first == 5800 && last == 5899);
    static const char *const wrong [] = {"",    "5800",    "5800-", "-5899", "5899-5800",
                                         "0-5", "1-65536", "a-b",   "1-2-3"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal (address_parse_lanes (wrong [i], &first, &last, &fault),
                          CADRE_ERROR_ADDRESS);
    assert_string_equal (
        fault.text, "'1-2-3' is not a range of ports: write FIRST-LAST, for instance 5800-6799");
    assert_true (first == 5800 && last == 5899);
}

static void test_default (void **state)
{
    (void) state;
    address_t address;
    char text [ADDRESS_ENDPOINT_BYTES], expected [64];
    setenv ("XDG_RUNTIME_DIR", "/run/user/1000", 1);
    assert_int_equal (address_default (&address, NULL), CADRE_OK);
    assert_string_equal (address_print (&address, text, sizeof text), "ipc:///run/user/1000/cadre");
    snprintf (expected, sizeof expected, "ipc:///tmp/cadre-%u", (unsigned) geteuid ());
    static const char *const unfit [] = {
        "", "relative",
        "/a-very-long-folder-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        setenv ("XDG_RUNTIME_DIR", unfit [i], 1);
        assert_int_equal (address_default (&address, NULL), CADRE_OK);
        assert_string_equal (address_print (&address, text, sizeof text), expected);
    }
    unsetenv ("XDG_RUNTIME_DIR");
    assert_int_equal (address_default (&address, NULL), CADRE_OK);
    assert_string_equal (address_print (&address, text, sizeof text), expected);
}

static void test_check_connect (void **state)
{
    (void) state;
    static const char *const any [] = {"tcp://*:5700", "tcp://0.0.0.0:5700", "tcp://[::]:5700"};
    fault_t fault = {0};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        address_t address = s_parsed (any [i]);
        assert_int_equal (address_check_connect (&address, &fault), CADRE_ERROR_ADDRESS);
    }
    assert_string_equal (
        fault.text,
        "'::' means every interface of this machine and is for listening only: name the "
        "broker's host, for instance tcp://127.0.0.1:5700");
    static const char *const fine [] = {"tcp://hub:5700", "ipc:///a", "inproc://a",
                                        "tcp://[::1]:5700"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        address_t address = s_parsed (fine [i]);
        assert_int_equal (address_check_connect (&address, NULL), CADRE_OK);
    }
}

static void test_loopback (void **state)
{
    (void) state;
    static const char *const here [] = {"tcp://127.0.0.1:1", "tcp://127.9.9.9:1", "tcp://[::1]:1",
                                        "tcp://localhost:1", "tcp://LOCALHOST:1", "ipc:///a",
                                        "inproc://a"};
    static const char *const everywhere [] = {"tcp://*:1",        "tcp://0.0.0.0:1",
                                              "tcp://10.0.0.1:1", "tcp://[::]:1",
                                              "tcp://hub:1",      "tcp://localhost.example.org:1",
                                              "tcp://128.0.0.1:1"};
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        address_t address = s_parsed (here [i]);
        assert_true (address_is_loopback (&address));
        address = s_parsed (everywhere [i]);
        assert_false (address_is_loopback (&address));
    }
}

static void test_equal (void **state)
{
    (void) state;
    address_t a = s_parsed ("tcp://a:1"), b = s_parsed ("tcp://b:1"), c = s_parsed ("tcp://a:2");
    assert_true (address_equal (&a, &a));
    assert_false (address_equal (&a, &b));
    assert_false (address_equal (&a, &c));
}

static void test_endpoints (void **state)
{
    (void) state;
    static const struct {
        const char *address;
        const char *endpoints [4];
        const char *at;
        const char *lane;
    } rows [] = {
        {"tcp://hub:5700",
         {"tcp://hub:5700", "tcp://hub:5701", "tcp://hub:5702", "tcp://hub:5703"},
         "tcp://hub:9000",
         "tcp://hub:5807"},
        {"tcp://[::1]:5700",
         {"tcp://[::1]:5700", "tcp://[::1]:5701", "tcp://[::1]:5702", "tcp://[::1]:5703"},
         "tcp://[::1]:9000",
         "tcp://[::1]:5807"},
        {"ipc:///run/cadre",
         {"ipc:///run/cadre/front", "ipc:///run/cadre/back", "ipc:///run/cadre/sink",
          "ipc:///run/cadre/events"},
         "ipc:///run/cadre/sink",
         "ipc:///run/cadre/lane-5807"},
        {"inproc://p",
         {"inproc://p/front", "inproc://p/back", "inproc://p/sink", "inproc://p/events"},
         "inproc://p/sink",
         "inproc://p/lane-5807"},
    };
    char text [ADDRESS_ENDPOINT_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        address_t address = s_parsed (rows [i].address);
        assert_string_equal (address_print (&address, text, sizeof text), rows [i].address);
        for (address_role_t role = ADDRESS_FRONT; role <= ADDRESS_EVENTS; role++)
            assert_string_equal (address_endpoint (&address, role, text, sizeof text),
                                 rows [i].endpoints [role]);
        assert_string_equal (address_endpoint_at (&address, ADDRESS_SINK, 9000, text, sizeof text),
                             rows [i].at);
        assert_string_equal (address_lane_endpoint (&address, 5807, text, sizeof text),
                             rows [i].lane);
    }
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_parse_tcp),
        cmocka_unit_test (test_refuse_tcp),
        cmocka_unit_test (test_refuse_ports_that_are_no_numbers),
        cmocka_unit_test (test_parse_ipc),
        cmocka_unit_test (test_refuse_ipc),
        cmocka_unit_test (test_longest_ipc),
        cmocka_unit_test (test_inproc),
        cmocka_unit_test (test_refuse_others),
        cmocka_unit_test (test_very_long_text),
        cmocka_unit_test (test_list),
        cmocka_unit_test (test_lanes),
        cmocka_unit_test (test_default),
        cmocka_unit_test (test_check_connect),
        cmocka_unit_test (test_loopback),
        cmocka_unit_test (test_equal),
        cmocka_unit_test (test_endpoints),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
