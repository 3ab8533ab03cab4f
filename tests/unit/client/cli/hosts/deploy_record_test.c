//  deploy_record_test.c - what was deployed from here, the doors of a tunnel, and the live table

#include "client/cli/hosts/deploy_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/cli/base/broker_launcher.h"
#include "client/cli/hosts/status_table.h"

static char s_folder [64];

static int s_set_up (void **state)
{
    (void) state;
    snprintf (s_folder, sizeof s_folder, "/tmp/cadre-deployed-XXXXXX");
    return mkdtemp (s_folder) ? setenv ("XDG_STATE_HOME", s_folder, 1) : -1;
}

static int s_tear_down (void **state)
{
    (void) state;
    char command [128];
    snprintf (command, sizeof command, "rm -rf %s", s_folder);
    return system (command);
}

static hostlist_t *s_list (const char *words)
{
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    assert_int_equal (hostlist_add_words (list, words, &fault), CADRE_OK);
    return list;
}

static void s_change (const char *more, const char *less)
{
    fault_t fault = {0};
    hostlist_t *added = more ? s_list (more) : NULL, *gone = less ? s_list (less) : NULL;
    assert_int_equal (deploy_record_change ("x", added, gone, &fault), CADRE_OK);
    hostlist_destroy (&added);
    hostlist_destroy (&gone);
}

static void test_record (void **state)
{
    (void) state;
    fault_t fault = {0};
    hostlist_t *list = hostlist_new ();
    assert_int_equal (deploy_record_read ("x", list, &fault), CADRE_ERROR_NOT_FOUND);
    s_change ("a,8/b", NULL);
    s_change ("4/b,c:22", NULL);
    s_change (NULL, "a");
    assert_int_equal (deploy_record_read ("x", list, &fault), CADRE_OK);
    assert_int_equal (hostlist_count (list), 2);
    assert_int_equal (hostlist_find (list, "b")->slots, 4);
    assert_int_equal (hostlist_find (list, "c:22")->port, 22);
    hostlist_destroy (&list);
    s_change (NULL, "b,c:22");
    list = hostlist_new ();
    assert_int_equal (deploy_record_read ("x", list, &fault), CADRE_ERROR_NOT_FOUND);
    hostlist_destroy (&list);
}

static void test_doors (void **state)
{
    (void) state;
    char *doors = broker_launcher_doors ("hub", 5700, 0, 0);
    assert_string_equal (doors, "hub:*");
    free (doors);
    doors = broker_launcher_doors ("::1", 5700, 5800, 5801);
    assert_string_equal (doors, "[::1]:5700 [::1]:5701 [::1]:5702 [::1]:5800 [::1]:5801");
    free (doors);
}

static void test_board (void **state)
{
    (void) state;
    hostlist_t *hosts = s_list ("node[01-30]");
    const remote_order_t order = {.ssh = "ssh", .verb = "status", .name = "x"};
    fleet_t *fleet = fleet_new (&order, hosts, 1, NULL, NULL);
    status_table_t *board = status_table_new ();
    const char *drawn = status_table_draw (board, fleet, 100, 80);
    assert_non_null (strstr (drawn, "HOST      STATE       WHY"));
    assert_non_null (strstr (drawn, "node30    waiting\033[K\n30 hosts: 30 waiting"));
    assert_null (strstr (drawn, "\033[32A"));
    //  The second one goes up over the first: a title, 30 hosts and a sum. A small terminal gets
    //  fewer.
    drawn = status_table_draw (board, fleet, 10, 80);
    assert_ptr_equal (strstr (drawn, "\033[32A"), drawn);
    assert_null (strstr (drawn, "node09"));
    assert_non_null (strstr (drawn, "(23 not shown)"));
    drawn = status_table_wipe (board);
    assert_string_equal (drawn, "\033[9A\r\033[J");
    status_table_destroy (&board);
    fleet_destroy (&fleet);
    hostlist_destroy (&hosts);
}

int main (void)
{
    const struct CMUnitTest tests [] = {cmocka_unit_test (test_record),
                                        cmocka_unit_test (test_doors),
                                        cmocka_unit_test (test_board)};
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
