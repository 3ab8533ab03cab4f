/*  sqlite_wal.h - checks that the write-ahead log is complete
 *
 *  SQLite reads a log up to the first frame with a wrong checksum and ignores the rest, because a
 *  commit that was interrupted by a power failure looks like that. But such a commit can only be
 *  the last one: each commit is synced before the next begins. When two more commits follow, bytes
 *  that were already on the disk have changed, and accepted jobs would be lost silently.
 *
 *  (The rest of an interrupted commit must not stay in the file: sqlite_file_adopt empties it.)
 */

#ifndef BROKER_STORE_SQLITE_WAL_H_INCLUDED
#define BROKER_STORE_SQLITE_WAL_H_INCLUDED

#include <stdint.h>

#include "common/fault.h"

#define SQLITE_WAL_HEAD_BYTES 32

//  Checks the log of the store at path, which has the given name. A log that is missing or empty is
//  complete. IO and a fault that gives the position when it is damaged.
cadre_error_t sqlite_wal_check (const char *path, const char *wal, fault_t *fault);

#endif
