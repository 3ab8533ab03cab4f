//  keydir_test.c - the operator's folder of keys: made, filled, read, and refused when it is
//  damaged or others can write it

#include "common/keydir.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

typedef struct scene {
    char folder [64];                  // of the test
    char path [96];                    // of the keys; not there at first
    char public_key [KEYS_TEXT_BYTES]; // the broker's
    char secret_key [KEYS_TEXT_BYTES]; // the broker's
    unsigned count;                    // entries seen
    unsigned most;                     // entries that are taken
    keydir_entry_t entry;              // the last one; without its functions
    char functions [128];              // they, with spaces
    fault_t fault;                     // why not
} scene_t;

static int s_setup (void **state)
{
    scene_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    snprintf (self->folder, sizeof self->folder, "/tmp/cadre-keydir-XXXXXX");
    assert_non_null (mkdtemp (self->folder));
    snprintf (self->path, sizeof self->path, "%s/deep/keys", self->folder);
    self->most = 1000;
    umask (0);
    *state = self;
    return 0;
}

static int s_remove (const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status, (void) kind, (void) place;
    return remove (path);
}

static int s_teardown (void **state)
{
    scene_t *self = *state;
    nftw (self->folder, s_remove, 8, FTW_DEPTH | FTW_PHYS);
    free (self);
    return 0;
}

static cadre_error_t s_broker (scene_t *self, bool make)
{
    self->fault = (fault_t){0};
    return keydir_broker (self->path, make, self->public_key, self->secret_key, &self->fault);
}

static cadre_error_t s_put (scene_t *self, const char *name, role_t role, const char *function,
                            bool replace)
{
    keydir_entry_t entry = {
        .role = role, .functions = {function}, .functions_count = function != NULL};
    char secret_key [KEYS_TEXT_BYTES];
    snprintf (entry.name, sizeof entry.name, "%s", name);
    zmq_curve_keypair (entry.public_key, secret_key);
    self->fault = (fault_t){0};
    return keydir_put (self->path, &entry, replace, &self->fault);
}

static cadre_error_t s_take (void *owner, const keydir_entry_t *entry, fault_t *fault)
{
    scene_t *self = owner;
    if (self->count == self->most)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE, "enough");
    self->count++;
    self->entry = *entry;
    self->functions [0] = '\0';
    for (size_t i = 0, used = 0; i < entry->functions_count; i++)
        used += (size_t) snprintf (self->functions + used, sizeof self->functions - used, "%s ",
                                   entry->functions [i]);
    return CADRE_OK;
}

static cadre_error_t s_each (scene_t *self)
{
    self->fault = (fault_t){0};
    self->count = 0;
    return keydir_each (self->path, s_take, self, &self->fault);
}

static const char *s_file (const scene_t *self, const char *name)
{
    static char path [256];
    snprintf (path, sizeof path, "%s/%s", self->path, name);
    return path;
}

static mode_t s_mode (const char *path)
{
    struct stat facts;
    assert_int_equal (stat (path, &facts), 0);
    return facts.st_mode & 07777;
}

static void s_write (const scene_t *self, const char *name, const char *text)
{
    FILE *file = fopen (s_file (self, name), "we");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    chmod (s_file (self, name), 0600);
}

static void s_expect (scene_t *self, cadre_error_t error, cadre_error_t expected, const char *why)
{
    assert_int_equal (error, expected);
    if (!strstr (self->fault.text, why))
        fail_msg ("'%s' instead of '%s'", self->fault.text, why);
}

//  ==== the broker's key ============================================================

static void test_made (void **state)
{
    scene_t *self = *state;
    char public_key [KEYS_TEXT_BYTES], derived [KEYS_TEXT_BYTES];
    assert_false (keydir_exists (self->path));
    s_expect (self, s_broker (self, false), CADRE_ERROR_CONFIGURATION,
              "cadre keygen NAME --role ROLE makes one");
    assert_int_equal (s_broker (self, true), CADRE_OK);
    assert_true (keydir_exists (self->path));
    assert_int_equal (s_mode (self->path), 0700);
    assert_int_equal (s_mode (s_file (self, "broker.key")), 0600);
    memcpy (public_key, self->public_key, sizeof public_key);
    zmq_curve_public (derived, self->secret_key);
    assert_string_equal (derived, public_key);
    assert_int_equal (s_broker (self, true), CADRE_OK); //  And never made anew
    assert_string_equal (self->public_key, public_key);
}

static void test_secret_of_others (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    static const mode_t modes [] = {0640, 0604, 0660, 0610, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes [0]; i++) {
        chmod (s_file (self, "broker.key"), modes [i]);
        s_expect (self, s_broker (self, true), CADRE_ERROR_REFUSED, "can be accessed by others");
    }
}

