/*  call_fail.h - how a call fails
 *
 *  A failure has a kind, a message of one line and a trace; cadre_fail and cadre_trace of cadre.h
 *  are here, too. The last failure counts, with one exception: a wrong argument or value, reported
 *  by the functions below, is the cause of later failures and is not replaced.
 */

#ifndef WORKER_RUNNER_CALL_FAIL_H_INCLUDED
#define WORKER_RUNNER_CALL_FAIL_H_INCLUDED

#include "worker/runner/call.h"

//  An argument has the wrong type, or the number of arguments is wrong.
void call_fail_by_type (cadre_task_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  What the function returned ("value", "partial value") breaks the rules.
void call_fail_by_value (cadre_task_t *self, const char *what, const fault_t *fault);

#endif
