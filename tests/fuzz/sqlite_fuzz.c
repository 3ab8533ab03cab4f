//  sqlite_fuzz.c - a store whose rows are anything: the scan refuses it, or delivers what a store
//  may hold, and never falls over
//
//  The input is rows: one byte for the kind, two for the length, then bytes. Some kinds are good
//  rows, so that what follows is looked at too.

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/store/row.h"
#include "broker/store/sqlite.h"

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

#define HEAD_BYTES 3

static char s_folder [] = "/dev/shm/cadre-fuzz-XXXXXX";
static char s_path [64];
static volatile uint8_t s_sink;

static void s_leave (void)
{
    unlink (s_path);
    rmdir (s_folder);
}

//  A store is made once, and emptied for each input.
static void s_make (void)
{
    if (s_path [0])
        return;
    char *made = mkdtemp (s_folder);
    assert (made);
    snprintf (s_path, sizeof s_path, "%s/store", s_folder);
    atexit (s_leave);
    store_t *store = sqlite_open (s_path, NULL, NULL);
    assert (store);
    store_close (&store, NULL);
}

static void s_insert (sqlite3_stmt *insert, uint64_t seq, uint8_t kind, view_t body)
{
    static uint8_t row [ROW_BYTES_MAX];
    row_t good = {.seq = seq,
                  .ordinal = seq,
                  .index = kind / 16 % 3,
                  .count = 1 + kind / 64,
                  .content = body};
    sqlite3_reset (insert);
    sqlite3_bind_int64 (insert, 1, (sqlite3_int64) (seq + (kind == 255)));
    switch (kind % 4) {
    case 0: sqlite3_bind_blob (insert, 2, body.data, (int) body.size, SQLITE_STATIC); break;
    case 1:
        sqlite3_bind_text (insert, 2, (const char *) body.data, (int) body.size, SQLITE_STATIC);
        break;
    default:
        if (body.size)
            sqlite3_bind_blob (insert, 2, row, (int) row_write (&good, row), SQLITE_STATIC);
    }
    sqlite3_step (insert);
}

static void s_fill (const uint8_t *bytes, size_t size)
{
    sqlite3 *db;
    sqlite3_stmt *insert;
    uint64_t seq = 1;
    int rc = sqlite3_open (s_path, &db);
    assert (rc == SQLITE_OK);
    sqlite3_exec (
        db,
        "PRAGMA synchronous = OFF; BEGIN; DELETE FROM log; UPDATE store SET boots = 0, first = 1",
        NULL, NULL, NULL);
    rc = sqlite3_prepare_v2 (db, "INSERT INTO log VALUES (?1, ?2)", -1, &insert, NULL);
    assert (rc == SQLITE_OK);
    while (size >= HEAD_BYTES) {
        size_t length = bytes [1] | (size_t) bytes [2] << 8;
        length = length < size - HEAD_BYTES ? length : size - HEAD_BYTES;
        s_insert (insert, seq++, bytes [0], (view_t){.data = bytes + HEAD_BYTES, .size = length});
        bytes += HEAD_BYTES + length;
        size -= HEAD_BYTES + length;
    }
    sqlite3_finalize (insert);
    sqlite3_exec (db, "COMMIT", NULL, NULL, NULL);
    sqlite3_close (db);
}

static cadre_error_t s_visit (void *context, uint64_t seq, view_t body, fault_t *fault)
{
    uint64_t *last = context;
    (void) fault;
    assert (seq > *last && body.size > 0);
    for (size_t i = 0; i < body.size; i++)
        s_sink ^= body.data [i];
    *last = seq;
    return CADRE_OK;
}

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
    uint64_t last = 0;
    fault_t fault = {0};
    s_make ();
    s_fill (bytes, size);
    store_t *store = sqlite_open (s_path, NULL, &fault);
    assert (store);
    cadre_error_t error = store_scan (store, s_visit, &last, &fault);
    assert (error == CADRE_OK || (error == CADRE_ERROR_IO && strstr (fault.text, "damaged")));
    assert (error || store_durable (store) >= last);
    store_close (&store, NULL);
    return 0;
}
