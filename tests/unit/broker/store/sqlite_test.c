//  sqlite_test.c - the store in a file: where it may be, who may open it, how large it gets

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
#include <sqlite3.h>

#include "broker/store/row.h"
#include "broker/store/sqlite.h"
#include "tests/lib/rigs/store_rig.h"

#define MIB (1024u * 1024)
#define NOBODY 65534

static void test_files_and_their_modes (void **state)
{
    store_rig_t *rig = *state;
    static const char *const suffixes [] = {"", "-wal", "-shm", ".lock"};
    struct stat status;
    mode_t mask = umask (0);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    store_rig_wait (rig, store_rig_append (rig, 1, 100, NULL));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal (stat (store_rig_beside (rig, suffixes [i]), &status), 0);
        assert_int_equal (status.st_mode & 0777, 0600);
    }
    store_rig_close (rig);
    umask (mask);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal (store_rig_size (rig, suffixes [i]), -1);
    assert_int_equal (store_rig_size (rig, ".new"), -1);
}

static void test_the_holder_is_named (void **state)
{
    store_rig_t *rig = *state;
    int ready [2], done [2];
    char byte = 0, who [64];
    assert_int_equal (pipe (ready) | pipe (done), 0);
    pid_t pid = fork ();
    if (pid == 0) {
        byte = store_rig_open (rig) == CADRE_OK;
        _exit (write (ready [1], &byte, 1) != 1 || read (done [0], &byte, 1) != 1);
    }
    assert_int_equal (read (ready [0], &byte, 1), 1);
    assert_int_equal (byte, 1);
    assert_int_equal (store_rig_open (rig), CADRE_ERROR_ADDRESS_IN_USE);
    snprintf (who, sizeof who, "process %ld on ", (long) pid);
    assert_non_null (strstr (rig->fault.text, who));
    assert_non_null (strstr (rig->fault.text, rig->path));
    kill (pid, SIGKILL);
    waitpid (pid, NULL, 0);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    for (int i = 0; i < 2; i++) {
        close (ready [i]);
        close (done [i]);
    }
}

static void test_two_names_share_a_lock (void **state)
{
    store_rig_t *rig = *state;
    fault_t fault = {0};
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (symlink (rig->path, store_rig_beside (rig, "-link")), 0);
    assert_null (sqlite_open (store_rig_beside (rig, "-link"), NULL, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_ADDRESS_IN_USE);
}

static void test_a_lock_file_alone_locks_nobody_out (void **state)
{
    store_rig_t *rig = *state;
    store_rig_save (store_rig_beside (rig, ".lock"), "1 elsewhere\n", 12);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
}

//  Somebody removed the lock file of a broker that runs: the boot count tells the first one with
//  its next commit.
static void test_a_store_that_was_taken_over (void **state)
{
    store_rig_t *rig = *state;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (store_rig_wait (rig, store_rig_append (rig, 1, 10, NULL)), CADRE_OK);
    unlink (store_rig_beside (rig, ".lock"));
    store_t *second = sqlite_open (rig->path, NULL, &rig->fault);
    assert_non_null (second);
    assert_int_equal (store_scan (second, NULL, NULL, &rig->fault), CADRE_OK);
    uint64_t seq = store_rig_append (rig, 2, 10, NULL);
    assert_int_equal (store_rig_wait (rig, seq), CADRE_ERROR_ADDRESS_IN_USE);
    assert_non_null (strstr (rig->fault.text, "another broker"));
    assert_int_equal (store_close (&rig->store, NULL), CADRE_ERROR_ADDRESS_IN_USE);
    assert_int_equal (store_close (&second, NULL), CADRE_OK);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 1);
}

