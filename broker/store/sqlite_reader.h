/*  sqlite_reader.h - the thread that reads slices back
 *
 *  It has a connection of its own, so that it never waits behind a commit, and
 *  reads whole rows, each in a transaction of its own, so that it never holds a
 *  checkpoint up. A row's checksum is tested, and the last few rows are kept:
 *  payloads of tasks that are dispatched in order cost one read a row.
 *
 *  The owner's thread calls everything here but sqlite_reader_await. The thread
 *  starts with the first slice that is asked for.
 */

#ifndef BROKER_STORE_SQLITE_READER_H_INCLUDED
#define BROKER_STORE_SQLITE_READER_H_INCLUDED

#include "broker/store/sqlite_file.h"
#include "broker/store/store.h"

typedef struct sqlite_reader sqlite_reader_t;

//  file is borrowed. event_fd is written to when a slice is there.
sqlite_reader_t *sqlite_reader_new (const sqlite_file_t *file, int event_fd);

//  Starts its thread, before anything is asked. CADRE_ERROR_MEMORY when there is none.
cadre_error_t sqlite_reader_start (sqlite_reader_t *self, fault_t *fault);

//  Drops what was asked for and not read.
void sqlite_reader_destroy (sqlite_reader_t **self_p);

void sqlite_reader_ask (sqlite_reader_t *self, uint64_t tag, uint64_t seq, uint64_t offset,
                        size_t size);

//  How often that was called.
uint64_t sqlite_reader_asked (const sqlite_reader_t *self);

//  The next slice, in the order of asking; false when there is none.
bool sqlite_reader_next (sqlite_reader_t *self, store_slice_t *slice);

//  The writer's thread: waits until the first asked slices were read.
void sqlite_reader_await (sqlite_reader_t *self, uint64_t asked);

#endif
