//  oom_test.c - kills for lack of memory, counted in trees of files as control groups of both
//  versions show them

#include "worker/slots/oom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root [] = "/tmp/cadre-oom-XXXXXX";
static const char *const s_folders [] = {"proc",
                                         "proc/self",
                                         "sys",
                                         "sys/fs",
                                         "sys/fs/cgroup",
                                         "sys/fs/cgroup/memory",
                                         "sys/fs/cgroup/memory/one",
                                         "sys/fs/cgroup/two"};
static const char *const s_files [] = {"proc/self/cgroup",
                                       "sys/fs/cgroup/memory/one/memory.oom_control",
                                       "sys/fs/cgroup/two/memory.events"};
#define COUNT(array) (sizeof (array) / sizeof (array) [0])

static void s_write (const char *name, const char *text)
{
    char path [256];
    snprintf (path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen (path, "we");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

static int s_setup (void **state)
{
    char path [256];
    (void) state;
    memcpy (root + sizeof root - 7, "XXXXXX", 6);
    if (!mkdtemp (root))
        return -1;
    for (size_t i = 0; i < COUNT (s_folders); i++) {
        snprintf (path, sizeof path, "%s/%s", root, s_folders [i]);
        mkdir (path, 0700);
    }
    return 0;
}

static int s_teardown (void **state)
{
    char path [256];
    (void) state;
    for (size_t i = 0; i < COUNT (s_files); i++) {
        snprintf (path, sizeof path, "%s/%s", root, s_files [i]);
        unlink (path);
    }
    for (size_t i = COUNT (s_folders); i > 0; i--) {
        snprintf (path, sizeof path, "%s/%s", root, s_folders [i - 1]);
        rmdir (path);
    }
    return rmdir (root);
}

static void s_version_1 (void **state)
{
    (void) state;
    s_write ("proc/self/cgroup", "5:devices:/\n4:memory:/one\n0::/\n");
    s_write ("sys/fs/cgroup/memory/one/memory.oom_control",
             "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n");
    assert_int_equal (oom_kills (root), 7);
}

static void s_version_2 (void **state)
{
    (void) state;
    s_write ("proc/self/cgroup", "0::/two\n");
    s_write ("sys/fs/cgroup/two/memory.events", "low 0\nhigh 0\nmax 3\noom 2\noom_kill 5\n");
    assert_int_equal (oom_kills (root), 5);
}

static void s_nobody_counts (void **state)
{
    (void) state;
    assert_int_equal (oom_kills (root), 0);
    s_write ("proc/self/cgroup", "no colon\n:\n::\n");
    assert_int_equal (oom_kills (root), 0);
}

static void s_count (unsigned kills)
{
    char text [64];
    snprintf (text, sizeof text, "oom_kill_disable 0\nunder_oom 0\noom_kill %u\n", kills);
    s_write ("sys/fs/cgroup/memory/one/memory.oom_control", text);
}

//  A task is struck if the count rose while it ran, whoever of several asks first; kills of before
//  its time are not its own.
static void s_struck_while_it_ran (void **state)
{
    oom_t oom;
    (void) state;
    s_write ("proc/self/cgroup", "4:memory:/one\n");
    s_count (7);
    oom_start (&oom, root);
    assert_false (oom_struck (&oom, 0, 1000));
    s_count (9);
    assert_true (oom_struck (&oom, 1500, 2000));
    assert_true (oom_struck (&oom, 1200, 2001));
    assert_false (oom_struck (&oom, 2001, 3000));
    s_count (10);
    assert_true (oom_struck (&oom, 2001, 4000));
}

static void s_never_struck_if_nobody_counts (void **state)
{
    oom_t oom;
    (void) state;
    oom_start (&oom, root);
    assert_false (oom_struck (&oom, 0, 1000));
}

//  Whoever volunteers raises its own score; children have it, too. Never back.
static void s_volunteers (void **state)
{
    char text [16] = "";
    (void) state;
    oom_volunteer ();
    oom_volunteer ();
    FILE *file = popen ("cat /proc/self/oom_score_adj", "r");
    assert_non_null (file);
    assert_non_null (fgets (text, sizeof text, file));
    pclose (file);
    assert_true (strtol (text, NULL, 10) >= 500);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (s_version_1, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (s_version_2, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (s_nobody_counts, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (s_struck_while_it_ran, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (s_never_struck_if_nobody_counts, s_setup, s_teardown),
        cmocka_unit_test (s_volunteers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
