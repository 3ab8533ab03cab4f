//  spool_test.c - output that waits, in memory and beyond it

#include "client/cli/run/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/output/text.h"

static bool s_collect (void *argument, const char *bytes, size_t size)
{
    text_add (argument, bytes, size);
    return true;
}

static bool s_refuse (void *argument, const char *bytes, size_t size)
{
    (void) bytes;
    *(size_t *) argument += size;
    return false;
}

//  Bytes of two spools, written in turns, come back apart and in order, whatever part of them lies
//  in the file.
static void s_round (size_t memory_bytes)
{
    fault_t fault = {0};
    spool_store_t *store = spool_store_new (memory_bytes);
    spool_t spools [2] = {{0}, {0}};
    text_t expected [2] = {{0}, {0}};
    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 500; i++) {
            char piece [64];
            memset (piece, 'a' + (int) (i % 26), sizeof piece);
            const size_t size = i % sizeof piece;
            assert_int_equal (spool_append (store, &spools [i % 2], piece, size, &fault), CADRE_OK);
            text_add (&expected [i % 2], piece, size);
        }
        for (int i = 0; i < 2; i++) {
            text_t found = {0};
            assert_int_equal (spool_drain (store, &spools [i], s_collect, &found, &fault),
                              CADRE_OK);
            assert_int_equal (found.size, expected [i].size);
            assert_memory_equal (found.bytes, expected [i].bytes, found.size);
            text_free (&found);
            text_free (&expected [i]);
        }
    }
    spool_store_destroy (&store);
    spool_store_destroy (&store);
}

static void test_in_memory (void **state)
{
    (void) state;
    s_round (1 << 20);
}

static void test_partly_in_a_file (void **state)
{
    (void) state;
    s_round (1000);
}

static void test_all_in_a_file (void **state)
{
    (void) state;
    s_round (0);
}

static void test_a_sink_may_refuse (void **state)
{
    (void) state;
    fault_t fault = {0};
    size_t seen = 0;
    spool_store_t *store = spool_store_new (4);
    spool_t spool = {0};
    spool_append (store, &spool, "abcd", 4, &fault);
    spool_append (store, &spool, "efgh", 4, &fault);
    assert_int_equal (spool_drain (store, &spool, s_refuse, &seen, &fault), CADRE_OK);
    assert_int_equal (seen, 4);
    assert_null (spool.first);
    spool_store_destroy (&store);
}

static void test_a_folder_that_is_missing_is_named (void **state)
{
    (void) state;
    fault_t fault = {0};
    char *before = getenv ("TMPDIR") ? strdup (getenv ("TMPDIR")) : NULL;
    setenv ("TMPDIR", "/proc/nonexistent/folder", 1);
    spool_store_t *store = spool_store_new (0);
    spool_t spool = {0};
    assert_int_equal (spool_append (store, &spool, "abcd", 4, &fault), CADRE_ERROR_IO);
    assert_non_null (strstr (fault.text, "/proc/nonexistent/folder"));
    assert_non_null (strstr (fault.text, "TMPDIR"));
    spool_store_destroy (&store);
    if (before)
        setenv ("TMPDIR", before, 1);
    else
        unsetenv ("TMPDIR");
    free (before);
}

int main (void)
{
    const struct CMUnitTest tests [] = {
        cmocka_unit_test (test_in_memory),
        cmocka_unit_test (test_partly_in_a_file),
        cmocka_unit_test (test_all_in_a_file),
        cmocka_unit_test (test_a_sink_may_refuse),
        cmocka_unit_test (test_a_folder_that_is_missing_is_named),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
