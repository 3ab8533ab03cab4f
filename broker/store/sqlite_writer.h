/*  sqlite_writer.h - the thread that commits
 *
 *  It takes all batches that gathered while it made the last transaction (up to
 *  16 MiB of them) and commits them in one. Upkeep comes after the batches were
 *  told to be durable. The owner's thread calls everything here.
 */

#ifndef BROKER_STORE_SQLITE_WRITER_H_INCLUDED
#define BROKER_STORE_SQLITE_WRITER_H_INCLUDED

#include "broker/store/sqlite_log.h"
#include "broker/store/sqlite_reader.h"

typedef struct sqlite_writer sqlite_writer_t;

//  How far it is.
typedef struct sqlite_progress {
    uint64_t durable;         //  The last durable batch
    uint64_t durable_bytes;   //  What has become durable since the start
    sqlite_figures_t figures; //  After the last commit
    fault_t fault;            //  Why it gave up
} sqlite_progress_t;

//  Starts the thread. log and reader are borrowed, and log is the thread's from now on. event_fd is
//  written to when something is new.
sqlite_writer_t *sqlite_writer_new (sqlite_log_t *log, sqlite_reader_t *reader, int event_fd,
                                    fault_t *fault);

//  Waits until all is committed, or it gave up. Nothing can be put any more.
void sqlite_writer_finish (sqlite_writer_t *self);

//  Finishes, if that was not done.
void sqlite_writer_destroy (sqlite_writer_t **self_p);

//  Takes the content of *body.
void sqlite_writer_put (sqlite_writer_t *self, buffer_t *body, uint64_t seq, uint64_t drop_before);

void sqlite_writer_tell (sqlite_writer_t *self, sqlite_progress_t *progress);

#endif