static void test_damaged_broker_key (void **state)
{
    scene_t *self = *state;
    char text [512], other [KEYS_TEXT_BYTES], secret_key [KEYS_TEXT_BYTES];
    s_broker (self, true);
    zmq_curve_keypair (other, secret_key);
    static const char *const texts [] = {"", "rubbish", "curve\n",
                                         "curve\n    public-key = \"x\"\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts [0]; i++) {
        s_write (self, "broker.key", texts [i]);
        s_expect (self, s_broker (self, true), CADRE_ERROR_CONFIGURATION,
                  "is not the key of a broker");
    }
    snprintf (text, sizeof text, "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
              self->public_key, secret_key);
    s_write (self, "broker.key", text);
    s_expect (self, s_broker (self, true), CADRE_ERROR_CONFIGURATION, "is not the key of a broker");
    snprintf (text, sizeof text, "curve\n    public-key = \"%s\"\n", self->public_key);
    s_write (self, "broker.key", text); //  The secret half is missing
    s_expect (self, s_broker (self, true), CADRE_ERROR_CONFIGURATION, "is not the key of a broker");
}

//  Whoever can write there would let in whom he likes.
static void test_folder_of_others (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    s_put (self, "alice", ROLE_CLIENT, NULL, false);
    static const mode_t modes [] = {0770, 0702, 0777, 01777};
    for (size_t i = 0; i < sizeof modes / sizeof modes [0]; i++) {
        chmod (self->path, modes [i]);
        s_expect (self, s_broker (self, false), CADRE_ERROR_REFUSED, "can be written by others");
        s_expect (self, s_each (self), CADRE_ERROR_REFUSED, "can be written by others");
    }
    chmod (self->path, 0755);
    assert_int_equal (s_broker (self, false), CADRE_OK);
    chmod (s_file (self, "alice.pub"), 0664);
    s_expect (self, s_each (self), CADRE_ERROR_REFUSED,
              "alice.pub can be written by others (mode 0664)");
    chmod (s_file (self, "alice.pub"), 0644);
    assert_int_equal (s_each (self), CADRE_OK);
}

//  czmq would take this one for the secret of the other
static void test_file_beside (void **state)
{
    scene_t *self = *state;
    char public_key [KEYS_TEXT_BYTES];
    s_broker (self, true);
    memcpy (public_key, self->public_key, sizeof public_key);
    s_write (self, "broker.key_secret", "rubbish");
    s_put (self, "alice", ROLE_CLIENT, NULL, false);
    s_write (self, "alice.pub_secret", "metadata\n    name = \"alice\"\n    role = \"admin\"\n");
    assert_int_equal (s_broker (self, false), CADRE_OK);
    assert_string_equal (self->public_key, public_key);
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->entry.role, ROLE_CLIENT);
}

//  ==== peers =======================================================================

static void test_put_and_each (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->count, 0);
    assert_int_equal (s_put (self, "web-1", ROLE_CLIENT, "image.*", false), CADRE_OK);
    assert_int_equal (s_mode (s_file (self, "web-1.pub")), 0600);
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->count, 1);
    assert_string_equal (self->entry.name, "web-1");
    assert_int_equal (self->entry.role, ROLE_CLIENT);
    assert_true (keys_is_key (self->entry.public_key));
    assert_string_equal (self->functions, "image.* ");
    assert_int_equal (s_put (self, "node", ROLE_WORKER, NULL, false), CADRE_OK);
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->count, 2);
    self->most = 1;
    s_expect (self, s_each (self), CADRE_ERROR_TOO_LARGE, "enough");
}

static void test_put_anew (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    s_expect (self, s_put (self, "alice", ROLE_CLIENT, NULL, true), CADRE_ERROR_NOT_FOUND,
              "there is no key alice");
    assert_int_equal (s_put (self, "alice", ROLE_CLIENT, NULL, false), CADRE_OK);
    s_each (self);
    keydir_entry_t before = self->entry;
    s_expect (self, s_put (self, "alice", ROLE_ADMIN, NULL, false), CADRE_ERROR_ARGUMENT,
              "there is a key alice already");
    assert_int_equal (s_put (self, "alice", ROLE_OBSERVER, NULL, true), CADRE_OK);
    s_each (self);
    assert_int_equal (self->count, 1);
    assert_int_equal (self->entry.role, ROLE_OBSERVER);
    assert_string_not_equal (self->entry.public_key, before.public_key);
}

//  The file of hand, as somebody wrote it
static cadre_error_t s_hand (scene_t *self, const char *role, const char *more)
{
    char text [512];
    keydir_entry_t entry;
    snprintf (text, sizeof text,
              "metadata\n    name = \"hand\"\n    role = \"%s\"\n%s"
              "curve\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n",
              role, more);
    s_write (self, "hand.pub", text);
    cadre_error_t error = keydir_get (self->path, "hand", &entry, &self->fault);
    if (!error)
        keydir_free (&entry);
    return error;
}

