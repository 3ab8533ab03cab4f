/*  job_table.h - all jobs of a broker, by number and by identity
 *
 *  The table only finds jobs: it neither owns nor changes them, and the job is the only module that
 *  it knows. The ledger makes the table (hub->jobs), adds a job when the job is opened, and removes
 *  it when it goes. The table also gives out the numbers of jobs. One thread, the broker's.
 */

#ifndef BROKER_JOBS_JOB_TABLE_H_INCLUDED
#define BROKER_JOBS_JOB_TABLE_H_INCLUDED

#include "broker/record/job.h"

typedef struct job_table job_table_t;

job_table_t *job_table_new (void);

//  It must be empty. *self_p may be NULL.
void job_table_destroy (job_table_t **self_p);

//  Number and identity of the job are set, and not in the table yet.
void job_table_add (job_table_t *self, job_t *job);

//  Walks that stand at the job go on to the next one.
void job_table_remove (job_table_t *self, job_t *job);

//  The job is not found by its identity any more, which may be opened anew. It is abandoned next.
void job_table_release_identity (job_table_t *self, job_t *job);

//  NULL: there is none.
job_t *job_table_find (job_table_t *self, uint64_t number);
job_t *job_table_find_identity (const job_table_t *self, const identity_t *identity);

//  The oldest job, or NULL; the others follow through hh_number.next.
job_t *job_table_first (const job_table_t *self);
size_t job_table_count (const job_table_t *self);

//  Goes through all jobs in several turns: job_table_walk puts the walk at the first job;
//  job_table_step returns the job at which it stands, or NULL at the end, and moves on.
void job_table_walk (job_table_t *self, walk_t *walk);
job_t *job_table_step (walk_t *walk);

//  The number for a new job; the last one that was given out. Numbers skipped are not given.
uint64_t job_table_next_number (job_table_t *self);
uint64_t job_table_last_number (const job_table_t *self);
void job_table_skip_numbers (job_table_t *self, uint64_t numbers);

#endif
