/*  standing.h - where a job stands after its counts have changed
 *
 *  What other modules know of a job follows from its counts: its part in the sums of the hub and of
 *  its share, its place among the ready jobs, and whether its owner or its followers are to be
 *  told. Whoever changes the counts, or what the job's turn depends on, calls standing_update
 *  afterwards.
 */

#ifndef BROKER_JOBS_STANDING_H_INCLUDED
#define BROKER_JOBS_STANDING_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

//  Sums, ready jobs, owner and followers learn of it: after all that its tasks wait for.
void standing_update (hub_t *hub, job_t *job);

//  The sums alone: its tasks have been leased.
void standing_tally (hub_t *hub, job_t *job);

//  The job goes: its part of the sums is taken away.
void standing_remove (hub_t *hub, job_t *job);

//  Does a client wait for it? Owner, seal or counts of the job have changed.
void standing_count_attached (hub_t *hub, job_t *job);

//  Is nothing of the job begun, although workers may be free?
bool standing_is_resting (const hub_t *hub, const job_t *job);

#endif
