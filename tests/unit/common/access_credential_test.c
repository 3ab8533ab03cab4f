//  access_credential_test.c - an access file that systemd hands over as a credential is taken, and
//  nothing else that looks like one

#include "common/access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder [40];
static char s_file [64];

static int s_setup (void **state)
{
    static const access_t access = {
        .name = "node",
        .role = ROLE_WORKER,
        .keys = {.server_key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
                 .public_key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
                 .secret_key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"}};
    (void) state;
    snprintf (s_folder, sizeof s_folder, "/tmp/cadre-credential-XXXXXX");
    if (!mkdtemp (s_folder))
        return -1;
    snprintf (s_file, sizeof s_file, "%s/access", s_folder);
    setenv ("CREDENTIALS_DIRECTORY", s_folder, 1);
    return access_write (&access, s_file, NULL) ? -1 : 0;
}

static int s_teardown (void **state)
{
    (void) state;
    unsetenv ("CREDENTIALS_DIRECTORY");
    chmod (s_folder, 0700);
    unlink (s_file);
    return rmdir (s_folder);
}

static cadre_error_t s_read (mode_t folder, mode_t file)
{
    access_t access;
    assert_int_equal (chmod (s_folder, folder), 0);
    assert_int_equal (chmod (s_file, file), 0);
    return access_read (&access, s_file, NULL);
}

//  A credential belongs to root.
static void s_needs_root (void)
{
    if (geteuid () != 0)
        skip ();
}

static void test_credential (void **state)
{
    (void) state;
    s_needs_root ();
    assert_int_equal (s_read (0550, 0440), CADRE_OK);
    assert_int_equal (s_read (0500, 0400), CADRE_OK);
}

static void test_others_may_use_it (void **state)
{
    (void) state;
    assert_int_equal (s_read (0700, 0444), CADRE_ERROR_REFUSED);
    assert_int_equal (s_read (0700, 0460), CADRE_ERROR_REFUSED);
    assert_int_equal (s_read (0755, 0440), CADRE_ERROR_REFUSED);
    assert_int_equal (s_read (0770, 0440), CADRE_ERROR_REFUSED);
}

static void test_not_in_that_folder (void **state)
{
    (void) state;
    char below [80];
    setenv ("CREDENTIALS_DIRECTORY", "/tmp", 1);
    assert_int_equal (s_read (0550, 0440), CADRE_ERROR_REFUSED);
    snprintf (below, sizeof below, "%s/acc", s_folder);
    setenv ("CREDENTIALS_DIRECTORY", below, 1);
    assert_int_equal (s_read (0550, 0440), CADRE_ERROR_REFUSED);
    setenv ("CREDENTIALS_DIRECTORY", "", 1);
    assert_int_equal (s_read (0550, 0440), CADRE_ERROR_REFUSED);
    unsetenv ("CREDENTIALS_DIRECTORY");
    assert_int_equal (s_read (0550, 0440), CADRE_ERROR_REFUSED);
}

static void test_not_of_root (void **state)
{
    (void) state;
    s_needs_root ();
    assert_int_equal (chown (s_file, 12345, (gid_t) -1), 0);
    assert_int_equal (s_read (0550, 0440), CADRE_ERROR_REFUSED);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test_setup_teardown (test_credential, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_others_may_use_it, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_not_in_that_folder, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown (test_not_of_root, s_setup, s_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
