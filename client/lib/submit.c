//  submit.c - cadre_submit and cadre_call: single tasks

#include "client/lib/implicit.h"
#include "client/lib/job_spec.h"
#include "client/lib/pool/promise.h"
#include "common/gather.h"
#include "common/memory_check.h"
#include "common/pack.h"
#include "common/value.h"

#include <string.h>

//  The definition of a task; one of the last four members is set.
typedef struct task {
    unsigned kind;                      //  WIRE_KIND_...
    const char *function;               //  Calls
    const cadre_job_options_t *options; //  Or NULL
    const char *types;                  //  Letters of the arguments
    va_list *arguments;                 //  The arguments; or
    const cadre_typed_t *typed;         //  The same, each with its type; or
    const cadre_value_t *value;         //  A list of them; or
    const char *const *argv;            //  A command
    buffer_t *large;                    //  Packed already, since it is large; or empty
} task_t;

static cadre_error_t s_submit_pack (buffer_t *payload, const task_t *task, fault_t *fault)
{
    if (task->kind == WIRE_KIND_COMMAND)
        return job_spec_pack_command (payload, task->argv, NULL, NULL, 0, NULL, fault);
    if (task->arguments)
        return value_build_arguments (payload, task->types, task->arguments, fault);
    if (task->typed)
        return value_build_typed (payload, task->typed, fault);
    if (task->value && cadre_value_type (task->value) != CADRE_TYPE_LIST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the arguments are a %s: give a list",
                          cadre_type_name (cadre_value_type (task->value)));
    if (task->value)
        value_codec_pack (payload, task->value);
    else
        pack_array (payload, 0);
    return CADRE_OK;
}

static cadre_error_t s_submit_check (const buffer_t *payload, size_t mark, unsigned kind,
                                     fault_t *fault)
{
    view_t task = {.data = payload->data + mark, .size = payload->size - mark};
    if (payload->failed)
        return memory_check_lacks (task.size, "arguments", fault);
    if (task.size > WIRE_PAYLOAD_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "the arguments have more than 1 GiB: pass a file's name instead");
    return rules_check (task, rules_payload (kind), fault) ? CADRE_OK : fault->code;
}

//  The size of the largest text or blob among the arguments.
static size_t s_largest (const task_t *task)
{
    size_t largest = 0, size;
    va_list arguments;
    for (const cadre_typed_t *at = task->typed; at && at->type; at++)
        if ((at->type == 'B' || at->type == 'S') && at->size_bytes > largest)
            largest = at->size_bytes;
    if (!task->arguments || !task->types || !strpbrk (task->types, "BS"))
        return largest;
    va_copy (arguments, *task->arguments);
    for (const char *at = task->types; *at; at++) {
        size = value_build_pass (*at, &arguments);
        largest = size > largest ? size : largest;
    }
    va_end (arguments);
    return largest;
}

//  Large arguments are packed before the lock is taken: others need not wait while they are copied,
//  once, to a file.
static cadre_error_t s_prepare (const task_t *task, fault_t *fault)
{
    gather_t gather = {0};
    if (s_largest (task) < GATHER_LEAST)
        return CADRE_OK;
    task->large->checked = true;
    task->large->gather = &gather;
    cadre_error_t error = s_submit_pack (task->large, task, fault);
    if (!error && gather_size (&gather, task->large) > WIRE_PAYLOAD_MAX)
        error = fault_set (fault, CADRE_ERROR_TOO_LARGE,
                           "the arguments have more than 1 GiB: pass a file's name instead");
    if (!error)
        gather_take (&gather, task->large, WIRE_INLINE_MAX + 1);
    task->large->gather = NULL;
    return error;
}

//  Appends the payload, which may have been packed before, to the batch.
static cadre_error_t s_append (buffer_t *batch, const task_t *task, fault_t *fault)
{
    if (!task->large->size)
        return s_submit_pack (batch, task, fault);
    buffer_append (batch, task->large->data, task->large->size);
    return CADRE_OK;
}

static cadre_error_t s_add_large (implicit_t *job, const task_t *task, cadre_future_t *future,
                                  fault_t *fault)
{
    buffer_t *payload = task->large;
    if (work_enter (implicit_work (job), payload->size, payload->failed, fault)
        || s_submit_check (payload, 0, task->kind, fault))
        return fault->code;
    implicit_add_large (job, future, payload);
    return CADRE_OK;
}

