//  hostlist_test.c - hosts as people, GNU parallel and Slurm write them, and as enemies do

#include "client/cli/hosts/hostlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

//  Names with slots, as "a 8/c", of a list of words.
static char *s_read (const char *words, fault_t *fault)
{
    static char line [4096];
    hostlist_t *list = hostlist_new ();
    size_t used = 0;
    line [0] = '\0';
    if (hostlist_read (list, words, fault) == CADRE_OK)
        for (size_t i = 0; i < hostlist_count (list); i++) {
            const hostlist_host_t *host = hostlist_at (list, i);
            char slots [16] = "";
            if (host->slots)
                snprintf (slots, sizeof slots, "%u/", host->slots);
            used += (size_t) snprintf (line + used, sizeof line - used, "%s%s%s", i ? " " : "",
                                       slots, host->name);
        }
    hostlist_destroy (&list);
    return line;
}

static void s_is (const char *words, const char *expected)
{
    fault_t fault = {0};
    assert_string_equal (s_read (words, &fault), expected);
    assert_string_equal (fault.text, "");
}

static void s_refused (const char *words, const char *why)
{
    fault_t fault = {0};
    s_read (words, &fault);
    assert_int_equal (fault.code, CADRE_ERROR_ARGUMENT);
    if (!strstr (fault.text, why))
        fail_msg ("'%s' is refused with: %s", words, fault.text);
}

static void test_words (void **state)
{
    (void) state;
    s_is ("a", "a");
    s_is ("a,b,8/c", "a b 8/c");
    s_is (":,a", ": a");
    s_is ("2/:", "2/:");
    s_is ("me@hub.example.org:2222,[::1]:22,fe80::1", "me@hub.example.org:2222 [::1]:22 fe80::1");
}

static void test_ranges (void **state)
{
    (void) state;
    s_is ("node[01-03]", "node01 node02 node03");
    s_is ("node[8-11]", "node8 node9 node10 node11");
    s_is ("n[1,3,7-8],x", "n1 n3 n7 n8 x");
    s_is ("r[1-2]n[01-02].cluster", "r1n01.cluster r1n02.cluster r2n01.cluster r2n02.cluster");
    s_is ("4/n[1-2]", "4/n1 4/n2");
    s_is ("n[098-101]", "n098 n099 n100 n101");
}

static void test_target_and_port (void **state)
{
    (void) state;
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    assert_int_equal (hostlist_read (list, "me@hub:2222,[fe80::1%eth0]:22,plain,:", &fault),
                      CADRE_OK);
    assert_string_equal (hostlist_at (list, 0)->target, "me@hub");
    assert_int_equal (hostlist_at (list, 0)->port, 2222);
    assert_string_equal (hostlist_at (list, 1)->target, "fe80::1%eth0");
    assert_int_equal (hostlist_at (list, 1)->port, 22);
    assert_string_equal (hostlist_at (list, 2)->target, "plain");
    assert_int_equal (hostlist_at (list, 2)->port, 0);
    assert_string_equal (hostlist_at (list, 3)->target, "");
    assert_ptr_equal (hostlist_find (list, "plain"), hostlist_at (list, 2));
    assert_null (hostlist_find (list, "plai"));
    hostlist_destroy (&list);
    hostlist_destroy (&list);
}

static void test_file (void **state)
{
    (void) state;
    char path [] = "/tmp/cadre-hosts-XXXXXX";
    static const char lines [] =
        "# hosts\n\n node[1-2]  slots=16 label=batch\r\n8/gpu label=gpu,big # new\nlast";
    fault_t fault = {0};
    int descriptor = mkstemp (path);
    assert_int_equal (write (descriptor, lines, sizeof lines - 1), sizeof lines - 1);
    close (descriptor);
    s_is (path, "16/node1 16/node2 8/gpu last");
    hostlist_t *list = hostlist_new ();
    assert_int_equal (hostlist_read (list, path, &fault), CADRE_OK);
    assert_string_equal (hostlist_at (list, 2)->labels, "gpu,big");
    assert_null (hostlist_at (list, 3)->labels);
    char *line = hostlist_line (hostlist_at (list, 2));
    assert_string_equal (line, "gpu slots=8 label=gpu,big");
    free (line);
    hostlist_destroy (&list);
    unlink (path);
}

static void test_slurm (void **state)
{
    (void) state;
    setenv ("SLURM_JOB_NODELIST", "node[1-2],x", 1);
    s_is (NULL, "node1 node2 x");
    unsetenv ("SLURM_JOB_NODELIST");
    s_refused (NULL, "--hosts");
}

static void test_hostile_words (void **state)
{
    (void) state;
    s_refused ("", "missing");
    s_refused ("a,,b", "missing");
    s_refused ("-oProxyCommand=touch", "not a host");
    s_refused ("-i", "not a host");
    s_refused ("me@-x", "not a host");
    s_refused ("-l@x", "not a host");
    s_refused ("a b", "not a host");
    s_refused ("a;reboot", "not a host");
    s_refused ("$(x)", "not a host");
    s_refused ("a\nb", "not a host");
    s_refused ("@a", "not a host");
    s_refused ("a@", "not a host");
    s_refused ("a:0", "port");
    s_refused ("a:65536", "port");
    s_refused ("0/a", "0/a");
    s_refused ("no/such/file", "file");
    s_refused ("a,a", "twice");
    s_refused ("n[1-2],n2", "twice");
}

static void test_hostile_ranges (void **state)
{
    (void) state;
    s_refused ("n[", "range");
    s_refused ("n[]", "range");
    s_refused ("n[1", "range");
    s_refused ("n[1-]", "range");
    s_refused ("n[2-1]", "range");
    s_refused ("n[1-2-3]", "range");
    s_refused ("n[a-b]", "range");
    s_refused ("n[1,]", "range");
    s_refused ("n[0-4294967295]", "range");
    s_refused ("n[0-999999999]", "more than");
    s_refused ("n[0-9999]m[0-9999]", "more than");
    s_refused ("[1-2][1-2][1-2][1-2][1-2][1-2][1-2][1-2][1-2]", "range");
    s_refused ("n]1[", "range");
}

static void test_hostile_lines (void **state)
{
    (void) state;
    static const struct {
        const char *lines; // of a file
        const char *why;   // part of the fault
    } cases [] = {
        {"a\nb slots=0\n", "f:2: "},
        {"a slots=1x", "f:1: "},
        {"a port=3", "is invalid"},
        {"a b", "'b' is invalid"},
        {"a label=", "is invalid"},
        {"a label=x;y", "is invalid"},
        {"\n\n-x", "f:3: '-x' is not a host"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fault_t fault = {0};
        hostlist_t *list = hostlist_new ();
        assert_int_equal (
            hostlist_add_lines (list, cases [i].lines, strlen (cases [i].lines), "f", &fault),
            CADRE_ERROR_ARGUMENT);
        assert_non_null (strstr (fault.text, cases [i].why));
        hostlist_destroy (&list);
    }
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    assert_int_equal (hostlist_add_lines (list, "a\0b\n", 4, "f", &fault), CADRE_ERROR_ARGUMENT);
    hostlist_destroy (&list);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_words),           cmocka_unit_test (test_ranges),
        cmocka_unit_test (test_target_and_port), cmocka_unit_test (test_file),
        cmocka_unit_test (test_slurm),           cmocka_unit_test (test_hostile_words),
        cmocka_unit_test (test_hostile_ranges),  cmocka_unit_test (test_hostile_lines),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
