/*  rounds.h - checks every job once per beat interval, a limited number per turn
 *
 *  Some conditions produce no event: no worker fits a job, a client has waited long enough for a
 *  notice, results were kept long enough. A round checks all jobs; with many jobs it takes several
 *  turns.
 */

#ifndef BROKER_BACK_ROUNDS_H_INCLUDED
#define BROKER_BACK_ROUNDS_H_INCLUDED

#include "broker/core/context.h"

//  Begins a round, or schedules one after the current round. Call once per beat interval, and when
//  a worker has come or gone.
void rounds_begin (hub_t *hub);

//  Continues the round, if there is one. Call once a turn.
void rounds_go_on (hub_t *hub);

//  Stops the round before the jobs are freed.
void rounds_end (hub_t *hub);

#endif
