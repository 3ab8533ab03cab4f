//  access_test.c - access files: what is written is read, and what could be anybody's, or is not
//  whole, is refused

#include "common/access.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SERVER "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

#define KEYS                                                                                       \
    "server-key = \"" SERVER "\"\npublic-key = \"" PUBLIC "\"\nsecret-key = \"" SECRET "\"\n"
#define WHOLE "name = \"alice\"\nrole = \"client\"\n" KEYS

typedef struct scene {
    char folder [64]; // of the test
    char path [96];   // of the file
    access_t access;  // what was read
    fault_t fault;    // why not
} scene_t;

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    snprintf (self->folder, sizeof self->folder, "/tmp/cadre-access-XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->path, sizeof self->path, "%s/file", self->folder);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    unlink (self->path);
    int rc = rmdir (self->folder); //  Nothing else was left in it
    free (self);
    return rc;
}

static void s_put (const scene_t *self, const void *bytes, size_t size, mode_t mode)
{
    FILE *file = fopen (self->path, "we");
    assert_non_null (file);
    assert_int_equal (fwrite (bytes, 1, size, file), size);
    fclose (file);
    assert_int_equal (chmod (self->path, mode), 0);
}

static cadre_error_t s_read (scene_t *self, const char *text)
{
    s_put (self, text, strlen (text), 0600);
    self->fault = (fault_t){0};
    return access_read (&self->access, self->path, &self->fault);
}

static void s_expect_wiped (const scene_t *self)
{
    static const access_t none;
    assert_memory_equal (&self->access, &none, sizeof none);
}

//  Refused with that in the message, and nothing is kept.
static void s_expect (scene_t *self, const char *text, const char *why)
{
    assert_int_equal (s_read (self, text), CADRE_ERROR_CONFIGURATION);
    if (!strstr (self->fault.text, why))
        fail_msg ("'%s' instead of '%s'", self->fault.text, why);
    assert_null (strstr (self->fault.text, SECRET));
    s_expect_wiped (self);
}

//  ==== what is right ===============================================================

static void test_round_trip (void **state)
{
    scene_t *self = *state;
    access_t written = {.address = "tcp://hub:5700,tcp://[::1]:5700",
                        .name = "node-7.x",
                        .role = ROLE_WORKER,
                        .keys = {SERVER, PUBLIC, SECRET}};
    struct stat facts;
    umask (0);
    assert_int_equal (access_write (&written, self->path, &self->fault), CADRE_OK);
    assert_int_equal (stat (self->path, &facts), 0);
    assert_int_equal (facts.st_mode & 07777, 0600);
    assert_int_equal (access_read (&self->access, self->path, &self->fault), CADRE_OK);
    assert_string_equal (self->access.address, written.address);
    assert_string_equal (self->access.name, written.name);
    assert_int_equal (self->access.role, written.role);
    assert_memory_equal (&self->access.keys, &written.keys, sizeof written.keys);
    access_wipe (&self->access);
    s_expect_wiped (self);
}

static void test_without_address (void **state)
{
    scene_t *self = *state;
    access_t written = {.name = "a", .role = ROLE_ADMIN, .keys = {SERVER, PUBLIC, SECRET}};
    assert_int_equal (access_write (&written, self->path, &self->fault), CADRE_OK);
    assert_int_equal (access_read (&self->access, self->path, &self->fault), CADRE_OK);
    assert_string_equal (self->access.address, "");
}

static void test_what_editors_do (void **state)
{
    scene_t *self = *state;
    assert_int_equal (
        s_read (self, "# a comment\r\n\r\n  name=\"alice\"\r\n\trole \t= \"client\" \t\r\n" KEYS),
        CADRE_OK);
    assert_string_equal (self->access.name, "alice");
    assert_int_equal (s_read (self, "name = \"alice\"\nrole = \"client\"\nserver-key = \"" SERVER
                                    "\"\npublic-key = \"" PUBLIC "\"\nsecret-key = \"" SECRET "\""),
                      CADRE_OK); //  The last line has no end
    assert_int_equal (s_read (self, WHOLE "colour = \"blue\"\n"), CADRE_OK); //  Of a newer version
}

//  ==== who could have it ===========================================================

