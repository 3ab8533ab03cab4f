/*  sqlite_reader.h - the thread that reads slices
 *
 *  It has its own connection, so it never waits for a commit, and reads each row in a transaction
 *  of its own, so it never delays a checkpoint. It checks the checksum of each row and caches the
 *  last few rows: payloads of tasks that are dispatched in order cost one read per row.
 *
 *  The owner's thread calls all functions except sqlite_reader_await. The thread starts with the
 *  first request.
 */

#ifndef BROKER_STORE_SQLITE_READER_H_INCLUDED
#define BROKER_STORE_SQLITE_READER_H_INCLUDED

#include "broker/store/sqlite_file.h"
#include "broker/store/store.h"

typedef struct sqlite_reader sqlite_reader_t;

//  file is borrowed. event_fd is written to when a slice is ready.
sqlite_reader_t *sqlite_reader_new (const sqlite_file_t *file, int event_fd);

//  Starts the thread before the first request. CADRE_ERROR_MEMORY when it cannot be started.
cadre_error_t sqlite_reader_start (sqlite_reader_t *self, fault_t *fault);

//  Drops the remaining requests.
void sqlite_reader_destroy (sqlite_reader_t **self_p);

void sqlite_reader_ask (sqlite_reader_t *self, uint64_t tag, uint64_t seq, uint64_t offset,
                        size_t size);

//  Number of requests so far.
uint64_t sqlite_reader_asked (const sqlite_reader_t *self);

//  The next slice, in the order of the requests; false when none is ready.
bool sqlite_reader_next (sqlite_reader_t *self, store_slice_t *slice);

//  For the writer's thread: waits until the first `asked` requests were read.
void sqlite_reader_await (sqlite_reader_t *self, uint64_t asked);

#endif
