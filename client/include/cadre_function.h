/*  cadre_function.h - functions: what workers serve
 *
 *  A worker offers functions by name: those of a plugin, of a program that calls cadre_main, or of
 *  an embedded pool. A function gets the task that it serves. It reads the arguments from it, and
 *  sets its result there, or an error. A plugin needs this header alone; cadre.h includes it.
 *
 *  - Threads: a task belongs to the thread that runs the function. Slots that are threads run
 *    functions at the same time in one process: static data needs a lock there.
 *  - Ownership: as in cadre.h. What a task returns is valid until the function returns.
 *  - Output: printf writes to the worker's streams, not to the caller's. In a thread slot these are
 *    stdout and stderr of its process. In a process slot both are the worker's stderr, and stdout
 *    is buffered as in a pipe: use fflush. For the caller there are cadre_task_log,
 *    cadre_task_progress and cadre_task_emit.
 */

#ifndef CLIENT_INCLUDE_CADRE_FUNCTION_H_INCLUDED
#define CLIENT_INCLUDE_CADRE_FUNCTION_H_INCLUDED

#include <cadre_error.h>
#include <cadre_value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cadre_task cadre_task_t; //  The task that a function serves

//  A function reads its arguments from the task and ends with cadre_return_... or cadre_fail.
typedef cadre_error_t (cadre_run_fn) (cadre_task_t *task);

//  A function that a worker offers.
typedef struct cadre_function {
    const char *name;  //  What it is called by
    cadre_run_fn *run; //  The function
    const char *takes; //  Letters of its arguments, as in cadre_submit; checked before run is
                       //  called. A '*' at the end allows any more. NULL: not checked
    const char *says;  //  What it does, one line, or NULL
    cadre_error_t (*start) (void **state); //  Called once per slot before its first call, or NULL
    void (*end) (void *state);             //  Called once per slot when the slot ends, or NULL
} cadre_function_t;

#define CADRE_PLUGIN_ABI 1u

typedef struct cadre_plugin {
    uint32_t abi;                      //  CADRE_PLUGIN_ABI of the header it was compiled with
    const cadre_function_t *functions; //  Ends with an entry whose name is NULL
} cadre_plugin_t;

//  Makes a shared object a plugin: CADRE_PLUGIN (functions), once, at file level.
#define CADRE_PLUGIN(functions_)                                                                   \
    CADRE_EXPORT extern const cadre_plugin_t cadre_plugin;                                         \
    const cadre_plugin_t cadre_plugin = {CADRE_PLUGIN_ABI, functions_};

//  Call it first in main, if functions of this program are to run in process slots and workers. If
//  the program was started as a slot (by its own pool), or as a worker (`program --cadre-worker
//  --broker ADDRESS [options of cadre-worker]`), cadre_main serves and never returns. Else it keeps
//  the pointer to the functions for the pools that this process opens, and returns.
CADRE_EXPORT void cadre_main (int argc, char **argv, const cadre_function_t *functions);

//  ---- inside a function ----------------------------------------------------

//  How many arguments the task has.
CADRE_EXPORT size_t cadre_arg_count (const cadre_task_t *task);

//  Argument number index, from 0. An argument that is missing or of another type makes the task
//  fail with an error of kind "type" that names function, argument and both types, whatever the
//  function returns later; the accessor returns 0, false, NULL or "". What is returned is valid
//  until the function returns.
CADRE_EXPORT int64_t cadre_arg_int (cadre_task_t *task, size_t index);
CADRE_EXPORT uint64_t cadre_arg_uint (cadre_task_t *task, size_t index);
CADRE_EXPORT double cadre_arg_double (cadre_task_t *task, size_t index); //  Takes integers too
CADRE_EXPORT bool cadre_arg_bool (cadre_task_t *task, size_t index);
CADRE_EXPORT const char *cadre_arg_text (cadre_task_t *task, size_t index); //  Never NULL
CADRE_EXPORT const void *cadre_arg_blob (cadre_task_t *task, size_t index, size_t *size_bytes);
CADRE_EXPORT const cadre_value_t *cadre_arg_value (cadre_task_t *task, size_t index); //  Any type

