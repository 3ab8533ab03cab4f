/*  testimony.h - what a slot says of a task, held against the rules
 *
 *  A slot runs other people's code in its own process, so nothing that it says
 *  goes on before it was looked at: what the worker takes from it is what the
 *  broker takes from the worker (common/rules.h). Plain functions.
 */

#ifndef WORKER_SLOTS_TESTIMONY_H_INCLUDED
#define WORKER_SLOTS_TESTIMONY_H_INCLUDED

#include "common/fault.h"
#include "worker/slots/lease.h"

//  Outcome, code, time and value of a result; its detail is made anew (failure.h). False and a
//  fault that names the place: then the task's end is an error that says so.
bool testimony_is_sound (const lease_t *lease, const wire_slot_result_t *said, fault_t *fault);

//  Is a slot that has started of use, with functions that a broker takes? Else the fault says why
//  not.
bool testimony_is_of_use (const wire_slot_ready_t *said, fault_t *fault);

//  How a sound one ended. What was given up since its time was over, before the worker looked at
//  the clock, has timed out.
cadre_outcome_t testimony_outcome (const lease_t *lease, const wire_slot_result_t *said);

#endif