static void test_a_program_that_holds_the_file (void **state)
{
    store_rig_t *rig = *state;
    sqlite3 *other;
    store_rig_fill (rig, 1, 10);
    assert_int_equal (sqlite3_open (rig->path, &other), SQLITE_OK);
    assert_int_equal (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal (store_rig_open (rig), CADRE_ERROR_ADDRESS_IN_USE);
    assert_non_null (strstr (rig->fault.text, "another program has locked it"));
    sqlite3_close (other);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
}

static void test_places_that_cannot_be (void **state)
{
    store_rig_t *rig = *state;
    char path [256];
    fault_t fault = {0};
    snprintf (path, sizeof path, "%s/none/store", rig->folder);
    assert_null (sqlite_open (path, NULL, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (fault.text, path));
    snprintf (path, sizeof path, "%s/folder", rig->folder);
    assert_int_equal (mkdir (path, 0700), 0);
    assert_null (sqlite_open (path, NULL, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_CONFIGURATION);
    rmdir (path);
    assert_null (sqlite_open ("", NULL, &fault));
    assert_int_equal (fault.code, CADRE_ERROR_CONFIGURATION);
    snprintf (path, sizeof path, "%s/folder.lock", rig->folder);
    unlink (path);
}

//  As a user who may not write; root becomes nobody.
static bool s_is_refused_to_others (store_rig_t *rig, const char *text)
{
    int status = 0;
    pid_t pid = fork ();
    if (pid == 0) {
        if (geteuid () == 0 && (setgid (NOBODY) != 0 || setuid (NOBODY) != 0))
            _exit (2);
        bool refused = store_rig_open (rig) == CADRE_ERROR_CONFIGURATION
                       && strstr (rig->fault.text, rig->path) && strstr (rig->fault.text, text);
        if (!refused)
            fprintf (stderr, "%s\n", rig->fault.text);
        _exit (refused ? 0 : 1);
    }
    waitpid (pid, &status, 0);
    return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static void test_folders_and_files_that_may_not_be_written (void **state)
{
    store_rig_t *rig = *state;
    assert_int_equal (chmod (rig->folder, 0555), 0);
    assert_true (s_is_refused_to_others (rig, "Permission denied"));
    assert_int_equal (chmod (rig->folder, 0700), 0);
    store_rig_fill (rig, 1, 10);
    assert_int_equal (chmod (rig->path, 0400), 0);
    if (geteuid () == 0) //  They are the other's own
        assert_true (chown (rig->folder, NOBODY, NOBODY) == 0
                     && chown (rig->path, NOBODY, NOBODY) == 0);
    assert_true (s_is_refused_to_others (rig, "cannot be written"));
    assert_int_equal (chmod (rig->folder, 0700), 0);
}

static void test_the_write_ahead_log_stays_short (void **state)
{
    store_rig_t *rig = *state;
    rig->wal_bytes = MIB;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    for (uint32_t i = 1; i <= 400; i++) {
        uint64_t seq = store_rig_append (rig, i, 50000, NULL);
        if (i % 4 == 0)
            assert_int_equal (store_rig_wait (rig, seq), CADRE_OK);
        assert_true (store_rig_size (rig, "-wal") < 3 * MIB);
    }
}

static void test_a_large_transaction_leaves_no_large_log (void **state)
{
    store_rig_t *rig = *state;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    store_rig_wait (rig, store_rig_append (rig, 1, 100 * MIB, NULL));
    assert_true (store_rig_size (rig, "-wal") > 100 * (off_t) MIB);
    for (uint32_t i = 2; i < 10; i++)
        store_rig_wait (rig, store_rig_append (rig, i, 100, NULL));
    assert_true (store_rig_size (rig, "-wal") <= 64 * (off_t) MIB);
}

static store_usage_t s_usage (store_rig_t *rig)
{
    store_usage_t usage;
    store_turn (rig->store, NULL);
    store_usage (rig->store, &usage);
    return usage;
}

//  What was dropped is given back while nothing else is to be done.
static void test_the_file_shrinks (void **state)
{
    store_rig_t *rig = *state;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    uint64_t seq = 0;
    for (uint32_t i = 1; i <= 100; i++)
        seq = store_rig_append (rig, i, MIB, NULL);
    store_rig_wait (rig, seq);
    assert_true (s_usage (rig).used_bytes > 100 * MIB);
    store_rig_wait (rig, store_rig_append (rig, 101, 100, &(store_append_t){.drop_before = seq}));
    assert_true (s_usage (rig).used_bytes < 3 * MIB);
    while (s_usage (rig).file_bytes > 64 * MIB)
        usleep (1000);
    store_rig_close (rig);
    assert_true (store_rig_size (rig, "") < 32 * (off_t) MIB);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 2);
}

//  A log whose old end is always dropped: the file stays within twice what is live, however long it
//  runs.
static void test_a_long_run_in_a_small_file (void **state)
{
    store_rig_t *rig = *state;
    uint64_t seqs [400] = {0};
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    for (uint32_t i = 0; i < 400; i++) {
        store_append_t with = {.drop_before = i < 20 ? 0 : seqs [i - 20]};
        seqs [i] = store_rig_append (rig, i, 500000, &with);
        assert_int_equal (store_rig_wait (rig, seqs [i]), CADRE_OK);
        assert_true (store_rig_size (rig, "") < 40 * (off_t) MIB);
    }
    store_rig_close (rig);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 21);
}

static void test_commits_are_shared (void **state)
{
    store_rig_t *rig = *state;
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    uint64_t seq = 0, before = s_usage (rig).commits;
    for (uint32_t i = 1; i <= 5000; i++)
        seq = store_rig_append (rig, i, 60, NULL);
    store_rig_wait (rig, seq);
    assert_true (s_usage (rig).commits - before < 2500);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown (test_##name, store_rig_set_up, store_rig_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (files_and_their_modes),
        TEST (the_holder_is_named),
        TEST (two_names_share_a_lock),
        TEST (a_lock_file_alone_locks_nobody_out),
        TEST (a_store_that_was_taken_over),
        TEST (a_program_that_holds_the_file),
        TEST (places_that_cannot_be),
        TEST (folders_and_files_that_may_not_be_written),
        TEST (the_write_ahead_log_stays_short),
        TEST (a_large_transaction_leaves_no_large_log),
        TEST (the_file_shrinks),
        TEST (a_long_run_in_a_small_file),
        TEST (commits_are_shared),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