static void test_mode (void **state)
{
    scene_t *self = *state;
    static const mode_t modes [] = {0640, 0604, 0620, 0602, 0610, 0601, 0777, 04601};
    for (size_t i = 0; i < sizeof modes / sizeof modes [0]; i++) {
        s_put (self, WHOLE, strlen (WHOLE), modes [i]);
        assert_int_equal (access_read (&self->access, self->path, &self->fault),
                          CADRE_ERROR_REFUSED);
        assert_non_null (strstr (self->fault.text, "can be accessed by others"));
        assert_non_null (strstr (self->fault.text, "chmod 600"));
        s_expect_wiped (self);
    }
    s_put (self, WHOLE, strlen (WHOLE), 0400);
    assert_int_equal (access_read (&self->access, self->path, NULL), CADRE_OK);
}

static void test_owner (void **state)
{
    scene_t *self = *state;
    if (geteuid () != 0)
        skip (); //  Only root can give a file away
    s_put (self, WHOLE, strlen (WHOLE), 0600);
    assert_int_equal (chown (self->path, 4711, 0), 0);
    assert_int_equal (access_read (&self->access, self->path, &self->fault), CADRE_ERROR_REFUSED);
    assert_non_null (strstr (self->fault.text, "belongs to user 4711"));
}

static void test_no_file (void **state)
{
    scene_t *self = *state;
    assert_int_equal (access_read (&self->access, self->path, &self->fault),
                      CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (self->fault.text, "cannot be read: No such file"));
    assert_int_equal (access_read (&self->access, self->folder, &self->fault),
                      CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (self->fault.text, "is not a file"));
    assert_int_equal (mkfifo (self->path, 0600), 0); //  Would block for ever
    assert_int_equal (access_read (&self->access, self->path, &self->fault),
                      CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (self->fault.text, "is not a file"));
    assert_int_equal (access_read (&self->access, self->path, NULL), CADRE_ERROR_CONFIGURATION);
}

//  ==== what is in it ===============================================================

static void test_not_whole (void **state)
{
    scene_t *self = *state;
    s_expect (self, "", "is incomplete");
    s_expect (self, "# nothing\n", "is incomplete");
    s_expect (self, KEYS, "is incomplete");
    s_expect (self, "name = \"alice\"\n" KEYS, "is incomplete");
    s_expect (self, "role = \"client\"\n" KEYS, "is incomplete");
    s_expect (self, "name = \"alice\"\nrole = \"client\"\nserver-key = \"" SERVER "\"\n",
              "is incomplete");
}

static void test_odd_lines (void **state)
{
    scene_t *self = *state;
    static const char *const lines [] = {"name\n",
                                         "= \"alice\"\n",
                                         "name alice\n",
                                         "name = alice\n",
                                         "name = 'alice'\n",
                                         "name = \"alice\n",
                                         "name = \"al\"ice\"\n",
                                         "name = \"alice\" # a comment\n",
                                         "name = \"\"\n",
                                         "name = \"al ice\"\n",
                                         "name = \"../alice\"\n",
                                         "role = \"king\"\n",
                                         "role = \"\"\n",
                                         "public-key = \"\"\n",
                                         "name == \"alice\"\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines [0]; i++) {
        char text [1024];
        snprintf (text, sizeof text, "# first\n%s%s", lines [i], WHOLE);
        s_expect (self, text, "line 2 of access file");
    }
}

static void test_odd_keys (void **state)
{
    scene_t *self = *state;
    static const char *const names [] = {"server-key", "public-key", "secret-key"};
    static const char *const values [] = {"short", SERVER "x",
                                          "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf ",
                                          "########################################"};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 4; j++) {
            char text [1024];
            snprintf (text, sizeof text, "%s%s = \"%s\"\n", WHOLE, names [i], values [j]);
            s_expect (self, text, "line 6 of access file");
        }
}

//  The rest of a line that is too long is no line of its own.
static void test_lines_without_end (void **state)
{
    scene_t *self = *state;
    char text [8192];
    for (size_t size = 1000; size < 4000; size++) {
        int used = snprintf (text, sizeof text, "%s#", WHOLE);
        memset (text + used, 'x', size);
        snprintf (text + used + size, sizeof text - (size_t) used - size, "role = \"admin\"\n");
        cadre_error_t error = s_read (self, text);
        if (error)
            assert_non_null (strstr (self->fault.text, "line 6 of access file"));
        else
            assert_int_equal (self->access.role, ROLE_CLIENT);
        if (size > ACCESS_ADDRESS_BYTES + 64)
            assert_int_equal (error, CADRE_ERROR_CONFIGURATION);
    }
    int used = snprintf (text, sizeof text, "%saddress = \"", WHOLE);
    memset (text + used, 'x', ACCESS_ADDRESS_BYTES);
    snprintf (text + used + ACCESS_ADDRESS_BYTES, 8, "\"\n");
    s_expect (self, text, "line 6 of access file");
}

