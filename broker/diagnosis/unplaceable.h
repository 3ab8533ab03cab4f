/*  unplaceable.h - jobs that nobody can run, and what they are told
 *
 *  A function that nobody ever offered fails an attached job after a second, needs that
 *  no registered worker ever met after 5 s (embedded, where nobody can join: both at once). Without
 *  any worker, and when those who fitted are gone for now, the client is told after 5 s, and the
 *  job goes on waiting. Detached jobs wait.
 */

#ifndef BROKER_DIAGNOSIS_UNPLACEABLE_H_INCLUDED
#define BROKER_DIAGNOSIS_UNPLACEABLE_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

#define UNPLACEABLE_FUNCTION_US 1000000 //  From the first task to "no worker offers"
#define UNPLACEABLE_US 5000000          //  From the first task to any other word

//  Looks at one job: when it was opened, when a worker came or went, and once a beat.
void unplaceable_job (hub_t *hub, job_t *job);

//  What is missing for a job that no worker fits, and the cure. Returns message.
const char *unplaceable_why (const hub_t *hub, const job_t *job, char *message, size_t size);

#endif
