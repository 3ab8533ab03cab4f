/*  call.h - the task object (cadre_task_t) that a function works with
 *
 *  The cadre_arg_..., cadre_return_... and cadre_task_... functions of cadre.h use this object. A
 *  slot has one and uses it for every task: a call with small arguments allocates nothing.
 *  Arguments are decoded from the payload when they are requested. Texts and values that were
 *  returned stay valid until the call ends.
 *
 *      call_t setup once:   call_new (host)
 *      for each task:       call_serve (call, function, state, task, arguments, end)
 *      or, item by item:    call_serve_map (…)
 */

#ifndef WORKER_RUNNER_CALL_H_INCLUDED
#define WORKER_RUNNER_CALL_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

//  host is borrowed and must outlive the call.
cadre_task_t *call_new (const runner_host_t *host);
void call_destroy (cadre_task_t **self_p);

//  Checks the arguments against the function's signature, runs it, and stores the outcome in *end
//  (cleared before). The payload is an array of arguments.
void call_serve (cadre_task_t *self, const cadre_function_t *function, void *state,
                 const runner_task_t *task, runner_end_t *end);

//  The payload is that of a map (map_items.h): runs the function for each item. The value holds
//  their results, as ext type 1 for items that failed; then the outcome is error, and the detail
//  that of the first failure. Stops early when the task is cancelled, or when results no longer fit
//  in the shared memory although item positions are known; the remaining items are not started
//  then.
void call_serve_map (cadre_task_t *self, const cadre_function_t *function, void *state,
                     const runner_task_t *task, runner_end_t *end);

//  ---- for functions that run in another process ----

const char *call_name (const cadre_task_t *self);          //  Of the function
const runner_task_t *call_task (const cadre_task_t *self); //  The task being served
view_t call_of_arguments (const cadre_task_t *self);       //  One array

//  As cadre_return_value; the bytes should be one msgpack value.
cadre_error_t call_return_raw (cadre_task_t *self, view_t value);
//  As cadre_task_emit; at most RUNNER_PIECE_BYTES.
cadre_error_t call_emit_raw (cadre_task_t *self, view_t value);
//  Sets the outcome of a failure, if it is not error, and its code; call after cadre_fail.
void call_set_outcome (cadre_task_t *self, cadre_outcome_t outcome, int code);

//  NULL, or the first unknown letter of takes.
const char *call_arguments_bad_takes (const char *takes);

#endif
