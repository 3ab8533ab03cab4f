/*  sqlite_file.h - the file of a store: found or made, locked, and checked before anything is
 *  written
 *
 *      CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB)     rows as in row.h
 *      CREATE TABLE store (boots INTEGER, first INTEGER)         one row: how often it was opened;
 *                                                                batches below first are dropped
 *
 *  A new store is made beside its place, as FILE.new, and moved there when it
 *  is whole; so an empty file, or a log (FILE-wal) without its file, is damage
 *  and not a new store. A file that is refused is left as it was.
 *
 *  File, those beside it, and its folder belong to the broker's user or to root, nobody else can
 *  write there, and the files are nobody else's to read (CADRE_ERROR_REFUSED).
 *
 *  application_id is "cadr". A change of the tables or of a row's body raises
 *  STORE_FILE_FORMAT, and what reads the older one stays: a broker refuses only
 *  what is newer than itself.
 */

#ifndef BROKER_STORE_SQLITE_FILE_H_INCLUDED
#define BROKER_STORE_SQLITE_FILE_H_INCLUDED

#include <sqlite3.h>
#include <stdbool.h>

#include "common/fault.h"

#define STORE_FILE_FORMAT 1               //  user_version
#define STORE_FILE_APPLICATION 0x63616472 //  "cadr"
#define STORE_FILE_BUSY_MS 2000           //  How long another program may hold the file
#define STORE_FILE_WAL_BYTES                                                                       \
    (64L << 20) //  A log that a large transaction made longer is cut to this

typedef struct sqlite_file sqlite_file_t;

//  vfs: NULL, or the SQLite VFS that tests put between. NULL and a fault when the file cannot be
//  had.
sqlite_file_t *sqlite_file_open (const char *path, const char *vfs, fault_t *fault);

//  Closes the connections that were not closed, and unlocks.
void sqlite_file_close (sqlite_file_t **self_p);

//  The path without links.
const char *sqlite_file_path (const sqlite_file_t *self);

//  The connection that writes.
sqlite3 *sqlite_file_writer (sqlite_file_t *self);

//  From now on the file is this broker's to change, and what is in FILE-wal goes into FILE on
//  closing; now, too, so that FILE-wal is empty.
cadre_error_t sqlite_file_adopt (sqlite_file_t *self, fault_t *fault);

//  There is a commit in FILE-wal: without an orderly end it must be there the next time.
void sqlite_file_expect_wal (sqlite_file_t *self);

//  After a failure: closing writes nothing any more.
void sqlite_file_freeze (sqlite_file_t *self);

//  Another connection, that only reads; the caller closes it. NULL and a fault when that fails.
sqlite3 *sqlite_file_reader (const sqlite_file_t *self, fault_t *fault);

#endif
