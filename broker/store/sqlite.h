/*  sqlite.h - the store in a local SQLite file, the default
 *
 *  FILE is a SQLite database (sqlite_file.h). FILE-wal and FILE-shm beside it belong to it, and
 *  FILE.lock names the process that uses it. All have mode 0600. One thread commits
 *  (sqlite_writer.h), another reads slices (sqlite_reader.h).
 *
 *  Size of the write-ahead log: it is copied into FILE between two transactions when it exceeds
 *  wal_bytes. So it never holds more than that and one transaction (16 MiB and a batch), unless
 *  another program reads the file at that time; such readers should be short.
 */

#ifndef BROKER_STORE_SQLITE_H_INCLUDED
#define BROKER_STORE_SQLITE_H_INCLUDED

#include "broker/store/store.h"

typedef struct sqlite_options {
    uint64_t quota_bytes; //  Limit of stored and reserved bytes; 0: the file system's
    uint64_t wal_bytes;   //  When to copy the write-ahead log into the file; 0: 4 MiB
    const char *vfs;      //  Name of a SQLite VFS for tests; NULL: the default
} sqlite_options_t;

//  Opens the store, or creates it if there is no file. options may be NULL. NULL and a fault that
//  names file, cause and cure:
//    ADDRESS_IN_USE   another process uses it (which one)
//    VERSION          it was written by a newer cadre
//    CONFIGURATION    not a cadre store, no such folder, or no permission to write
//    IO               damaged, no space, or a disk error
store_t *sqlite_open (const char *path, const sqlite_options_t *options, fault_t *fault);

#endif
