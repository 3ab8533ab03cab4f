/*  expiry.h - when the tasks of a job arrived, and which of them are too old to be started
 *
 *  A job with expire_ms has a list of arrival times, oldest first. The oldest one has an entry in
 *  the context's delay, with an index that no task has. Tasks that were started do not expire.
 */

#ifndef BROKER_JOBS_EXPIRY_H_INCLUDED
#define BROKER_JOBS_EXPIRY_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

#define EXPIRY_INDEX UINT32_MAX //  Index in the delay: the job's oldest tasks are due

//  The newest tasks arrived at that time.
void expiry_note (context_t *ctx, job_t *job, int64_t at_us);

//  Advances job->expires over the tasks that are due now. True while tasks from job->expired on
//  must be ended.
bool expiry_look (context_t *ctx, job_t *job);

//  How long the task may still wait before it is started; 0: no limit, because it was tried before
//  or is retried by request. expiry_look must have been called in this turn.
uint64_t expiry_left_us (const context_t *ctx, const job_t *job, uint32_t index);

#endif
