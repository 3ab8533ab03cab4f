//  probe_test.c - who accepts, who refuses, who says nothing

#include "common/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/fakes/listener.h"

static address_t s_tcp (const char *host, uint16_t port)
{
    address_t address = {.kind = ADDRESS_TCP, .port = port};
    snprintf (address.name, sizeof address.name, "%s", host);
    return address;
}

static void test_the_first_who_accepts (void **state)
{
    (void) state;
    uint16_t port = 0;
    probe_verdict_t verdicts [3];
    int listener = listener_new ("127.0.0.3", &port);
    assert_true (listener >= 0);
    address_t places [] = {s_tcp ("127.0.0.2", port), s_tcp ("127.0.0.3", port),
                           s_tcp ("127.0.0.4", port)};
    probe_all (places, 3, ADDRESS_FRONT, verdicts);
    assert_int_equal (verdicts [0], PROBE_REFUSES);
    assert_int_equal (verdicts [1], PROBE_ACCEPTS);
    assert_int_equal (verdicts [2], PROBE_UNKNOWN); //  Not asked any more
    close (listener);
}

static void test_the_port_of_the_role (void **state)
{
    (void) state;
    uint16_t port = 0;
    probe_verdict_t verdict;
    int listener = listener_new ("127.0.0.3", &port);
    address_t place = s_tcp ("127.0.0.3", (uint16_t) (port - 1));
    probe_all (&place, 1, ADDRESS_BACK, &verdict);
    assert_int_equal (verdict, PROBE_ACCEPTS);
    close (listener);
}

static void test_both_families (void **state)
{
    (void) state;
    uint16_t port = 0;
    probe_verdict_t verdicts [2];
    int listener = listener_new ("::1", &port);
    if (listener < 0)
        skip ();
    address_t places [] = {s_tcp ("127.0.0.2", port), s_tcp ("::1", port)};
    probe_all (places, 2, ADDRESS_FRONT, verdicts);
    assert_int_equal (verdicts [0], PROBE_REFUSES);
    assert_int_equal (verdicts [1], PROBE_ACCEPTS);
    close (listener);
}

//  A host that answers nothing must not stand in the way of one that does. The number is reserved
//  for documents: there is either no way to it, or no answer.
static void test_no_answer_is_not_waited_for (void **state)
{
    (void) state;
    uint16_t port = 0;
    probe_verdict_t verdicts [2];
    int listener = listener_new ("127.0.0.3", &port);
    address_t places [] = {s_tcp ("192.0.2.1", port), s_tcp ("127.0.0.3", port)};
    probe_all (places, 2, ADDRESS_FRONT, verdicts);
    assert_int_not_equal (verdicts [0], PROBE_ACCEPTS);
    assert_int_equal (verdicts [1], PROBE_ACCEPTS);
    close (listener);
}

static void test_ipc_and_inproc (void **state)
{
    (void) state;
    char folder [] = "/tmp/cadre-probe-XXXXXX";
    probe_verdict_t verdicts [2];
    assert_non_null (mkdtemp (folder));
    address_t places [2] = {{.kind = ADDRESS_IPC}, {.kind = ADDRESS_INPROC, .name = "hub"}};
    snprintf (places [0].name, sizeof places [0].name, "%s", folder);
    probe_all (places, 2, ADDRESS_FRONT, verdicts);
    assert_int_equal (verdicts [0], PROBE_REFUSES);
    assert_int_equal (verdicts [1], PROBE_ACCEPTS);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf (name.sun_path, sizeof name.sun_path, "%s/front", folder);
    int listener = socket (AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal (bind (listener, (struct sockaddr *) &name, sizeof name), 0);
    assert_int_equal (listen (listener, 1), 0);
    probe_all (places, 1, ADDRESS_FRONT, verdicts);
    assert_int_equal (verdicts [0], PROBE_ACCEPTS);
    close (listener);
    unlink (name.sun_path);
    rmdir (folder);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_the_first_who_accepts),
        cmocka_unit_test (test_the_port_of_the_role),
        cmocka_unit_test (test_both_families),
        cmocka_unit_test (test_no_answer_is_not_waited_for),
        cmocka_unit_test (test_ipc_and_inproc),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
