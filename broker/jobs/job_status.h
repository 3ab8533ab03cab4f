/*  job_status.h - updates what depends on a job's counts
 *
 *  These depend on the counts of a job: its part in the sums of the context and of its share, its
 *  position among the ready jobs, and whether its owner or followers must be sent its state. After
 *  a change of the counts, or of anything that decides when the job is served, call
 *  job_status_update.
 */

#ifndef BROKER_JOBS_JOB_STATUS_H_INCLUDED
#define BROKER_JOBS_JOB_STATUS_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

//  Updates sums, ready jobs, owner and followers. Call it after the last change of the job's tasks.
void job_status_update (context_t *ctx, job_t *job);

//  Updates only the sums; for tasks that have been leased.
void job_status_tally (context_t *ctx, job_t *job);

//  Subtracts the job from the sums before it is removed.
void job_status_remove (context_t *ctx, job_t *job);

//  Updates whether a client waits for the job. Call it when owner, seal or counts have changed.
void job_status_count_awaited (context_t *ctx, job_t *job);

//  Are its results kept in memory, and is that full of such, or nearly full while its key is above
//  its share?
bool job_status_keeps_too_much (const context_t *ctx, const job_t *job);

//  Does the job not start tasks although workers may be free?
bool job_status_is_resting (const context_t *ctx, const job_t *job);

#endif
