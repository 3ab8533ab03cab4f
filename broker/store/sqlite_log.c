//  sqlite_log.c - the log in a store's file: transactions, and the upkeep after them

#include "broker/store/sqlite_log.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "broker/store/sqlite_error.h"
#include "broker/store/sqlite_log_private.h"

#define PURGE_ROWS 512                   //  Maximum of dropped rows deleted in one transaction
#define PURGE_BYTES (UINT64_C (4) << 20) //  ... and of their bytes, when there is no other work
#define PURGE_LEAST                                                                                \
    (UINT64_C (1) << 20) //  ... or, in a transaction with batches, this and twice their size
#define SPARE_BYTES                                                                                \
    (UINT64_C (16) << 20) //  Empty pages that are kept, besides a quarter of the used size
#define VACUUM_SQL "PRAGMA incremental_vacuum(128)"
#define VACUUM_EVERY 16 //  Under load, empty pages are freed once in so many commits

static const char *const s_sql [SQLITE_LOG_COUNT] = {
#define SQLITE_LOG_TEXT(name, text) text,
    SQLITE_LOG_STATEMENTS (SQLITE_LOG_TEXT)
#undef SQLITE_LOG_TEXT
};

static const char *s_sqlite_log_path (const sqlite_log_t *self)
{
    return sqlite_file_path (self->file);
}

cadre_error_t sqlite_log_fail (sqlite_log_t *self, int rc, const char *doing, fault_t *fault)
{
    return sqlite_error (self->db, rc, s_sqlite_log_path (self), doing, fault);
}

sqlite3_stmt *sqlite_log_bind (sqlite_log_t *self, int which, uint64_t one, uint64_t two)
{
    sqlite3_stmt *statement = self->statements [which];
    sqlite3_reset (statement);
    int count = sqlite3_bind_parameter_count (statement);
    if (count >= 1)
        sqlite3_bind_int64 (statement, 1, (sqlite3_int64) one);
    if (count >= 2 && which != SQLITE_LOG_INSERT)
        sqlite3_bind_int64 (statement, 2, (sqlite3_int64) two);
    return statement;
}

cadre_error_t sqlite_log_do (sqlite_log_t *self, int which, uint64_t number, fault_t *fault)
{
    sqlite3_stmt *statement = sqlite_log_bind (self, which, number, 0);
    int rc = sqlite3_step (statement);
    sqlite3_reset (statement);
    return rc == SQLITE_DONE ? CADRE_OK : sqlite_log_fail (self, rc, "written", fault);
}

