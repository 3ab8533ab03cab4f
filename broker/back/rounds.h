/*  rounds.h - every job is looked at once a beat, so many in a turn
 *
 *  Jobs that nobody can run, clients that should hear what they wait for, results that were kept
 *  long enough: none of that shows by itself. A round goes through all jobs; with many of them it
 *  takes several turns.
 */

#ifndef BROKER_BACK_ROUNDS_H_INCLUDED
#define BROKER_BACK_ROUNDS_H_INCLUDED

#include "broker/core/hub.h"

//  Once a beat, and when a worker has come or gone: a round begins, or is to follow the one that is
//  under way.
void rounds_begin (hub_t *hub);

//  Once a turn: the round goes on, if there is one.
void rounds_go_on (hub_t *hub);

//  The jobs will be gone.
void rounds_end (hub_t *hub);

#endif
