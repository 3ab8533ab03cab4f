/*  settle_queue.h - jobs that the ledger looks at when the turn ends
 *
 *  A module that changes a job so that it may have ended, or that many of its tasks must end, adds
 *  the job to the queue; ledger_settle takes it from there. So a module below the ledger needs only
 *  this queue. Its head is hub->settling, and a job is in it once at most.
 */

#ifndef BROKER_JOBS_SETTLE_QUEUE_H_INCLUDED
#define BROKER_JOBS_SETTLE_QUEUE_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

//  Appends the job, unless it is there.
void settle_queue_add (hub_t *hub, job_t *job);

//  It need not be there.
void settle_queue_remove (hub_t *hub, job_t *job);

//  Takes the first job; NULL when the queue is empty.
job_t *settle_queue_take (hub_t *hub);

size_t settle_queue_count (const hub_t *hub);

#endif
