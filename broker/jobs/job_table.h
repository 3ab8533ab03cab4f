/*  job_table.h - all jobs of a broker, by number and by identity
 *
 *  The table only finds jobs: it neither owns nor changes them, and depends on no module but the
 *  job. The ledger creates the table (ctx->jobs), adds a job when it is opened, and removes it at
 *  its end. The table also assigns the numbers of jobs. One thread, the broker's.
 */

#ifndef BROKER_JOBS_JOB_TABLE_H_INCLUDED
#define BROKER_JOBS_JOB_TABLE_H_INCLUDED

#include "broker/record/job.h"

typedef struct job_table job_table_t;

job_table_t *job_table_new (void);

//  It must be empty. *self_p may be NULL.
void job_table_destroy (job_table_t **self_p);

//  Number and identity of the job must be set, and not be in the table.
void job_table_add (job_table_t *self, job_t *job);

//  Walks that stand at the job move to the next one.
void job_table_remove (job_table_t *self, job_t *job);

//  Removes only the identity, so that it may be opened again. The job is abandoned next.
void job_table_release_identity (job_table_t *self, job_t *job);

//  NULL when there is none.
job_t *job_table_find (job_table_t *self, uint64_t number);
job_t *job_table_find_identity (const job_table_t *self, const identity_t *identity);

//  The oldest job, or NULL; iterate with hh_number.next.
job_t *job_table_first (const job_table_t *self);
size_t job_table_count (const job_table_t *self);

//  Iterate over all jobs in several turns: job_table_walk moves the walk to the first job;
//  job_table_step returns the job at which it stands, or NULL at the end, and advances it.
void job_table_walk (job_table_t *self, walk_t *walk);
//  Moves the walk to the job with this number, or to the one behind the job with the number before.
//  If neither is there, to the first job: the caller skips smaller numbers.
void job_table_walk_from (job_table_t *self, walk_t *walk, uint64_t number);
job_t *job_table_step (walk_t *walk);

//  The number for a new job; the last number that was assigned; skip numbers, which are never
//  assigned.
uint64_t job_table_next_number (job_table_t *self);
uint64_t job_table_last_number (const job_table_t *self);
void job_table_skip_numbers (job_table_t *self, uint64_t numbers);

#endif
