/*  call_fail.h - how a call fails
 *
 *  A failure has a kind, a message of one line and a trace; cadre_fail and cadre_trace of cadre.h
 *  are here too. The last failure counts, but for those below: a wrong argument or value is the
 *  cause of what the function says later, so no other failure replaces it.
 */

#ifndef WORKER_RUNNER_CALL_FAIL_H_INCLUDED
#define WORKER_RUNNER_CALL_FAIL_H_INCLUDED

#include "worker/runner/call.h"

//  An argument has the wrong type, or their number is wrong.
void call_fail_by_type (cadre_task_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  What the function gave ("value", "partial value") breaks the rules.
void call_fail_by_value (cadre_task_t *self, const char *what, const fault_t *fault);

#endif
