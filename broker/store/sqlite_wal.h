/*  sqlite_wal.h - is the write-ahead log whole?
 *
 *  SQLite takes a log up to its first frame with a wrong checksum and passes
 *  over the rest, because that is how a commit looks that the power cut short.
 *  But such a commit is the last one: each one is synced before the next begins.
 *  Where the commits of two others follow, bytes that were on the disk have
 *  changed, and with them accepted jobs would be lost without a word.
 *
 *  (What is left of a log that the power cut short must not stay in the file:
 *  sqlite_file_adopt empties it.)
 */

#ifndef BROKER_STORE_SQLITE_WAL_H_INCLUDED
#define BROKER_STORE_SQLITE_WAL_H_INCLUDED

#include <stdint.h>

#include "common/fault.h"

#define SQLITE_WAL_HEAD_BYTES 32

//  Checks the log of the store at path, which has the given name. A log that is not there, or is
//  empty, is whole. IO and a fault that names the place when it is damaged.
cadre_error_t sqlite_wal_check (const char *path, const char *wal, fault_t *fault);

#endif
