/*  log_index.h - where each job, and each forgotten identity, begins in the store's log
 *
 *  A compaction copies what is still needed from the old end of the log. So the index keeps durable
 *  jobs in the order in which they begin in the log; tombstones.h does the same for identities.
 *  Entries of the batch that is being filled get their position when the batch gets its number. The
 *  ledger creates the index (ctx->log_index). One thread, the broker's.
 */

#ifndef BROKER_JOURNAL_LOG_INDEX_H_INCLUDED
#define BROKER_JOURNAL_LOG_INDEX_H_INCLUDED

#include "broker/record/job.h"
#include "broker/record/tombstones.h"

typedef struct log_index log_index_t;

//  tombstones is borrowed.
log_index_t *log_index_new (tombstones_t *tombstones);

//  It must contain no job. *self_p may be NULL.
void log_index_destroy (log_index_t **self_p);

//  The job, or the forgotten identity, is in the batch that is being filled; older positions are
//  forgotten.
void log_index_add (log_index_t *self, job_t *job);
void log_index_add_ghost (log_index_t *self, const identity_t *identity);

//  That batch got its number.
void log_index_place (log_index_t *self, uint64_t seq);

//  The payload of a task, which must still be in the stock, is no longer needed. Returns by how
//  many bytes the job's live data in the log has shrunk.
uint64_t log_index_release_payload (job_t *job, uint32_t index);

//  Removes the job. It need not be in the index.
void log_index_remove (log_index_t *self, job_t *job);

//  The job that begins first in the log; NULL: none.
job_t *log_index_oldest_job (const log_index_t *self);

//  The oldest batch that is needed for a job or an identity; UINT64_MAX: none.
uint64_t log_index_oldest (const log_index_t *self);

//  Takes the oldest identity, if it is before that batch: the caller must record it again.
bool log_index_next_ghost (log_index_t *self, uint64_t before, const identity_t **identity,
                           uint64_t *number);

#endif
