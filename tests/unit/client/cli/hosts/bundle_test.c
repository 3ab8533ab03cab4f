//  bundle_test.c - files that are sent, known by their hash

#include "client/cli/hosts/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder [64];

static int s_set_up (void **state)
{
    (void) state;
    snprintf (s_folder, sizeof s_folder, "/tmp/cadre-bundle-XXXXXX");
    return mkdtemp (s_folder) ? 0 : -1;
}

static int s_tear_down (void **state)
{
    (void) state;
    char command [128];
    snprintf (command, sizeof command, "rm -rf %s", s_folder);
    return system (command);
}

static const char *s_file (const char *name, const char *text, mode_t mode)
{
    static char path [256];
    snprintf (path, sizeof path, "%s/%s", s_folder, name);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
    chmod (path, mode);
    return path;
}

static void test_hash (void **state)
{
    (void) state;
    char hash [BUNDLE_HASH_BYTES];
    bundle_hash ("abc", 3, hash);
    assert_string_equal (hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    bundle_hash ("", 0, hash);
    assert_string_equal (hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_file (void **state)
{
    (void) state;
    fault_t fault = {0};
    bundle_t *bundle = bundle_new ();
    assert_int_equal (bundle_add_file (bundle, s_file ("a b", "abc", 0755), &fault), CADRE_OK);
    assert_int_equal (bundle_add_file (bundle, s_file ("empty", "", 0600), &fault), CADRE_OK);
    assert_int_equal (bundle_count (bundle), 2);
    const bundle_file_t *file = bundle_at (bundle, 0);
    assert_string_equal (file->target, "files/a b");
    assert_int_equal (file->mode, 0755);
    assert_int_equal (file->size, 3);
    assert_memory_equal (file->bytes, "abc", 3);
    assert_ptr_equal (bundle_find (bundle, file->hash), file);
    assert_null (bundle_find (bundle, "0"));
    assert_int_equal (bundle_at (bundle, 1)->mode, 0644);
    bundle_destroy (&bundle);
    bundle_destroy (&bundle);
}

static void test_same_name (void **state)
{
    (void) state;
    fault_t fault = {0};
    bundle_t *bundle = bundle_new ();
    assert_int_equal (bundle_add_file (bundle, s_file ("a", "abc", 0644), &fault), CADRE_OK);
    assert_int_equal (bundle_add_file (bundle, s_file ("a", "abc", 0644), &fault), CADRE_OK);
    assert_int_equal (bundle_count (bundle), 1);
    char other [256];
    snprintf (other, sizeof other, "%s/below", s_folder);
    mkdir (other, 0700);
    assert_int_equal (bundle_add_file (bundle, s_file ("below/a", "abd", 0644), &fault),
                      CADRE_ERROR_ARGUMENT);
    assert_non_null (strstr (fault.text, "two different files"));
    bundle_destroy (&bundle);
}

static void test_refused (void **state)
{
    (void) state;
    fault_t fault = {0};
    bundle_t *bundle = bundle_new ();
    assert_int_equal (bundle_add_file (bundle, "/proc/no/such/file", &fault), CADRE_ERROR_IO);
    fault_clear (&fault);
    assert_int_equal (bundle_add_file (bundle, s_folder, &fault), CADRE_ERROR_ARGUMENT);
    fault_clear (&fault);
    assert_int_equal (bundle_add_file (bundle, s_file ("new\nline", "", 0644), &fault),
                      CADRE_ERROR_ARGUMENT);
    assert_int_equal (bundle_count (bundle), 0);
    bundle_destroy (&bundle);
}

//  The worker comes with libzmq, and never with a C library.
static void test_worker (void **state)
{
    (void) state;
    fault_t fault = {0};
    bundle_t *bundle = bundle_new ();
    assert_int_equal (bundle_add_worker (bundle, &fault), CADRE_OK);
    size_t worker = 0, slot = 0, zmq = 0;
    for (size_t i = 0; i < bundle_count (bundle); i++) {
        const char *place = bundle_at (bundle, i)->target;
        worker += strcmp (place, "bundle/cadre-worker") == 0;
        slot += strcmp (place, "bundle/cadre-slot") == 0;
        zmq += strncmp (place, "bundle/cadre-lib/libzmq.so", 26) == 0;
        assert_null (strstr (place, "libc.so"));
        assert_null (strstr (place, "ld-linux"));
    }
    assert_int_equal (worker + slot + zmq, 3);
    bundle_destroy (&bundle);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_hash),      cmocka_unit_test (test_file),
        cmocka_unit_test (test_same_name), cmocka_unit_test (test_refused),
        cmocka_unit_test (test_worker),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
