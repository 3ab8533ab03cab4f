/*  log_index.h - where each job begins in the store's log, and the identities of those forgotten
 *
 *  A compaction copies what is still needed from the old end of the log. So the index keeps durable
 *  jobs in the order in which they begin in the log; tombstones.h does the same for identities.
 *  What is in the batch that is being gathered has no place until the batch gets its number. The
 *  ledger makes the index (hub->log_index). One thread, the broker's.
 */

#ifndef BROKER_JOURNAL_LOG_INDEX_H_INCLUDED
#define BROKER_JOURNAL_LOG_INDEX_H_INCLUDED

#include "broker/record/job.h"
#include "broker/record/tombstones.h"

typedef struct log_index log_index_t;

//  The ghosts are borrowed.
log_index_t *log_index_new (tombstones_t *ghosts);

//  No job may be in it. *self_p may be NULL.
void log_index_destroy (log_index_t **self_p);

//  The job, or the identity of one that was forgotten, is in the batch that is being gathered, and
//  counts as being nowhere else in the log.
void log_index_add (log_index_t *self, job_t *job);
void log_index_add_ghost (log_index_t *self, const identity_t *identity);

//  That batch got its number.
void log_index_place (log_index_t *self, uint64_t seq);

//  The payload of a task, which is in the stock still, is not needed any more: returns by how many
//  bytes what is needed of the job in the log has become less.
uint64_t log_index_release_payload (job_t *job, uint32_t index);

//  The job goes. It need not be in the index.
void log_index_remove (log_index_t *self, job_t *job);

//  The job that begins first in the log; NULL: none does.
job_t *log_index_oldest_job (const log_index_t *self);

//  The first batch that is needed, for a job or an identity; UINT64_MAX: none is.
uint64_t log_index_oldest (const log_index_t *self);

//  Takes the oldest identity, if it lies before that batch: the caller must record it anew.
bool log_index_next_ghost (log_index_t *self, uint64_t before, const identity_t **identity,
                           uint64_t *number);

#endif
