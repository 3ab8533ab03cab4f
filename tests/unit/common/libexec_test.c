//  libexec_test.c - by which path a program executes itself again

#include "common/libexec.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LINK "/proc/self/exe"

//  The path is that of the file: valgrind and debuggers replace the link by a program of theirs.
static void test_a_program_is_its_file (void **state)
{
    (void) state;
    char again [LIBEXEC_PATH_BYTES], real [PATH_MAX];
    assert_non_null (realpath (LINK, real));
    assert_string_equal (libexec_again (again), real);
    assert_ptr_equal (libexec_present (again), again);
    assert_string_equal (libexec_present ("/bin/true"), "/bin/true");
}

//  In a copy of this program, whose file another one replaces.
static int s_replaced (void)
{
    char before [LIBEXEC_PATH_BYTES], after [LIBEXEC_PATH_BYTES];
    libexec_again (before);
    unlink (before);
    if (strcmp (libexec_again (after), LINK) != 0)
        return 1;
    int fd = open (before, O_WRONLY | O_CREAT | O_EXCL, 0700);
    if (fd < 0 || close (fd) != 0)
        return 2;
    if (strcmp (libexec_present (before), LINK) != 0)
        return 3;
    return strcmp (libexec_present ("/bin/true"), "/bin/true") == 0 ? 0 : 4;
}

static void s_copy (const char *to)
{
    char bytes [65536];
    int in = open (LINK, O_RDONLY | O_CLOEXEC);
    int out = open (to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    assert_true (in >= 0 && out >= 0);
    for (ssize_t size; (size = read (in, bytes, sizeof bytes)) > 0;)
        assert_int_equal (write (out, bytes, (size_t) size), size);
    close (in);
    close (out);
}

static void test_a_program_that_was_replaced (void **state)
{
    (void) state;
    char folder [] = "libexec_test.XXXXXX", path [64];
    int status = 0;
    assert_non_null (mkdtemp (folder));
    snprintf (path, sizeof path, "%s/copy", folder);
    s_copy (path);
    pid_t pid = fork ();
    if (pid == 0) {
        execl (path, path, "replaced", (char *) NULL);
        _exit (99);
    }
    assert_int_equal (waitpid (pid, &status, 0), pid);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 0);
    unlink (path);
    assert_int_equal (rmdir (folder), 0);
}

int main (int argc, char **argv)
{
    if (argc > 1 && strcmp (argv [1], "replaced") == 0)
        return s_replaced ();
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_a_program_is_its_file),
        cmocka_unit_test (test_a_program_that_was_replaced),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
