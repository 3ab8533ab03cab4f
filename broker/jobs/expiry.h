/*  expiry.h - when the tasks of a job came, and which of them came too long ago to be begun
 *
 *  A job of which tasks may not wait for ever (expire_ms) has a list of arrivals, oldest first. The
 *  first of them that is due has an entry in the hub's delay, under the number of no task. Tasks
 *  that were begun do not expire.
 */

#ifndef BROKER_JOBS_EXPIRY_H_INCLUDED
#define BROKER_JOBS_EXPIRY_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

#define EXPIRY_INDEX UINT32_MAX //  In the delay: the job's oldest tasks are due

//  The newest tasks came at that moment.
void expiry_note (hub_t *hub, job_t *job, int64_t at_us);

//  Moves job->expires over what is due by now. True while there are tasks to be ended: from
//  job->expired on.
bool expiry_look (hub_t *hub, job_t *job);

//  For how long the task may still wait until it is begun; 0: for ever: it was tried before, or is
//  run again by request. What is due has been looked for in this turn.
uint64_t expiry_left_us (const hub_t *hub, const job_t *job, uint32_t index);

#endif