//  Own unless the file says all; what it says and nobody understands is no reason to let the key do
//  more.
static void test_whose_jobs (void **state)
{
    scene_t *self = *state;
    keydir_entry_t entry;
    s_broker (self, true);
    assert_int_equal (s_put (self, "alice", ROLE_CLIENT, NULL, false), CADRE_OK);
    assert_int_equal (keydir_get (self->path, "alice", &entry, &self->fault), CADRE_OK);
    assert_false (entry.all_jobs);
    assert_string_equal (entry.holder, entry.public_key);
    char first [KEYS_TEXT_BYTES];
    memcpy (first, entry.holder, sizeof first);
    memcpy (entry.public_key, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs", KEYS_TEXT_BYTES);
    entry.all_jobs = true;
    assert_int_equal (keydir_put (self->path, &entry, true, &self->fault), CADRE_OK);
    keydir_free (&entry);
    assert_int_equal (keydir_get (self->path, "alice", &entry, &self->fault), CADRE_OK);
    assert_true (entry.all_jobs);
    assert_string_equal (entry.holder, first);
    assert_string_not_equal (entry.public_key, first);
    keydir_free (&entry);
    assert_int_equal (s_hand (self, "client", ""), CADRE_OK); //  Of an older release
    assert_int_equal (s_hand (self, "client", "    jobs = \"all\"\n"), CADRE_OK);
    assert_int_equal (s_hand (self, "observer", ""), CADRE_OK);
    s_expect (self, s_hand (self, "client", "    jobs = \"some\"\n"), CADRE_ERROR_CONFIGURATION,
              "is not a public key");
    s_expect (self, s_hand (self, "observer", "    jobs = \"own\"\n"), CADRE_ERROR_CONFIGURATION,
              "is not a public key");
    s_expect (self, s_hand (self, "client", "    holder = \"nobody\"\n"), CADRE_ERROR_CONFIGURATION,
              "is not a public key");
}

static void test_get (void **state)
{
    scene_t *self = *state;
    keydir_entry_t entry;
    s_broker (self, true);
    s_put (self, "web", ROLE_CLIENT, "square", false);
    assert_int_equal (keydir_get (self->path, "web", &entry, &self->fault), CADRE_OK);
    assert_string_equal (entry.name, "web");
    assert_int_equal (entry.functions_count, 1);
    assert_string_equal (entry.functions [0], "square");
    keydir_free (&entry);
    keydir_free (&entry);
    assert_int_equal (keydir_get (self->path, "bob", &entry, &self->fault), CADRE_ERROR_NOT_FOUND);
    assert_int_equal (keydir_get (self->path, "../web", &entry, &self->fault),
                      CADRE_ERROR_ARGUMENT);
}

static void test_remove (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    s_put (self, "alice", ROLE_CLIENT, NULL, false);
    s_put (self, "bob", ROLE_CLIENT, NULL, false);
    assert_int_equal (keydir_remove (self->path, "alice", &self->fault), CADRE_OK);
    assert_int_equal (keydir_remove (self->path, "alice", &self->fault), CADRE_ERROR_NOT_FOUND);
    assert_int_equal (keydir_remove (self->path, "alice", NULL), CADRE_ERROR_NOT_FOUND);
    assert_int_equal (keydir_remove (self->path, "../keys/bob", &self->fault),
                      CADRE_ERROR_ARGUMENT);
    s_each (self);
    assert_int_equal (self->count, 1);
    assert_string_equal (self->entry.name, "bob");
}

#define CURVE "curve\n    public-key = \"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\"\n"

static void test_damaged_files (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    static const char *const texts [] = {
        "", "rubbish", CURVE, "metadata\n    name = \"x\"\n    role = \"client\"\n",
        "metadata\n    name = \"x\"\n" CURVE, "metadata\n    role = \"client\"\n" CURVE,
        "metadata\n    name = \"x\"\n    role = \"king\"\n" CURVE,
        "metadata\n    name = \"x\"\n    role = \"client\"\ncurve\n    public-key = \"short\"\n",
        "metadata\n    name = \"y\"\n    role = \"client\"\n" CURVE, //  Revoking y would not remove
                                                                     //  it
        "metadata\n    name = \"../x\"\n    role = \"client\"\n" CURVE,
        "metadata\n    name = \"x\"\n    role = \"client\"\n    function-1 = \"\"\n" CURVE};
    for (size_t i = 0; i < sizeof texts / sizeof texts [0]; i++) {
        s_write (self, "x.pub", texts [i]);
        s_expect (self, s_each (self), CADRE_ERROR_CONFIGURATION, "x.pub is not a public key");
    }
    s_write (self, "x.pub", "metadata\n    name = \"x\"\n    role = \"client\"\n" CURVE);
    assert_int_equal (s_each (self), CADRE_OK);
    unlink (s_file (self, "x.pub"));
    s_write (self, ".x.pub", "metadata\n    name = \"x\"\n    role = \"client\"\n" CURVE);
    s_expect (self, s_each (self), CADRE_ERROR_CONFIGURATION, ".x.pub is not a public key");
}

//  A pattern that is lost must not widen what the others allow.
static void test_functions_by_hand (void **state)
{
    scene_t *self = *state;
    char text [8192];
    s_broker (self, true);
    s_write (
        self, "x.pub",
        "metadata\n    name = \"x\"\n    role = \"client\"\n    function-2 = \"square\"\n" CURVE);
    assert_int_equal (s_each (self), CADRE_OK);
    assert_string_equal (self->functions, "square ");
    int used = snprintf (text, sizeof text, "metadata\n    name = \"x\"\n    role = \"client\"\n");
    for (int i = 1; i <= KEYDIR_FUNCTIONS_MAX + 1; i++)
        used += snprintf (text + used, sizeof text - (size_t) used, "    function-%d = \"f%d\"\n",
                          i, i);
    snprintf (text + used, sizeof text - (size_t) used, "%s", CURVE);
    s_write (self, "x.pub", text);
    s_expect (self, s_each (self), CADRE_ERROR_CONFIGURATION, "x.pub is not a public key");
}

static void test_patterns_that_cannot_be_written (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    static const char *const patterns [] = {"", "a\"b", "a\nrole = \"admin\"", "\t", "\x7f"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns [0]; i++)
        s_expect (self, s_put (self, "web", ROLE_CLIENT, patterns [i], false), CADRE_ERROR_ARGUMENT,
                  "is not a pattern of functions");
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->count, 0);
    static const char *const fine [] = {"a b", "#", "im?ge.[a-z]*", "it's", "\xc3\xa9*", "= x"};
    for (size_t i = 0; i < sizeof fine / sizeof fine [0]; i++) {
        assert_int_equal (s_put (self, "web", ROLE_CLIENT, fine [i], i > 0), CADRE_OK);
        assert_int_equal (s_each (self), CADRE_OK);
        assert_memory_equal (self->functions, fine [i], strlen (fine [i]));
        assert_string_equal (self->functions + strlen (fine [i]), " ");
    }
}

