/*  job_sweep.h - checks every job once per beat interval, a limited number per turn
 *
 *  Some conditions produce no event: no worker fits a job, a client has waited long enough for a
 *  notice, results were kept long enough. A round checks all jobs; with many jobs it takes several
 *  turns.
 */

#ifndef BROKER_BACK_JOB_SWEEP_H_INCLUDED
#define BROKER_BACK_JOB_SWEEP_H_INCLUDED

#include "broker/core/context.h"

//  Begins a round, or schedules one after the current round. Call once per beat interval, and when
//  a worker has come or gone.
void job_sweep_begin (context_t *ctx);

//  Continues the round, if there is one. Call once a turn.
void job_sweep_go_on (context_t *ctx);

//  Stops the round before the jobs are freed.
void job_sweep_end (context_t *ctx);

#endif
