//  sqlite_damage_test.c - what is no store, is newer, or is damaged in any way is refused by name,
//  and left as it was

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "broker/store/row.h"
#include "tests/lib/rigs/store_rig.h"

#define PAGE_BYTES 16384u //  Of a new store

static buffer_t s_load (const char *path)
{
    buffer_t content = {0};
    FILE *file = fopen (path, "rb");
    assert_non_null (file);
    for (;;) {
        size_t size = fread (buffer_reserve (&content, 65536), 1, 65536, file);
        if (!size)
            break;
        content.size += size;
    }
    fclose (file);
    return content;
}

static void s_sql (const store_rig_t *rig, const char *sql)
{
    sqlite3 *db;
    assert_int_equal (sqlite3_open (rig->path, &db), SQLITE_OK);
    if (sqlite3_exec (db, sql, NULL, NULL, NULL))
        fail_msg ("%s: %s", sql, sqlite3_errmsg (db));
    sqlite3_close (db);
}

//  Opening fails with that code and a line that has the path and text, changes no byte of the file
//  and leaves no other file.
static void s_assert_refused (store_rig_t *rig, cadre_error_t code, const char *text)
{
    buffer_t before = s_load (rig->path);
    assert_int_equal (store_rig_open (rig), code);
    if (!strstr (rig->fault.text, text) || !strstr (rig->fault.text, rig->path))
        fail_msg ("'%s' is not in: %s", text, rig->fault.text);
    buffer_t after = s_load (rig->path);
    assert_int_equal (after.size, before.size);
    assert_true (before.size == 0 || memcmp (after.data, before.data, after.size) == 0);
    buffer_free (&before);
    buffer_free (&after);
    assert_int_equal (store_rig_size (rig, "-wal"), -1);
    assert_int_equal (store_rig_size (rig, "-shm"), -1);
    assert_int_equal (store_rig_size (rig, ".lock"), -1);
}

static void test_what_is_no_store (void **state)
{
    store_rig_t *rig = *state;
    char text [8192];
    memset (text, 'x', sizeof text);
    store_rig_save (rig->path, text, sizeof text);
    s_assert_refused (rig, CADRE_ERROR_CONFIGURATION, "not a database");
    store_rig_save (rig->path, "short", 5);
    s_assert_refused (rig, CADRE_ERROR_CONFIGURATION, "not a database");
    unlink (rig->path);
    s_sql (rig, "CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)");
    s_assert_refused (rig, CADRE_ERROR_CONFIGURATION, "another program's database");
}

static void test_an_empty_file_is_damage (void **state)
{
    store_rig_t *rig = *state;
    store_rig_save (rig->path, "", 0);
    s_assert_refused (rig, CADRE_ERROR_IO, "it is empty");
}

static void test_a_newer_format (void **state)
{
    store_rig_t *rig = *state;
    store_rig_fill (rig, 1, 10);
    s_sql (rig, "PRAGMA user_version = 9");
    s_assert_refused (rig, CADRE_ERROR_VERSION, "format 9, newer than this broker's 1");
}

static void test_a_truncated_file (void **state)
{
    store_rig_t *rig = *state;
    store_rig_fill (rig, 50, 5000);
    int64_t whole = store_rig_size (rig, "");
    static const unsigned parts [] = {90, 50, 10};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal (truncate (rig->path, whole * parts [i] / 100), 0);
        s_assert_refused (rig, CADRE_ERROR_IO, "damaged");
    }
}

