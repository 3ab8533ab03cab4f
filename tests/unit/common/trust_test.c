//  trust_test.c - what belongs to others, or can be changed by them, is refused

#include "common/trust.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder [64], s_path [128], s_other [128];

static int s_setup (void **state)
{
    (void) state;
    snprintf (s_folder, sizeof s_folder, "/tmp/cadre-trust-XXXXXX");
    if (!mkdtemp (s_folder))
        return -1;
    snprintf (s_path, sizeof s_path, "%s/file", s_folder);
    snprintf (s_other, sizeof s_other, "%s/other", s_folder);
    return 0;
}

static int s_teardown (void **state)
{
    (void) state;
    unlink (s_path);
    unlink (s_other);
    return rmdir (s_folder);
}

static void s_touch (const char *path, mode_t mode)
{
    int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    assert_int_equal (fchmod (fd, mode), 0);
    close (fd);
}

//  NULL: it is trusted
static void s_expect (trust_kind_t kind, const char *path, const char *message)
{
    fault_t fault = {0};
    cadre_error_t error = trust_check ("thing", path, kind, &fault);
    assert_int_equal (error, message ? CADRE_ERROR_REFUSED : CADRE_OK);
    assert_int_equal (fault.code, error);
    if (message && !strstr (fault.text, message))
        fail_msg ("'%s' lacks '%s'", fault.text, message);
    assert_true (!message || strstr (fault.text, path));
}

static void test_modes (void **state)
{
    (void) state;
    s_expect (TRUST_SECRET, s_path, NULL); //  What is not there
    static const struct {
        mode_t mode;        //  Of the file
        const char *file;   //  What is said of a file
        const char *secret; //  And of a secret
    } cases [] = {{0600, NULL, NULL},
                  {0400, NULL, NULL},
                  {0644, NULL, "can be accessed by others (mode 0644): run chmod 600 on it"},
                  {0601, NULL, "(mode 0601)"},
                  {0620, "can be written by others (mode 0620): check it, and run chmod go-w on it",
                   "(mode 0620)"},
                  {0602, "(mode 0602)", "(mode 0602)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s_touch (s_path, cases [i].mode);
        s_expect (TRUST_FILE, s_path, cases [i].file);
        s_expect (TRUST_SECRET, s_path, cases [i].secret);
    }
}

static void test_folders (void **state)
{
    (void) state;
    fault_t fault = {0};
    s_expect (TRUST_FOLDER, s_folder, NULL);
    assert_int_equal (trust_check_around (s_path, &fault), CADRE_OK);
    assert_int_equal (chmod (s_folder, 0755), 0);
    s_expect (TRUST_FOLDER, s_folder, NULL);
    assert_int_equal (chmod (s_folder, 01777), 0); //  The sticky bit keeps nobody from making files
    s_expect (TRUST_FOLDER, s_folder, "can be written by others (mode 1777): check its content");
    assert_int_equal (trust_check_around (s_path, &fault), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (fault.text, s_folder));
    assert_int_equal (chmod (s_folder, 0700), 0);
    assert_int_equal (trust_check_around ("/proc/nonexistent/x", &fault), CADRE_OK);
    assert_int_equal (trust_check_around ("/x", &fault), CADRE_OK);
}

static void test_what_is_something_else (void **state)
{
    (void) state;
    s_touch (s_other, 0600);
    assert_int_equal (symlink (s_other, s_path), 0);
    s_expect (TRUST_FILE, s_path, "is not a file (links are not followed)");
    s_expect (TRUST_FOLDER, s_other, "is not a folder");
    s_expect (TRUST_SECRET, s_folder, "is not a file");
}

//  Root alone can give a file away
static void test_owners (void **state)
{
    (void) state;
    s_expect (TRUST_FILE, "/etc/passwd", NULL); //  Root's is as good as one's own
    if (geteuid () != 0)
        return;
    s_touch (s_path, 0600);
    assert_int_equal (chown (s_path, 4711, 0), 0);
    s_expect (TRUST_FILE, s_path, "belongs to user 4711, not to you (0)");
    s_expect (TRUST_SECRET, s_path, "chown");
    assert_int_equal (chown (s_path, 0, 4711), 0);
    s_expect (TRUST_SECRET, s_path, NULL);
}

//  Whatever was there, a file of others or a link, what is written goes into a file of one's own
static void test_make (void **state)
{
    (void) state;
    struct stat facts;
    for (int i = 0; i < 3; i++) {
        s_touch (s_other, 0600);
        if (i == 1)
            s_touch (s_path, 0666);
        if (i == 2)
            assert_int_equal (symlink (s_other, s_path), 0);
        mode_t before = umask (0);
        int fd = trust_make (s_path);
        umask (before);
        assert_true (fd >= 0);
        assert_int_equal (write (fd, "x", 1), 1);
        close (fd);
        assert_int_equal (lstat (s_path, &facts), 0);
        assert_true (S_ISREG (facts.st_mode));
        assert_int_equal (facts.st_mode & 07777, 0600);
        assert_int_equal (facts.st_size, 1);
        assert_int_equal (stat (s_other, &facts), 0);
        assert_int_equal (facts.st_size, 0);
        unlink (s_path);
    }
    assert_int_equal (trust_make ("/proc/nonexistent/x"), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {TEST (test_modes), TEST (test_folders),
                                        TEST (test_what_is_something_else), TEST (test_owners),
                                        TEST (test_make)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
