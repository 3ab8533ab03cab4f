/*  sqlite.h - the store in a file of this machine, the default
 *
 *  FILE is a SQLite database (sqlite_file.h); FILE-wal and FILE-shm beside it
 *  belong to it, and FILE.lock says which process has it. All are of mode 0600.
 *  One thread commits (sqlite_writer.h), one reads slices (sqlite_reader.h).
 *
 *  How long the write-ahead log gets: it is copied into FILE when it exceeds
 *  wal_bytes, between two transactions, so it never holds more than that and
 *  one transaction (16 MiB and a batch), unless another program reads the file
 *  meanwhile: have such readers be short.
 */

#ifndef BROKER_STORE_SQLITE_H_INCLUDED
#define BROKER_STORE_SQLITE_H_INCLUDED

#include "broker/store/store.h"

typedef struct sqlite_options {
    uint64_t quota_bytes; //  Limit of what is stored and reserved; 0: what the file system has
    uint64_t wal_bytes;   //  When to copy the write-ahead log into the file; 0: 4 MiB
    const char *vfs;      //  SQLite's name of a file layer of tests; NULL: the usual one
} sqlite_options_t;

//  Opens the store, or makes it if there is no file. options may be NULL. NULL and a fault that
//  names file, cause and cure:
//    ADDRESS_IN_USE   another process has it (which one)
//    VERSION          it was written by a newer cadre
//    CONFIGURATION    no store of cadre's, no folder, or not to be written by this user
//    IO               damaged, no space, or the disk failed
store_t *sqlite_open (const char *path, const sqlite_options_t *options, fault_t *fault);

#endif
