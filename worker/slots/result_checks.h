/*  result_checks.h - checks results that slots report
 *
 *  A slot runs foreign code in its own process, so everything that it sends is checked first, by
 *  the same rules that the broker applies to the worker (common/rules.h). Plain functions.
 */

#ifndef WORKER_SLOTS_RESULT_CHECKS_H_INCLUDED
#define WORKER_SLOTS_RESULT_CHECKS_H_INCLUDED

#include "common/fault.h"
#include "worker/slots/lease.h"

//  Checks outcome, code, time and value of a result; its detail is packed again (failure.h). False
//  and a fault that names the problem: then the task ends with that error.
bool result_checks_is_sound (const lease_t *lease, const wire_slot_result_t *said, fault_t *fault);

//  Can a started slot be used, with functions that a broker accepts? If not, the fault says why.
bool result_checks_is_of_use (const wire_slot_ready_t *said, fault_t *fault);

//  The outcome of a valid result. A task that the slot gave up because its timeout had passed,
//  before the worker noticed, has timed out.
cadre_outcome_t result_checks_outcome (const lease_t *lease, const wire_slot_result_t *said);

#endif