static cadre_error_t s_submit_add (cadre_t *pool, const task_t *task, cadre_future_t *future,
                                   fault_t *fault)
{
    if (pool_admit (pool, fault))
        return fault->code;
    implicit_t *job = implicit_choose (pool, task->kind, task->function, task->options, fault);
    if (!job || implicit_reserve (job, fault))
        return fault->code;
    if (task->large->size > WIRE_INLINE_MAX || task->large->failed)
        return s_add_large (job, task, future, fault);
    work_t *work = implicit_work (job);
    size_t mark = work->batch.size;
    if (s_append (&work->batch, task, fault)
        || s_submit_check (&work->batch, mark, task->kind, fault)
        || work_enter (work, work->batch.size - mark, false, fault)) {
        work->batch.size = mark;
        work->batch.failed = false;
        return fault->code;
    }
    implicit_add (job, future, mark);
    return CADRE_OK;
}

static cadre_future_t *s_submit (cadre_t *pool, const task_t *given)
{
    buffer_t large = {0};
    task_t task = *given;
    if (!pool || pool_forked (pool))
        return NULL;
    task.large = &large;
    cadre_future_t *future = promise_new (pool, task.kind == WIRE_KIND_COMMAND);
    if (!future)
        return NULL;
    fault_t fault;
    fault_clear (&fault);
    cadre_error_t error = s_prepare (&task, &fault);
    pool_lock (pool);
    if (!error)
        error = s_submit_add (pool, &task, future, &fault);
    if (error)
        promise_fail (future, &fault);
    pool_unlock (pool);
    buffer_free (&large);
    if (error)
        message_say (pool, &fault);
    return future;
}

CADRE_EXPORT void cadre_letters_do_not_match (void);
void cadre_letters_do_not_match (void)
{
}

cadre_future_t *(cadre_submit) (cadre_t *self, const char *function, const char *types, ...)
{
    va_list arguments;
    va_start (arguments, types);
    task_t task = {
        .kind = WIRE_KIND_CALL, .function = function, .types = types, .arguments = &arguments};
    cadre_future_t *future = s_submit (self, &task);
    va_end (arguments);
    return future;
}

cadre_future_t *cadre_submit_typed (cadre_t *self, const char *function,
                                    const cadre_typed_t *arguments,
                                    const cadre_job_options_t *options)
{
    task_t task = {
        .kind = WIRE_KIND_CALL, .function = function, .options = options, .typed = arguments};
    return s_submit (self, &task);
}

cadre_future_t *cadre_submit_value (cadre_t *self, const char *function,
                                    const cadre_value_t *arguments,
                                    const cadre_job_options_t *options)
{
    task_t task = {
        .kind = WIRE_KIND_CALL, .function = function, .options = options, .value = arguments};
    return s_submit (self, &task);
}

cadre_future_t *cadre_submit_command (cadre_t *self, const char *const *argv,
                                      const cadre_job_options_t *options)
{
    task_t task = {.kind = WIRE_KIND_COMMAND, .options = options, .argv = argv};
    return s_submit (self, &task);
}

//  Returns the value of a successful future to the caller.
static cadre_error_t s_submit_give (cadre_t *pool, cadre_future_t *future, cadre_value_t **value)
{
    *value = (cadre_value_t *) cadre_future_value (future);
    future->value = NULL;
    if (*value)
        return CADRE_OK;
    if (future->result.size >= MEMORY_CHECK_LEAST)
        return message_say_text (pool, CADRE_ERROR_MEMORY, "no memory for a value of %zu bytes",
                                 (size_t) future->result.size);
    return message_say_text (pool, CADRE_ERROR_PROTOCOL,
                             "the task's value cannot be read: use the same release everywhere");
}

static cadre_error_t s_submit_call (cadre_t *pool, cadre_value_t **value, int timeout_ms,
                                    const task_t *task)
{
    if (value)
        *value = NULL;
    if (!pool)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (pool))
        return CADRE_ERROR_FORKED;
    cadre_future_t *future = s_submit (pool, task);
    if (!future)
        return CADRE_ERROR_MEMORY;
    cadre_error_t error = cadre_future_wait (future, timeout_ms);
    if (error == CADRE_ERROR_TIMEOUT)
        cadre_future_cancel (future);
    if (!error && value)
        error = s_submit_give (pool, future, value);
    cadre_future_destroy (&future);
    return error;
}

cadre_error_t (cadre_call) (cadre_t *self, cadre_value_t **value, int timeout_ms,
                            const char *function, const char *types, ...)
{
    va_list arguments;
    va_start (arguments, types);
    task_t task = {
        .kind = WIRE_KIND_CALL, .function = function, .types = types, .arguments = &arguments};
    cadre_error_t error = s_submit_call (self, value, timeout_ms, &task);
    va_end (arguments);
    return error;
}

cadre_error_t cadre_call_typed (cadre_t *self, cadre_value_t **value, int timeout_ms,
                                const char *function, const cadre_typed_t *arguments)
{
    task_t task = {.kind = WIRE_KIND_CALL, .function = function, .typed = arguments};
    return s_submit_call (self, value, timeout_ms, &task);
}
