/*  settle_queue.h - jobs that the ledger checks at the end of the turn
 *
 *  A module that changes a job so that it may have ended, or so that many of its tasks must end,
 *  adds the job here; ledger_settle takes it from here. So modules below the ledger depend only on
 *  this queue. Its head is ctx->settling; a job is in it at most once.
 */

#ifndef BROKER_JOBS_SETTLE_QUEUE_H_INCLUDED
#define BROKER_JOBS_SETTLE_QUEUE_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

//  Appends the job, unless it is in the queue.
void settle_queue_add (context_t *ctx, job_t *job);

//  The job need not be in the queue.
void settle_queue_remove (context_t *ctx, job_t *job);

//  Takes the first job; NULL when the queue is empty.
job_t *settle_queue_take (context_t *ctx);

size_t settle_queue_count (const context_t *ctx);

#endif