//  Wherever bytes were flipped: the store is refused and left alone, or the bytes were of no
//  consequence and all batches are there.
static void test_flipped_bytes (void **state)
{
    store_rig_t *rig = *state;
    store_rig_fill (rig, 40, 5000);
    buffer_t whole = s_load (rig->path);
    unsigned refused = 0, tried = 0;
    for (size_t at = 100; at < whole.size; at += 1009, tried++) {
        for (size_t i = at; i < at + 4 && i < whole.size; i++)
            whole.data [i] ^= 0x5a;
        store_rig_save (rig->path, whole.data, whole.size);
        if (store_rig_open (rig) == CADRE_OK) {
            assert_int_equal (rig->seen_count, 40);
            store_rig_close (rig);
        } else {
            s_assert_refused (rig, CADRE_ERROR_IO, "damaged");
            refused++;
        }
        for (size_t i = at; i < at + 4 && i < whole.size; i++)
            whole.data [i] ^= 0x5a;
    }
    print_message ("%u of %u refused\n", refused, tried);
    assert_true (refused > tried / 2);
    buffer_free (&whole);
}

static void test_zeroed_pages (void **state)
{
    store_rig_t *rig = *state;
    store_rig_fill (rig, 40, 5000);
    buffer_t whole = s_load (rig->path);
    for (size_t page = 1; page < whole.size / PAGE_BYTES; page += 3) {
        buffer_t copy = {0};
        buffer_append (&copy, whole.data, whole.size);
        memset (copy.data + page * PAGE_BYTES, 0, PAGE_BYTES);
        store_rig_save (rig->path, copy.data, copy.size);
        s_assert_refused (rig, CADRE_ERROR_IO, "damaged");
        buffer_free (&copy);
    }
    buffer_free (&whole);
}

static void s_assert_damage (store_rig_t *rig, const char *sql, const char *text)
{
    store_rig_fill (rig, 6, 100);
    s_sql (rig, sql);
    s_assert_refused (rig, CADRE_ERROR_IO, text);
    unlink (rig->path);
}

static void test_rows_that_are_not_ours (void **state)
{
    store_rig_t *rig = *state;
    s_assert_damage (rig, "DELETE FROM log WHERE seq = 3", "row 3 is missing");
    s_assert_damage (rig, "DELETE FROM log WHERE seq = 1", "row 1 is missing");
    s_assert_damage (rig, "UPDATE log SET body = 'text' WHERE seq = 2", "row 2 is not bytes");
    s_assert_damage (rig, "UPDATE log SET body = x'' WHERE seq = 2", "row 2 has a wrong checksum");
    s_assert_damage (rig, "UPDATE log SET body = zeroblob(1000) WHERE seq = 2",
                     "row 2 has a wrong checksum");
    s_assert_damage (rig, "UPDATE log SET body = zeroblob(10000000) WHERE seq = 6", "row 6");
    s_assert_damage (rig,
                     "UPDATE log SET body = (SELECT body FROM log WHERE seq = 5) WHERE seq = 4",
                     "row 4 has a wrong checksum");
    s_assert_damage (rig, "INSERT INTO log VALUES (20, x'00')", "row 7 is missing");
    s_assert_damage (rig, "INSERT INTO log VALUES (9223372036854775807, x'00')",
                     "row 7 is missing");
    s_assert_damage (rig, "UPDATE store SET first = 0", "counters");
    s_assert_damage (rig, "UPDATE store SET boots = -1", "counters");
    s_assert_damage (rig, "DELETE FROM store", "counters");
    s_assert_damage (rig, "CREATE TABLE other (a)", "tables");
    s_assert_damage (rig, "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM log; END",
                     "tables");
    s_assert_damage (rig, "DROP TABLE store", "tables");
    s_assert_damage (rig, "PRAGMA journal_mode = DELETE", "write-ahead");
}

static void test_a_batch_without_its_end (void **state)
{
    store_rig_t *rig = *state;
    store_rig_fill (rig, 1, 3 * ROW_CONTENT_BYTES);
    s_sql (rig, "DELETE FROM log WHERE seq = 3");
    s_assert_refused (rig, CADRE_ERROR_IO, "row 3 is missing");
}

