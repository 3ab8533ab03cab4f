/*  cadre_function.h - functions: what workers serve
 *
 *  A worker offers functions by name: those of a plugin, of a program that calls cadre_main, or of
 *  an embedded pool. A function is given the task that it serves; it reads the arguments there, and
 *  gives its result, or why it failed. The task belongs to the thread that runs the function. A
 *  plugin needs this header alone; cadre.h includes it.
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

typedef struct cadre_function {
    const char *name;  //  What it is called by
    cadre_run_fn *run; //  The function
    const char *
        takes; //  Types of its arguments, letters as in cadre_submit; NULL: not checked. A trailing
               //  '*' allows any further ones. Checked before run is called
    const char *says;                      //  What it does, one line, or NULL
    cadre_error_t (*start) (void **state); //  Once per slot before its first call, or NULL
    void (*end) (void *state);             //  Once per slot when it ends, or NULL
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

//  First line of a program whose own functions shall run in its slots and workers. Started as a
//  slot (by a pool of this program), or as a worker (`program --cadre-worker --broker ADDRESS
//  [options of cadre-worker]`), it serves and never returns. Else it remembers the functions (not
//  copied: keep them) for the pools that this process opens, and returns.
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

//  Set the result and return CADRE_OK, so that a function can end with `return cadre_return_int
//  (task, n);`. The last one counts.
CADRE_EXPORT cadre_error_t cadre_return_nil (cadre_task_t *task);
CADRE_EXPORT cadre_error_t cadre_return_int (cadre_task_t *task, int64_t value);
CADRE_EXPORT cadre_error_t cadre_return_uint (cadre_task_t *task, uint64_t value);
CADRE_EXPORT cadre_error_t cadre_return_double (cadre_task_t *task, double value);
CADRE_EXPORT cadre_error_t cadre_return_bool (cadre_task_t *task, bool value);
CADRE_EXPORT cadre_error_t cadre_return_text (cadre_task_t *task, const char *value);
CADRE_EXPORT cadre_error_t cadre_return_blob (cadre_task_t *task, const void *bytes,
                                              size_t size_bytes);
CADRE_EXPORT cadre_error_t cadre_return_value (cadre_task_t *task, cadre_value_t **value);

//  Ends the task with outcome error. kind is a short word for programs ("not-found"), the rest a
//  message as in printf. Returns CADRE_ERROR_TASK: `return cadre_fail (task, "range", "%d is too
//  large", n);`
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
//  Tells the caller how far this task is, from 0 to 1; text may be NULL. At most ten a second are
//  sent.
CADRE_EXPORT void cadre_task_progress (cadre_task_t *task, double fraction, const char *text);
//  Sends a line of text to the caller and the job's log.
CADRE_EXPORT void cadre_task_log (cadre_task_t *task, const char *format, ...)
#if defined(__GNUC__)
    __attribute__ ((format (printf, 2, 3)))
#endif
    ;
//  Sends a partial result, of at most 256 KiB, before the function has ended. One that cannot
//  travel ends the task with an error.
CADRE_EXPORT cadre_error_t cadre_task_emit (cadre_task_t *task, cadre_value_t **value);
CADRE_EXPORT unsigned cadre_task_attempt (const cadre_task_t *task); //  From 1
CADRE_EXPORT uint64_t cadre_task_job (const cadre_task_t *task);     //  Number of the job
CADRE_EXPORT uint32_t
cadre_task_index (const cadre_task_t *task);                      //  In its job; an item: its place
CADRE_EXPORT unsigned cadre_task_slot (const cadre_task_t *task); //  Within its worker, from 1
CADRE_EXPORT void *cadre_task_state (const cadre_task_t *task); //  What start stored for this slot
CADRE_EXPORT const char *cadre_task_broker (const cadre_task_t *task); //  For cadre_open, or ""

#ifdef __cplusplus
}
#endif
#endif
