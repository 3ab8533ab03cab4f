/*  unplaceable.h - jobs that no worker can run
 *
 *  An attached job fails after 1 s when no worker has ever offered its function, and after 5 s when
 *  no registered worker has ever met its needs (in an embedded broker, which no worker can join:
 *  both at once). When there are no workers at all, or those that fit have left, the client gets a
 *  notice after 5 s and the job continues to wait. Detached jobs wait.
 */

#ifndef BROKER_DIAGNOSIS_UNPLACEABLE_H_INCLUDED
#define BROKER_DIAGNOSIS_UNPLACEABLE_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

#define UNPLACEABLE_FUNCTION_US 1000000 //  From the first task to "no worker offers"
#define UNPLACEABLE_US 5000000          //  From the first task to any other notice

//  Checks one job. Call when it is opened, when a worker comes or goes, and once per beat interval.
void unplaceable_job (context_t *ctx, job_t *job);

//  What is missing for a job that no worker fits, and the remedy. Returns message.
const char *unplaceable_why (const context_t *ctx, const job_t *job, char *message, size_t size);

#endif
