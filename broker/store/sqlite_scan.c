//  sqlite_scan.c - reads and checks the whole log at the start

#include <assert.h>

#include "broker/store/sqlite_error.h"
#include "broker/store/sqlite_log_private.h"

//  Takes one row; a batch is passed on with its last row.
static cadre_error_t s_take_row (sqlite_log_t *self, const row_t *row, store_visit_t *visit,
                                 void *context, fault_t *fault)
{
    sqlite_figures_t *figures = &self->figures;
    bool begins = row->index == 0, ends = row->index + 1 == row->count;
    if (begins && !figures->first_batch)
        figures->first_batch = figures->next_batch = row->ordinal;
    if (row->count > row_count (STORE_BATCH_BYTES_MAX) || row->ordinal != figures->next_batch
        || row->index != self->batch.size / ROW_CONTENT_BYTES)
        return sqlite_log_damaged (self, row->seq, "does not follow the one before", fault);
    view_t whole = row->content;
    if (row->count > 1) {
        buffer_append (&self->batch, row->content.data, row->content.size);
        whole = (view_t){.data = self->batch.data, .size = self->batch.size};
    }
    if (!ends)
        return CADRE_OK;
    cadre_error_t error = visit ? visit (context, row->seq - row->index, whole, fault) : CADRE_OK;
    buffer_clear (&self->batch);
    figures->next_batch++;
    return error;
}

static cadre_error_t s_scan_row (sqlite_log_t *self, sqlite3_stmt *statement, store_visit_t *visit,
                                 void *context, fault_t *fault)
{
    row_t row;
    uint64_t seq = (uint64_t) sqlite3_column_int64 (statement, 0);
    if (seq != self->figures.next)
        return sqlite_log_damaged (self, self->figures.next, "is missing", fault);
    if (sqlite3_column_type (statement, 1) != SQLITE_BLOB)
        return sqlite_log_damaged (self, seq, "is not bytes", fault);
    const void *bytes = sqlite3_column_blob (statement, 1);
    view_t body = {.data = bytes, .size = (size_t) sqlite3_column_bytes (statement, 1)};
    if (!row_read (&row, seq, body))
        return sqlite_log_damaged (self, seq, "has a wrong checksum", fault);
    self->figures.next = seq + 1;
    return s_take_row (self, &row, visit, context, fault);
}

static cadre_error_t s_scan_rows (sqlite_log_t *self, store_visit_t *visit, void *context,
                                  fault_t *fault)
{
    sqlite3_stmt *statement = sqlite_log_bind (self, SQLITE_LOG_SCAN, self->first, 0);
    cadre_error_t error = CADRE_OK;
    int rc;
    while (!error && (rc = sqlite3_step (statement)) == SQLITE_ROW)
        error = s_scan_row (self, statement, visit, context, fault);
    sqlite3_reset (statement);
    if (error)
        return error;
    if (rc != SQLITE_DONE)
        return sqlite_log_fail (self, rc, "read", fault);
    if (self->batch.size)
        return sqlite_log_damaged (self, self->figures.next, "is missing", fault);
    buffer_free (&self->batch);
    return CADRE_OK;
}

static cadre_error_t s_read_head (sqlite_log_t *self, fault_t *fault)
{
    uint64_t head [2];
    if (sqlite_log_ask (self, SQLITE_LOG_HEAD, 0, 0, head, fault))
        return fault->code;
    if (head [0] > INT64_MAX / 2 || head [1] == 0 || head [1] > INT64_MAX / 2)
        return sqlite_error_is_damage (sqlite_file_path (self->file),
                                       "its counters are out of range", fault);
    self->boots = head [0] + 1;
    self->first = self->figures.next = head [1];
    return CADRE_OK;
}

static cadre_error_t s_count_boot (sqlite_log_t *self, fault_t *fault)
{
    if (sqlite_log_do (self, SQLITE_LOG_BEGIN, 0, fault)
        || sqlite_log_do (self, SQLITE_LOG_BOOT, self->boots, fault))
        return fault->code;
    return sqlite_log_commit (self, fault);
}

cadre_error_t sqlite_scan (sqlite_log_t *self, store_visit_t *visit, void *context, fault_t *fault)
{
    fault_t ignored = {0};
    fault = fault ? fault : &ignored;
    assert (self->boots == 0);
    if (s_read_head (self, fault) || s_scan_rows (self, visit, context, fault)
        || sqlite_log_count_dropped (self, 0, self->first, fault))
        return fault->code;
    if (!self->figures.next_batch)
        self->figures.first_batch = self->figures.next_batch = 1;
    if (sqlite_file_adopt (self->file, fault) || s_count_boot (self, fault))
        return fault->code;
    sqlite_file_expect_wal (self->file);
    return CADRE_OK;
}
