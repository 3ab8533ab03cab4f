/*  sqlite_log_private.h - shared by the files of the SQLite log: sqlite_log.c writes, sqlite_scan.c
 *  reads at the start */

#ifndef BROKER_STORE_SQLITE_LOG_PRIVATE_H_INCLUDED
#define BROKER_STORE_SQLITE_LOG_PRIVATE_H_INCLUDED

#include <limits.h>

#include "broker/store/row.h"
#include "broker/store/sqlite_log.h"

//  The statements, each prepared once. X (NAME, text)
#define SQLITE_LOG_STATEMENTS(X)                                                                   \
    X (BEGIN, "BEGIN IMMEDIATE")                                                                   \
    X (COMMIT, "COMMIT")                                                                           \
    X (HEAD, "SELECT boots, first FROM store")                                                     \
    X (BOOT, "UPDATE store SET boots = ?1")                                                        \
    X (INSERT, "INSERT INTO log VALUES (?1, ?2)")                                                  \
    X (SCAN, "SELECT seq, body FROM log WHERE seq >= ?1 ORDER BY seq")                             \
    X (ROW, "SELECT body FROM log WHERE seq = ?1")                                                 \
    X (DROP, "UPDATE store SET first = ?1")                                                        \
    X (BYTES, "SELECT sum(length(body)) FROM log WHERE seq < ?1 AND seq >= ?2")                    \
    X (OLD, "SELECT seq, length(body) FROM log WHERE seq < ?1 ORDER BY seq LIMIT ?2")              \
    X (PURGE, "DELETE FROM log WHERE seq <= ?1")                                                   \
    X (PAGES, "PRAGMA page_count")                                                                 \
    X (SPARE, "PRAGMA freelist_count")                                                             \
    X (PAGE, "PRAGMA page_size")

enum {
#define SQLITE_LOG_ENUM(name, text) SQLITE_LOG_##name,
    SQLITE_LOG_STATEMENTS (SQLITE_LOG_ENUM)
#undef SQLITE_LOG_ENUM
        SQLITE_LOG_COUNT
};

struct sqlite_log {
    sqlite_file_t *file;                         //  Borrowed
    sqlite3 *db;                                 //  Its writing connection
    sqlite3_stmt *statements [SQLITE_LOG_COUNT]; //  Prepared
    uint8_t *row;                                //  Buffer for one row, ROW_BYTES_MAX
    char wal_path [PATH_MAX];                    //  Of the write-ahead log
    buffer_t batch;                              //  For the scan: a batch of several rows
    uint64_t boots;                              //  Number of this boot, once scanned
    uint64_t first;                              //  Batches below are dropped
    uint64_t dropped_bytes;                      //  In rows that are dropped but not deleted
    uint64_t written_bytes;                      //  In this transaction
    uint64_t page_bytes;                         //  Size of a page
    uint64_t wal_limit_bytes;                    //  When to copy the write-ahead log into the file
    uint64_t wal_pages;                          //  In the write-ahead log now
    bool shrunk; //  Pages were freed, but the file keeps its size until the next checkpoint
    sqlite_figures_t figures; //  As of the last commit
};

//  Resets the statement and binds its numbers (as many as it has).
sqlite3_stmt *sqlite_log_bind (sqlite_log_t *self, int which, uint64_t one, uint64_t two);

//  Runs a statement with one number and no result.
cadre_error_t sqlite_log_do (sqlite_log_t *self, int which, uint64_t number, fault_t *fault);

//  Runs a statement whose result is one row of up to two numbers; no row: zeros.
cadre_error_t sqlite_log_ask (sqlite_log_t *self, int which, uint64_t one, uint64_t two,
                              uint64_t answer [2], fault_t *fault);

//  Converts SQLite's rc into a fault that names the file; doing as in sqlite_error.
cadre_error_t sqlite_log_fail (sqlite_log_t *self, int rc, const char *doing, fault_t *fault);

//  The row is damaged; how is a text such as "is missing".
cadre_error_t sqlite_log_damaged (sqlite_log_t *self, uint64_t seq, const char *how,
                                  fault_t *fault);

//  Counts the bytes in rows from..before-1, which are dropped.
cadre_error_t sqlite_log_count_dropped (sqlite_log_t *self, uint64_t from, uint64_t before,
                                        fault_t *fault);

#endif