//  Set the result, and return CADRE_OK, so that a function can end with `return cadre_return_int
//  (task, n);`. Bytes, texts and values are copied; *value is consumed. The last call counts. A
//  result that is too large, nests deeper than 20, or has no memory ends the task with an error.
CADRE_EXPORT cadre_error_t cadre_return_nil (cadre_task_t *task);
CADRE_EXPORT cadre_error_t cadre_return_int (cadre_task_t *task, int64_t value);
CADRE_EXPORT cadre_error_t cadre_return_uint (cadre_task_t *task, uint64_t value);
CADRE_EXPORT cadre_error_t cadre_return_double (cadre_task_t *task, double value);
CADRE_EXPORT cadre_error_t cadre_return_bool (cadre_task_t *task, bool value);
CADRE_EXPORT cadre_error_t cadre_return_text (cadre_task_t *task, const char *value);
CADRE_EXPORT cadre_error_t cadre_return_blob (cadre_task_t *task, const void *bytes,
                                              size_t size_bytes);
CADRE_EXPORT cadre_error_t cadre_return_value (cadre_task_t *task, cadre_value_t **value);

//  Sets an error instead of a result: the outcome is error. kind is a short word for programs
//  ("not-found"); the message is formatted as by printf. It returns CADRE_ERROR_TASK: `return
//  cadre_fail (task, "range", "%d is too large", n);`
CADRE_EXPORT cadre_error_t cadre_fail (cadre_task_t *task, const char *kind, const char *format,
                                       ...)
#if defined(__GNUC__)
    __attribute__ ((format (printf, 3, 4)))
#endif
    ;

//  Adds a line to the error's trace, innermost first.
CADRE_EXPORT void cadre_trace (cadre_task_t *task, const char *format, ...)
#if defined(__GNUC__)
    __attribute__ ((format (printf, 2, 3)))
#endif
    ;

//  True once the task was cancelled or has timed out: a long function should return soon.
CADRE_EXPORT bool cadre_task_cancelled (const cadre_task_t *task);

//  Reports to the caller how far the task is, from 0 to 1; text may be NULL. At most ten reports a
//  second are sent.
CADRE_EXPORT void cadre_task_progress (cadre_task_t *task, double fraction, const char *text);

//  Sends a line of text to the caller (CADRE_STREAM_LOG) and the job's log.
CADRE_EXPORT void cadre_task_log (cadre_task_t *task, const char *format, ...)
#if defined(__GNUC__)
    __attribute__ ((format (printf, 2, 3)))
#endif
    ;

//  Sends a partial result, of at most 256 KiB, while the function runs: see cadre_future_next. It
//  consumes *value. A value that cannot be sent ends the task with an error.
CADRE_EXPORT cadre_error_t cadre_task_emit (cadre_task_t *task, cadre_value_t **value);

//  The number of this try, from 1.
CADRE_EXPORT unsigned cadre_task_attempt (const cadre_task_t *task);

//  The job's number at the broker, and the task's index in it (in a map: the item's index).
CADRE_EXPORT uint64_t cadre_task_job (const cadre_task_t *task);
CADRE_EXPORT uint32_t cadre_task_index (const cadre_task_t *task);

//  The slot's number within its worker, from 1, and what the function's start stored for this slot.
CADRE_EXPORT unsigned cadre_task_slot (const cadre_task_t *task);
CADRE_EXPORT void *cadre_task_state (const cadre_task_t *task);

//  The broker's address, with which the function can open a pool itself; "" if there is none. A
//  task that waits for others occupies its slot: if that is the only one, they never run.
//  cadre_open (NULL, ...) works in a task, too: that pool has slots of its own.
CADRE_EXPORT const char *cadre_task_broker (const cadre_task_t *task);

#ifdef __cplusplus
}
#endif
#endif