static void test_nul (void **state)
{
    scene_t *self = *state;
    static const char text [] = WHOLE "name = \"bob\"\0 what\n";
    s_put (self, text, sizeof text - 1, 0600);
    assert_int_equal (access_read (&self->access, self->path, &self->fault),
                      CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (self->fault.text, "line 6"));
    s_put (self, "\0", 1, 0600);
    assert_int_equal (access_read (&self->access, self->path, &self->fault),
                      CADRE_ERROR_CONFIGURATION);
}

static void test_purpose (void **state)
{
    scene_t *self = *state;
    static const char *const roles [] = {"client", "observer", "admin", "worker"};
    for (size_t i = 0; i < 4; i++) {
        char text [1024];
        bool worker = i == 3;
        snprintf (text, sizeof text, "name = \"alice\"\nrole = \"%s\"\n%s", roles [i], KEYS);
        s_put (self, text, strlen (text), 0600);
        assert_int_equal (access_read_for (&self->access, self->path, worker, &self->fault),
                          CADRE_OK);
        assert_int_equal (access_read_for (&self->access, self->path, !worker, &self->fault),
                          CADRE_ERROR_REFUSED);
        assert_non_null (strstr (self->fault.text, "the key alice in"));
        s_expect_wiped (self);
    }
}

//  ==== writing =====================================================================

//  Whoever reads meanwhile has the one or the other; whoever can read the old one does not get the
//  new one by it.
static void test_written_anew (void **state)
{
    scene_t *self = *state;
    access_t access = {.name = "alice", .role = ROLE_CLIENT, .keys = {SERVER, PUBLIC, SECRET}};
    char line [256];
    struct stat facts;
    s_put (self, "old\n", 4, 0666);
    FILE *old = fopen (self->path, "re");
    assert_int_equal (access_write (&access, self->path, &self->fault), CADRE_OK);
    assert_non_null (fgets (line, sizeof line, old));
    assert_string_equal (line, "old\n");
    assert_null (fgets (line, sizeof line, old));
    fclose (old);
    assert_int_equal (stat (self->path, &facts), 0);
    assert_int_equal (facts.st_mode & 07777, 0600);
}

static void test_not_written (void **state)
{
    scene_t *self = *state;
    access_t access = {.name = "alice", .role = ROLE_CLIENT, .keys = {SERVER, PUBLIC, SECRET}};
    assert_int_equal (access_write (&access, "/proc/no/such/file", &self->fault), CADRE_ERROR_IO);
    assert_non_null (strstr (self->fault.text, "cannot be written: No such file"));
    assert_int_equal (access_write (&access, self->folder, &self->fault),
                      CADRE_ERROR_IO); //  A folder
    FILE *full = fopen ("/dev/full", "we");
    assert_false (access_print (&access, full));
    fclose (full);
}

static void test_path (void **state)
{
    (void) state;
    unsetenv (ACCESS_VARIABLE);
    assert_null (access_path (NULL));
    setenv (ACCESS_VARIABLE, "", 1);
    assert_null (access_path (NULL));
    setenv (ACCESS_VARIABLE, "/there", 1);
    assert_string_equal (access_path (NULL), "/there");
    assert_string_equal (access_path ("here"), "here");
    assert_null (access_path (""));
    unsetenv (ACCESS_VARIABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_round_trip),
        TEST (test_without_address),
        TEST (test_what_editors_do),
        TEST (test_mode),
        TEST (test_owner),
        TEST (test_no_file),
        TEST (test_not_whole),
        TEST (test_odd_lines),
        TEST (test_odd_keys),
        TEST (test_nul),
        TEST (test_lines_without_end),
        TEST (test_purpose),
        TEST (test_written_anew),
        TEST (test_not_written),
        TEST (test_path),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
