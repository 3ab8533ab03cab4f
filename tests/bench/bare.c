//  bare.c - the yardstick of durable jobs: SQLite alone, one row a batch, one commit a row

#include "tests/bench/bare.h"
#include "tests/bench/bench.h"

#ifndef CADRE_STORE_SQLITE

bare_t *bare_new (const char *folder)
{
    bench_die (folder, "this build has no SQLite");
}

void bare_commit (bare_t *self, size_t bytes)
{
    (void) self, (void) bytes;
}

void bare_destroy (bare_t **self_p)
{
    (void) self_p;
}

#else

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bare {
    char path [288];                       //  Of the file
    sqlite3 *db;                           //  Open
    sqlite3_stmt *begin, *insert, *commit; //  Prepared
    sqlite3_int64 seq;                     //  Of the last row
    uint8_t *body;                         //  What rows are made of
    size_t capacity;                       //  Its bytes
};

static void s_must (sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE)
        bench_die ("bare log", sqlite3_errmsg (db));
}

static void s_step (sqlite3 *db, sqlite3_stmt *statement)
{
    s_must (db, sqlite3_step (statement));
    sqlite3_reset (statement);
}

bare_t *bare_new (const char *folder)
{
    bare_t *self = calloc (1, sizeof *self);
    if (!self)
        bench_die ("bare log", "no memory");
    snprintf (self->path, sizeof self->path, "%s/bare", folder);
    s_must (NULL, sqlite3_open (self->path, &self->db));
    s_must (
        self->db,
        sqlite3_exec (
            self->db,
            "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
            "PRAGMA synchronous = FULL; CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)",
            NULL, NULL, NULL));
    s_must (self->db, sqlite3_prepare_v2 (self->db, "BEGIN IMMEDIATE", -1, &self->begin, NULL));
    s_must (self->db, sqlite3_prepare_v2 (self->db, "INSERT INTO log VALUES (?1, ?2)", -1,
                                          &self->insert, NULL));
    s_must (self->db, sqlite3_prepare_v2 (self->db, "COMMIT", -1, &self->commit, NULL));
    return self;
}

static void s_make_body (bare_t *self, size_t bytes)
{
    free (self->body);
    self->body = malloc (bytes);
    if (!self->body)
        bench_die ("bare log", "no memory");
    for (size_t i = 0; i < bytes; i++)
        self->body [i] = (uint8_t) (i * 7 + (i >> 8));
    self->capacity = bytes;
}

void bare_commit (bare_t *self, size_t bytes)
{
    if (bytes > self->capacity)
        s_make_body (self, bytes);
    s_step (self->db, self->begin);
    sqlite3_bind_int64 (self->insert, 1, ++self->seq);
    sqlite3_bind_blob (self->insert, 2, self->body, (int) bytes, SQLITE_STATIC);
    s_step (self->db, self->insert);
    s_step (self->db, self->commit);
}

void bare_destroy (bare_t **self_p)
{
    static const char *const suffixes [] = {"", "-wal", "-shm"};
    bare_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    sqlite3_finalize (self->begin);
    sqlite3_finalize (self->insert);
    sqlite3_finalize (self->commit);
    sqlite3_close (self->db);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char path [320];
        snprintf (path, sizeof path, "%s%s", self->path, suffixes [i]);
        unlink (path);
    }
    free (self->body);
    free (self);
}

#endif
