/*  sqlite_log.h - the log in a store's file: all calls that wait for the disk
 *
 *  One thread at a time: the thread that opened it until the scan is done, then the writer
 *  (sqlite_writer.h). After a failure only sqlite_log_destroy may be called.
 *
 *  A drop only sets store.first in its transaction. The rows are deleted in small steps in later
 *  transactions; their pages are reused, or returned to the file system when they are many. So no
 *  commit waits until gigabytes are deleted.
 */

#ifndef BROKER_STORE_SQLITE_LOG_H_INCLUDED
#define BROKER_STORE_SQLITE_LOG_H_INCLUDED

#include "broker/store/sqlite_file.h"
#include "broker/store/store.h"

typedef struct sqlite_log sqlite_log_t;

//  The state of the file after the last commit.
typedef struct sqlite_figures {
    uint64_t file_bytes;  //  File and write-ahead log
    uint64_t used_bytes;  //  Pages with batches that were not dropped
    uint64_t spare_bytes; //  Free pages
    uint64_t free_bytes;  //  Free in the file system
    uint64_t first;       //  Number of the oldest batch; 0: none
    uint64_t next;        //  Number of the next batch
    uint64_t first_batch; //  Ordinal of the oldest batch
    uint64_t next_batch;  //  Ordinal of the next batch
    uint64_t commits;     //  Transactions so far
} sqlite_figures_t;

//  file is borrowed. wal_bytes: the size above which the write-ahead log is copied into the file.
sqlite_log_t *sqlite_log_new (sqlite_file_t *file, uint64_t wal_bytes, fault_t *fault);
void sqlite_log_destroy (sqlite_log_t **self_p);

//  See store_scan.
cadre_error_t sqlite_scan (sqlite_log_t *self, store_visit_t *visit, void *context, fault_t *fault);
uint64_t sqlite_log_boots (const sqlite_log_t *self);

//  A transaction: begin, add and drop, commit. Durable after commit returned CADRE_OK.
cadre_error_t sqlite_log_begin (sqlite_log_t *self, fault_t *fault);
cadre_error_t sqlite_log_add (sqlite_log_t *self, uint64_t seq, view_t batch, fault_t *fault);
cadre_error_t sqlite_log_drop (sqlite_log_t *self, uint64_t before, fault_t *fault);
cadre_error_t sqlite_log_commit (sqlite_log_t *self, fault_t *fault);

//  After a commit: shortens the write-ahead log when it is due. When idle is true, also does a part
//  of the other upkeep; *more says whether any is left.
cadre_error_t sqlite_log_tidy (sqlite_log_t *self, bool idle, bool *more, fault_t *fault);

const sqlite_figures_t *sqlite_log_figures (const sqlite_log_t *self);

#endif