static void test_other_files (void **state)
{
    scene_t *self = *state;
    s_broker (self, true);
    s_put (self, "alice", ROLE_CLIENT, NULL, false);
    s_write (self, "README", "hello");
    s_write (self, "bob.pub~", "rubbish");
    s_write (self, "bob.pub.4711", "rubbish");
    s_write (self, ".pub", "rubbish");
    assert_int_equal (s_each (self), CADRE_OK);
    assert_int_equal (self->count, 1);
}

static void test_no_folder (void **state)
{
    scene_t *self = *state;
    s_expect (self, s_each (self), CADRE_ERROR_CONFIGURATION, "cannot be read: No such file");
    s_expect (self, s_put (self, "alice", ROLE_CLIENT, NULL, false), CADRE_ERROR_IO,
              "cannot be written");
    snprintf (self->path, sizeof self->path, "/dev/null/keys");
    s_expect (self, s_broker (self, true), CADRE_ERROR_IO, "cannot be made");
}

static void test_default (void **state)
{
    scene_t *self = *state;
    char path [KEYDIR_PATH_BYTES];
    setenv ("XDG_CONFIG_HOME", "/x", 1);
    assert_int_equal (keydir_default (path, NULL), CADRE_OK);
    assert_string_equal (path, "/x/cadre/keys");
    setenv ("XDG_CONFIG_HOME", "", 1);
    setenv ("HOME", "/home/me", 1);
    assert_int_equal (keydir_default (path, NULL), CADRE_OK);
    assert_string_equal (path, "/home/me/.config/cadre/keys");
    unsetenv ("HOME");
    s_expect (self, keydir_default (path, &self->fault), CADRE_ERROR_CONFIGURATION, "set HOME");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (test_made),
        TEST (test_secret_of_others),
        TEST (test_damaged_broker_key),
        TEST (test_folder_of_others),
        TEST (test_file_beside),
        TEST (test_put_and_each),
        TEST (test_put_anew),
        TEST (test_whose_jobs),
        TEST (test_get),
        TEST (test_remove),
        TEST (test_damaged_files),
        TEST (test_functions_by_hand),
        TEST (test_patterns_that_cannot_be_written),
        TEST (test_other_files),
        TEST (test_no_folder),
        TEST (test_default),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
