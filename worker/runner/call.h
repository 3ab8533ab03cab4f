/*  call.h - a function's view of the task that it serves
 *
 *  The cadre_arg_..., cadre_return_..., cadre_task_... functions of cadre.h work on
 *  this object. A slot has one and uses it for every task: nothing is allocated
 *  for a call of small arguments. Arguments are decoded when they are asked for,
 *  straight from the payload; texts and values that were handed out live in memory of
 *  the call until it ends.
 *
 *      call_t setup once:   call_new (host)
 *      for each task:       call_serve (call, function, state, task, arguments, end)
 *      or, item by item:    call_serve_map (…)
 */

#ifndef WORKER_RUNNER_CALL_H_INCLUDED
#define WORKER_RUNNER_CALL_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

//  Host is borrowed and must outlive the call.
cadre_task_t *call_new (const runner_host_t *host);
void call_destroy (cadre_task_t **self_p);

//  Checks what the function takes, runs it, and leaves its end in *end (cleared before). The
//  payload is an array of arguments.
void call_serve (cadre_task_t *self, const cadre_function_t *function, void *state,
                 const runner_task_t *task, runner_end_t *end);

//  The payload is that of a map (lot.h): the function is run for each item. The value holds their
//  results, ext type 1 for those that failed; then the outcome is error, and the detail that of the
//  first of them. Stops early when the task is cancelled, or when the items are told and no more
//  results can be kept where they survive: those behind are not begun.
void call_serve_map (cadre_task_t *self, const cadre_function_t *function, void *state,
                     const runner_task_t *task, runner_end_t *end);

//  ---- for functions that are run elsewhere ----

const char *call_name (const cadre_task_t *self);          //  Of the function
const runner_task_t *call_task (const cadre_task_t *self); //  Being served
view_t call_of_arguments (const cadre_task_t *self);       //  One array

//  As cadre_return_value, with bytes that should be one msgpack value.
cadre_error_t call_return_raw (cadre_task_t *self, view_t value);
//  As cadre_task_emit. At most RUNNER_PIECE_BYTES.
cadre_error_t call_emit_raw (cadre_task_t *self, view_t value);
//  The failure's outcome, if it is not error, and its code; after cadre_fail.
void call_set_outcome (cadre_task_t *self, cadre_outcome_t outcome, int code);

//  NULL, or the letter of takes that means nothing.
const char *call_arguments_bad_takes (const char *takes);

#endif
