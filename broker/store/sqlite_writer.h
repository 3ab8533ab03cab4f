/*  sqlite_writer.h - the thread that commits
 *
 *  It commits all batches that arrived during the last transaction (up to 16 MiB) in one
 *  transaction. Upkeep runs after the batches have been reported as durable. The owner's thread
 *  calls all functions.
 */

#ifndef BROKER_STORE_SQLITE_WRITER_H_INCLUDED
#define BROKER_STORE_SQLITE_WRITER_H_INCLUDED

#include "broker/store/sqlite_log.h"
#include "broker/store/sqlite_reader.h"

typedef struct sqlite_writer sqlite_writer_t;

//  Progress of the writer.
typedef struct sqlite_progress {
    uint64_t durable;         //  The last durable batch
    uint64_t durable_bytes;   //  What has become durable since the start
    sqlite_figures_t figures; //  After the last commit
    fault_t fault;            //  Why it stopped
} sqlite_progress_t;

//  Starts the thread. log and reader are borrowed; from now on only the thread may use log.
//  event_fd is written to when there is progress.
sqlite_writer_t *sqlite_writer_new (sqlite_log_t *log, sqlite_reader_t *reader, int event_fd,
                                    fault_t *fault);

//  Waits until everything is committed, or the thread has stopped. Nothing may be put afterwards.
void sqlite_writer_finish (sqlite_writer_t *self);

//  Calls sqlite_writer_finish if needed.
void sqlite_writer_destroy (sqlite_writer_t **self_p);

//  Takes the content of *body.
void sqlite_writer_put (sqlite_writer_t *self, buffer_t *body, uint64_t seq, uint64_t drop_before);

void sqlite_writer_tell (sqlite_writer_t *self, sqlite_progress_t *progress);

#endif