static void test_a_log_without_its_file (void **state)
{
    store_rig_t *rig = *state;
    store_rig_save (store_rig_beside (rig, "-wal"), "log", 3);
    assert_int_equal (store_rig_open (rig), CADRE_ERROR_IO);
    assert_non_null (strstr (rig->fault.text, "is missing"));
    assert_int_equal (store_rig_size (rig, "-wal"), 3);
    assert_int_equal (store_rig_size (rig, ""), -1);
}

static void test_a_store_that_was_half_made (void **state)
{
    store_rig_t *rig = *state;
    store_rig_save (store_rig_beside (rig, ".new"), "half", 4);
    store_rig_save (store_rig_beside (rig, ".new-journal"), "half", 4);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (store_rig_size (rig, ".new"), -1);
    assert_int_equal (store_rig_size (rig, ".new-journal"), -1);
}

static cadre_error_t s_refuse (void *context, uint64_t seq, view_t body, fault_t *fault)
{
    (void) context, (void) seq, (void) body;
    return fault_set (fault, CADRE_ERROR_PROTOCOL, "not understood");
}

static void s_assert_same (const buffer_t *before, const char *path)
{
    buffer_t after = s_load (path);
    assert_int_equal (after.size, before->size);
    assert_memory_equal (after.data, before->data, after.size);
    buffer_free (&after);
}

//  A broker that has so many batches on its disk is killed: they are in the write-ahead log.
static void s_kill_one (store_rig_t *rig, uint32_t batches)
{
    pid_t pid = fork ();
    if (pid == 0) {
        bool well = store_rig_open (rig) == CADRE_OK;
        for (uint32_t i = 1; well && i <= batches; i++)
            well = store_rig_wait (rig, store_rig_append (rig, i, 5000, NULL)) == CADRE_OK;
        _exit (well ? 0 : 1);
    }
    int status = 1;
    waitpid (pid, &status, 0);
    assert_int_equal (status, 0);
}

//  Opening fails, twice, and changes neither file.
static void s_assert_log_refused (store_rig_t *rig, const char *text)
{
    buffer_t file = s_load (rig->path), log = {0};
    bool has = store_rig_size (rig, "-wal") >= 0;
    if (has)
        log = s_load (store_rig_beside (rig, "-wal"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal (store_rig_open (rig), CADRE_ERROR_IO);
        if (!strstr (rig->fault.text, text) || !strstr (rig->fault.text, rig->path))
            fail_msg ("'%s' is not in: %s", text, rig->fault.text);
        s_assert_same (&file, rig->path);
        if (has)
            s_assert_same (&log, store_rig_beside (rig, "-wal"));
    }
    buffer_free (&file);
    buffer_free (&log);
}

//  Wherever bytes of the log were flipped: refused, or all is there, but for the last commit, which
//  looks as if the power had cut it short.
static void test_flipped_bytes_of_the_log (void **state)
{
    store_rig_t *rig = *state;
    s_kill_one (rig, 12);
    buffer_t file = s_load (rig->path), log = s_load (store_rig_beside (rig, "-wal"));
    unsigned refused = 0, tried = 0;
    for (size_t at = 0; at < log.size; at += 1511, tried++) {
        log.data [at] ^= 0x5a;
        store_rig_save (rig->path, file.data, file.size);
        store_rig_save (store_rig_beside (rig, "-wal"), log.data, log.size);
        if (store_rig_open (rig) == CADRE_OK) {
            assert_in_range (rig->seen_count, 11, 12);
            store_rig_close (rig);
        } else {
            s_assert_log_refused (rig, "its write-ahead log has a wrong checksum");
            refused++;
        }
        log.data [at] ^= 0x5a;
    }
    print_message ("%u of %u refused\n", refused, tried);
    assert_true (refused > tried * 3 / 4);
    buffer_free (&file);
    buffer_free (&log);
}

static void test_a_log_that_was_taken_away (void **state)
{
    store_rig_t *rig = *state;
    s_kill_one (rig, 3);
    buffer_t log = s_load (store_rig_beside (rig, "-wal"));
    assert_int_equal (unlink (store_rig_beside (rig, "-wal")), 0);
    s_assert_log_refused (rig, "which has its last jobs, is missing");
    store_rig_save (store_rig_beside (rig, "-wal"), "", 0);
    s_assert_log_refused (rig, "which has its last jobs, is empty");
    //  the cure, and the other one
    store_rig_save (store_rig_beside (rig, "-wal"), log.data, log.size);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 3);
    store_rig_close (rig);
    assert_int_equal (store_rig_size (rig, ".lock"), -1);
    s_kill_one (rig, 1);
    assert_int_equal (unlink (store_rig_beside (rig, "-wal")), 0);
    assert_int_equal (unlink (store_rig_beside (rig, ".lock")), 0);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 3);
    buffer_free (&log);
}

