/*  doubt.h - jobs that nobody can run, and what they are told
 *
 *  A function that nobody ever offered fails an attached job at once, needs that
 *  no registered worker meets after 5 s (embedded: at once). Without any worker the client is
 *  told after 5 s, and the job goes on waiting. Detached jobs wait.
 */

#ifndef BROKER_DOUBT_H_INCLUDED
#define BROKER_DOUBT_H_INCLUDED

#include "broker/hub.h"
#include "broker/job.h"

#define DOUBT_US 5000000

//  Looks at one job: when it was opened, when a worker came or went, and once a beat.
void doubt_job (hub_t *hub, job_t *job);

//  Looks at all jobs.
void doubt_look (hub_t *hub);

#endif