cadre_error_t sqlite_log_ask (sqlite_log_t *self, int which, uint64_t one, uint64_t two,
                              uint64_t answer [2], fault_t *fault)
{
    sqlite3_stmt *statement = sqlite_log_bind (self, which, one, two);
    answer [0] = answer [1] = 0;
    int rc = sqlite3_step (statement);
    for (int i = 0; rc == SQLITE_ROW && i < 2 && i < sqlite3_column_count (statement); i++)
        answer [i] = (uint64_t) sqlite3_column_int64 (statement, i);
    sqlite3_reset (statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? CADRE_OK
                                                 : sqlite_log_fail (self, rc, "read", fault);
}

static int s_see_wal (void *context, sqlite3 *db, const char *name, int pages)
{
    sqlite_log_t *self = context;
    (void) db, (void) name;
    self->wal_pages = (uint64_t) pages;
    return SQLITE_OK;
}

static cadre_error_t s_sqlite_log_prepare (sqlite_log_t *self, fault_t *fault)
{
    for (int i = 0; i < SQLITE_LOG_COUNT; i++) {
        int rc = sqlite3_prepare_v3 (self->db, s_sql [i], -1, SQLITE_PREPARE_PERSISTENT,
                                     &self->statements [i], NULL);
        if (rc)
            return sqlite_log_fail (self, rc, "read", fault);
    }
    return CADRE_OK;
}

sqlite_log_t *sqlite_log_new (sqlite_file_t *file, uint64_t wal_bytes, fault_t *fault)
{
    sqlite_log_t *self = calloc (1, sizeof *self);
    assert (self);
    self->row = malloc (ROW_BYTES_MAX);
    assert (self->row);
    self->file = file;
    self->db = sqlite_file_writer (file);
    self->wal_limit_bytes = wal_bytes;
    snprintf (self->wal_path, sizeof self->wal_path, "%s-wal", sqlite_file_path (file));
    sqlite3_wal_hook (self->db, s_see_wal, self);
    uint64_t answer [2] = {0};
    if (s_sqlite_log_prepare (self, fault)
        || sqlite_log_ask (self, SQLITE_LOG_PAGE, 0, 0, answer, fault))
        sqlite_log_destroy (&self);
    else
        self->page_bytes = answer [0];
    return self;
}

void sqlite_log_destroy (sqlite_log_t **self_p)
{
    sqlite_log_t *self = *self_p;
    if (!self)
        return;
    for (int i = 0; i < SQLITE_LOG_COUNT; i++)
        sqlite3_finalize (self->statements [i]);
    buffer_free (&self->batch);
    free (self->row);
    free (self);
    *self_p = NULL;
}

uint64_t sqlite_log_boots (const sqlite_log_t *self)
{
    return self->boots;
}

const sqlite_figures_t *sqlite_log_figures (const sqlite_log_t *self)
{
    return &self->figures;
}

cadre_error_t sqlite_log_damaged (sqlite_log_t *self, uint64_t seq, const char *how, fault_t *fault)
{
    char where [128];
    snprintf (where, sizeof where, "row %llu %s", (unsigned long long) seq, how);
    return sqlite_error_is_damage (s_sqlite_log_path (self), where, fault);
}

static uint64_t s_file_bytes (const char *path)
{
    struct stat status;
    return stat (path, &status) == 0 ? (uint64_t) status.st_size : 0;
}

//  Updates the sizes.
static cadre_error_t s_measure (sqlite_log_t *self, fault_t *fault)
{
    uint64_t pages [2], spare [2];
    sqlite_figures_t *figures = &self->figures;
    if (sqlite_log_ask (self, SQLITE_LOG_PAGES, 0, 0, pages, fault)
        || sqlite_log_ask (self, SQLITE_LOG_SPARE, 0, 0, spare, fault))
        return fault->code;
    uint64_t held = (pages [0] - spare [0]) * self->page_bytes;
    figures->spare_bytes = spare [0] * self->page_bytes;
    figures->used_bytes = held > self->dropped_bytes ? held - self->dropped_bytes : 0;
    figures->first = self->first < figures->next ? self->first : 0;
    return CADRE_OK;
}

static void s_measure_disk (sqlite_log_t *self)
{
    struct statvfs status;
    self->figures.file_bytes =
        s_file_bytes (s_sqlite_log_path (self)) + s_file_bytes (self->wal_path);
    if (statvfs (s_sqlite_log_path (self), &status) == 0)
        self->figures.free_bytes = (uint64_t) status.f_bavail * status.f_frsize;
}

//  If another process counted a boot since then, it has taken the store in spite of the lock.
cadre_error_t sqlite_log_begin (sqlite_log_t *self, fault_t *fault)
{
    uint64_t head [2];
    self->written_bytes = 0;
    if (sqlite_log_do (self, SQLITE_LOG_BEGIN, 0, fault)
        || sqlite_log_ask (self, SQLITE_LOG_HEAD, 0, 0, head, fault))
        return fault->code;
    if (head [0] == self->boots && head [1] == self->first)
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_ADDRESS_IN_USE,
                      "the store %s was opened by another broker in the meantime: stop one of them",
                      s_sqlite_log_path (self));
}

static cadre_error_t s_insert (sqlite_log_t *self, const row_t *row, fault_t *fault)
{
    sqlite3_stmt *insert = sqlite_log_bind (self, SQLITE_LOG_INSERT, row->seq, 0);
    size_t size = row_write (row, self->row);
    sqlite3_bind_blob (insert, 2, self->row, (int) size, SQLITE_STATIC);
    int rc = sqlite3_step (insert);
    sqlite3_reset (insert);
    self->written_bytes += size;
    return rc == SQLITE_DONE ? CADRE_OK : sqlite_log_fail (self, rc, "written", fault);
}

cadre_error_t sqlite_log_add (sqlite_log_t *self, uint64_t seq, view_t batch, fault_t *fault)
{
    sqlite_figures_t *figures = &self->figures;
    uint32_t count = row_count (batch.size);
    assert (seq == figures->next);
    for (uint32_t i = 0; i < count; i++) {
        row_t row = {.seq = seq + i,
                     .ordinal = figures->next_batch,
                     .index = i,
                     .count = count,
                     .content = row_part (batch, i)};
        if (s_insert (self, &row, fault))
            return fault->code;
    }
    figures->next += count;
    figures->next_batch++;
    return CADRE_OK;
}

cadre_error_t sqlite_log_count_dropped (sqlite_log_t *self, uint64_t from, uint64_t before,
                                        fault_t *fault)
{
    uint64_t bytes [2];
    cadre_error_t error = sqlite_log_ask (self, SQLITE_LOG_BYTES, before, from, bytes, fault);
    self->dropped_bytes += bytes [0];
    return error;
}