//  All of it moved away: a new one begins.
static void test_a_killed_store_that_was_moved_away (void **state)
{
    store_rig_t *rig = *state;
    s_kill_one (rig, 3);
    assert_int_equal (unlink (store_rig_beside (rig, "-wal")), 0);
    assert_int_equal (unlink (rig->path), 0);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 0);
}

static void test_names_of_the_file (void **state)
{
    store_rig_t *rig = *state;
    char target [128];
    snprintf (target, sizeof target, "%s.elsewhere", rig->path);
    assert_int_equal (symlink (target, rig->path), 0);
    assert_int_equal (store_rig_open (rig), CADRE_ERROR_CONFIGURATION);
    assert_non_null (strstr (rig->fault.text, "is a dangling link"));
    unlink (rig->path);
    store_rig_fill (rig, 1, 10);
    assert_int_equal (link (rig->path, target), 0);
    s_assert_refused (rig, CADRE_ERROR_CONFIGURATION, "2 names (hard links)");
    unlink (target);
    assert_int_equal (store_rig_open (rig), CADRE_OK);
}

//  What a kill left in the write-ahead log does not go into the file of a store that the journal
//  does not understand.
static void test_the_log_of_a_refused_store_is_left_too (void **state)
{
    store_rig_t *rig = *state;
    pid_t pid = fork ();
    if (pid == 0) {
        bool well = store_rig_open (rig) == CADRE_OK
                    && store_rig_wait (rig, store_rig_append (rig, 1, 20000, NULL)) == CADRE_OK;
        _exit (well ? 0 : 1);
    }
    int status = 1;
    waitpid (pid, &status, 0);
    assert_int_equal (status, 0);
    buffer_t file = s_load (rig->path), log = s_load (store_rig_beside (rig, "-wal"));
    assert_true (log.size > 20000);
    store_t *store = store_rig_bare (rig);
    assert_non_null (store);
    assert_int_equal (store_scan (store, s_refuse, NULL, NULL), CADRE_ERROR_PROTOCOL);
    store_close (&store, NULL);
    s_assert_same (&file, rig->path);
    s_assert_same (&log, store_rig_beside (rig, "-wal"));
    assert_int_equal (store_rig_open (rig), CADRE_OK);
    assert_int_equal (rig->seen_count, 1);
    buffer_free (&file);
    buffer_free (&log);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown (test_##name, store_rig_set_up, store_rig_tear_down)

int main (void)
{
    const struct CMUnitTest tests [] = {
        TEST (what_is_no_store),
        TEST (an_empty_file_is_damage),
        TEST (a_newer_format),
        TEST (a_truncated_file),
        TEST (flipped_bytes),
        TEST (zeroed_pages),
        TEST (rows_that_are_not_ours),
        TEST (a_batch_without_its_end),
        TEST (a_log_without_its_file),
        TEST (a_store_that_was_half_made),
        TEST (the_log_of_a_refused_store_is_left_too),
        TEST (flipped_bytes_of_the_log),
        TEST (a_log_that_was_taken_away),
        TEST (a_killed_store_that_was_moved_away),
        TEST (names_of_the_file),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
