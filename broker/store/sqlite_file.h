/*  sqlite_file.h - finds or creates, locks and checks the file of a store before anything is
 *  written
 *
 *      CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)     rows as in row.h
 *      CREATE TABLE store (boots INTEGER, first INTEGER)         one row: number of boots; batches
 *                                                                below first are dropped
 *
 *  A new store is created as FILE.new and renamed when it is complete. So an empty file, or a log
 *  (FILE-wal) without its file, is damage and not a new store. A file that is refused is not
 *  changed.
 *
 *  The file, its companion files and its folder must belong to the broker's user or to root, must
 *  not be writable by others, and the files must not be readable by others (CADRE_ERROR_REFUSED).
 *
 *  application_id is "cadr". A change of the tables or of a row's body raises STORE_FILE_FORMAT,
 *  and code that reads the older format stays: a broker refuses only newer formats.
 */

#ifndef BROKER_STORE_SQLITE_FILE_H_INCLUDED
#define BROKER_STORE_SQLITE_FILE_H_INCLUDED

#include <sqlite3.h>
#include <stdbool.h>

#include "common/fault.h"

#define STORE_FILE_FORMAT 1               //  user_version
#define STORE_FILE_APPLICATION 0x63616472 //  "cadr"
#define STORE_FILE_BUSY_MS 2000           //  How long to wait while another program locks the file
#define STORE_FILE_WAL_BYTES                                                                       \
    (64L << 20) //  A write-ahead log that a large transaction enlarged is truncated to this

typedef struct sqlite_file sqlite_file_t;

//  vfs: NULL, or a SQLite VFS of tests. NULL and a fault when the file cannot be opened.
sqlite_file_t *sqlite_file_open (const char *path, const char *vfs, fault_t *fault);

//  Closes the remaining connections, and unlocks.
void sqlite_file_close (sqlite_file_t **self_p);

//  The path with symbolic links resolved.
const char *sqlite_file_path (const sqlite_file_t *self);

//  The connection that writes.
sqlite3 *sqlite_file_writer (sqlite_file_t *self);

//  From now on this broker may change the file, and closing it copies FILE-wal into FILE. Does that
//  now, too, so that FILE-wal is empty.
cadre_error_t sqlite_file_adopt (sqlite_file_t *self, fault_t *fault);

//  FILE-wal contains a commit: after a crash it must exist at the next start.
void sqlite_file_expect_wal (sqlite_file_t *self);

//  After a failure: closing writes nothing.
void sqlite_file_freeze (sqlite_file_t *self);

//  Another connection, read-only; the caller closes it. NULL and a fault when that fails.
sqlite3 *sqlite_file_reader (const sqlite_file_t *self, fault_t *fault);

#endif