cadre_error_t sqlite_log_drop (sqlite_log_t *self, uint64_t before, fault_t *fault)
{
    row_t row;
    if (before <= self->first)
        return CADRE_OK;
    sqlite3_stmt *statement = sqlite_log_bind (self, SQLITE_LOG_ROW, before, 0);
    int rc = sqlite3_step (statement);
    view_t body = {0};
    if (rc == SQLITE_ROW) {
        body.data = sqlite3_column_blob (statement, 0);
        body.size = (size_t) sqlite3_column_bytes (statement, 0);
    }
    bool whole = row_read (&row, before, body);
    sqlite3_reset (statement);
    if (!whole)
        return rc == SQLITE_ROW || rc == SQLITE_DONE
                   ? sqlite_log_damaged (self, before, "is missing", fault)
                   : sqlite_log_fail (self, rc, "read", fault);
    assert (row.index == 0); //  a drop ends at the end of a batch
    if (sqlite_log_count_dropped (self, self->first, before, fault)
        || sqlite_log_do (self, SQLITE_LOG_DROP, before, fault))
        return fault->code;
    self->first = before;
    self->figures.first_batch = row.ordinal;
    return CADRE_OK;
}

//  Deletes the oldest dropped rows, up to that many bytes.
static cadre_error_t s_purge (sqlite_log_t *self, uint64_t allowance, fault_t *fault)
{
    if (!self->dropped_bytes)
        return CADRE_OK;
    uint64_t bytes = 0, last = 0;
    int rc = SQLITE_DONE;
    sqlite3_stmt *old = sqlite_log_bind (self, SQLITE_LOG_OLD, self->first, PURGE_ROWS);
    while (bytes < allowance && (rc = sqlite3_step (old)) == SQLITE_ROW) {
        last = (uint64_t) sqlite3_column_int64 (old, 0);
        bytes += (uint64_t) sqlite3_column_int64 (old, 1);
    }
    sqlite3_reset (old);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return sqlite_log_fail (self, rc, "read", fault);
    self->dropped_bytes -= last && bytes < self->dropped_bytes ? bytes : self->dropped_bytes;
    return last ? sqlite_log_do (self, SQLITE_LOG_PURGE, last, fault) : CADRE_OK;
}

static cadre_error_t s_sqlite_log_commit (sqlite_log_t *self, uint64_t purge_bytes, fault_t *fault)
{
    if (s_purge (self, purge_bytes, fault) || s_measure (self, fault)
        || sqlite_log_do (self, SQLITE_LOG_COMMIT, 0, fault))
        return fault->code;
    self->figures.commits++;
    s_measure_disk (self);
    return CADRE_OK;
}

cadre_error_t sqlite_log_commit (sqlite_log_t *self, fault_t *fault)
{
    return s_sqlite_log_commit (self, 2 * self->written_bytes + PURGE_LEAST, fault);
}

//  A reader in another program may block the checkpoint: the next one will continue.
static cadre_error_t s_checkpoint (sqlite_log_t *self, fault_t *fault)
{
    int pages = 0, copied = 0;
    int rc = sqlite3_wal_checkpoint_v2 (self->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
        return sqlite_log_fail (self, rc, "written", fault);
    if (rc == SQLITE_OK && pages == copied)
        self->wal_pages = 0;
    return CADRE_OK;
}

static bool s_has_spare (const sqlite_log_t *self)
{
    return self->figures.spare_bytes > SPARE_BYTES + self->figures.used_bytes / 4;
}

static cadre_error_t s_vacuum (sqlite_log_t *self, fault_t *fault)
{
    int rc = sqlite3_exec (self->db, VACUUM_SQL, NULL, NULL, NULL);
    self->shrunk = true;
    return rc ? sqlite_log_fail (self, rc, "written", fault) : s_measure (self, fault);
}

//  Does the most urgent part of the upkeep that waits for idle time.
static cadre_error_t s_tidy_idle (sqlite_log_t *self, fault_t *fault)
{
    if (self->dropped_bytes)
        return sqlite_log_begin (self, fault) ? fault->code
                                              : s_sqlite_log_commit (self, PURGE_BYTES, fault);
    if (s_has_spare (self))
        return s_vacuum (self, fault);
    if (!self->shrunk)
        return CADRE_OK;
    self->shrunk = false;
    cadre_error_t error = s_checkpoint (self, fault);
    s_measure_disk (self);
    return error;
}

cadre_error_t sqlite_log_tidy (sqlite_log_t *self, bool idle, bool *more, fault_t *fault)
{
    cadre_error_t error = CADRE_OK;
    if (self->wal_pages * self->page_bytes >= self->wal_limit_bytes)
        error = s_checkpoint (self, fault);
    if (!error && idle)
        error = s_tidy_idle (self, fault);
    else if (!error && s_has_spare (self) && self->figures.commits % VACUUM_EVERY == 0)
        error = s_vacuum (self, fault);
    *more = self->dropped_bytes || s_has_spare (self) || self->shrunk;
    return error;
}
