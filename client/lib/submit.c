//  submit.c - single tasks: each is one of a hidden job of its connection

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "client/lib/future.h"
#include "client/lib/spec.h"
#include "client/lib/work.h"
#include "common/value.h"

//  A hidden job is replaced when it has had so many tasks: at any time, or when none is on its way. So neither side
//  keeps memory for calls of long ago.
#define TASKS_MAX (1u << 20)
#define TASKS_IDLE (1u << 14)
#define OPEN_MAX 64u
#define RING_MIN 64u

//  A hidden job: tasks with the same function and options. Futures lie in a ring by task; the oldest is at base.
typedef struct implicit {
    work_t work;              //  What is sent
    buffer_t key;             //  Function and options, as JOB_OPEN says them
    bool plain;               //  No options: the key is the function alone
    bool open;                //  It is in the pool's list: tasks may be added
    cadre_future_t **futures; //  Ring of capacity places; NULL: ended, or forgotten
    uint32_t capacity;        //  A power of two
    uint32_t base;            //  Task of the oldest place in use
    struct implicit *prev;    //  utlist
    struct implicit *next;    //  utlist
} implicit_t;

static void s_destroy (implicit_t *self)
{
    work_close (&self->work);
    buffer_free (&self->key);
    free (self->futures);
    free (self);
}

//  No further task: it leaves the list, and lives until its last task has ended.
static void s_seal (implicit_t *self)
{
    if (!self->open)
        return;
    cadre_t *pool = self->work.pool;
    DL_DELETE (pool->implicits, self);
    pool->implicit_count--;
    self->open = false;
    work_seal (&self->work);
}

static cadre_future_t **s_place (implicit_t *self, uint32_t index)
{
    return &self->futures [index & (self->capacity - 1)];
}

static void s_grow (implicit_t *self)
{
    uint32_t capacity = self->capacity ? self->capacity * 2 : RING_MIN;
    cadre_future_t **futures = calloc (capacity, sizeof *futures);
    assert (futures);
    for (uint32_t index = self->base; index != self->work.count; index++)
        futures [index & (capacity - 1)] = *s_place (self, index);
    free (self->futures);
    self->futures = futures;
    self->capacity = capacity;
}

static cadre_future_t *s_take (implicit_t *self, uint32_t index)
{
    if (index - self->base >= self->work.count - self->base)
        return NULL;
    cadre_future_t *future = *s_place (self, index);
    *s_place (self, index) = NULL;
    while (self->base != self->work.count && !*s_place (self, self->base))
        self->base++;
    return future;
}

//  ---- what is heard of it -----------------------------------------------------------

static void s_on_result (work_t *work, uint32_t index, result_t *result)
{
    cadre_future_t *future = s_take ((implicit_t *) work, index);
    if (future)
        future_end (future, result);
    else
        result_free (result);
}

static void s_on_output (work_t *work, const wire_output_t *output, bool anew)
{
    implicit_t *self = (implicit_t *) work;
    uint32_t index = (uint32_t) output->index;
    cadre_future_t *future = index - self->base < work->count - self->base ? *s_place (self, index) : NULL;
    if (future)
        future_output (future, output, anew);
}

static void s_on_failed (work_t *work)
{
    implicit_t *self = (implicit_t *) work;
    s_seal (self);
    while (self->base != work->count) {
        cadre_future_t *future = s_take (self, self->base);
        if (future)
            future_fail (future, &work->fault);
    }
    connection_notify (work->pool->connection);
    s_destroy (self);
}

static void s_on_changed (work_t *work)
{
    implicit_t *self = (implicit_t *) work;
    if (!work->final)
        return;
    fault_set (&work->fault, CADRE_ERROR_PROTOCOL, "the broker ended the job before this task: submit again");
    s_on_failed (&self->work);
}

//  work->notice is read when somebody waits in vain.
static void s_on_noticed (work_t *work, cadre_error_t code)
{
    (void) work;
    (void) code;
}

static const work_listener_t s_listener = {s_on_result, s_on_output, s_on_changed, s_on_noticed, s_on_failed};

//  ---- for futures ---------------------------------------------------------------------

void implicit_forget (implicit_t *job, uint32_t index)
{
    s_take (job, index);
}

void implicit_cancel (implicit_t *job, uint32_t index)
{
    work_cancel_task (&job->work, index);
}

const char *implicit_notice (const implicit_t *job)
{
    return job->work.notice;
}

void implicit_seal_all (cadre_t *pool)
{
    while (pool->implicits)
        s_seal (pool->implicits);
}

void implicit_destroy_all (cadre_t *pool)
{
    work_t *work, *next;
    HASH_ITER (hh, pool->works, work, next)
        if (work->listener == &s_listener)
            s_destroy ((implicit_t *) work);
    pool->implicits = NULL;
}

//  ---- finding one -----------------------------------------------------------------------

static bool s_fits (const implicit_t *self, view_t key, bool plain)
{
    return self->plain == plain && self->key.size == key.size
           && memcmp (self->key.data, key.data, key.size) == 0;
}

static bool s_worn (const implicit_t *self)
{
    bool idle = self->work.ended == self->work.count;
    return self->work.count >= TASKS_MAX || (idle && self->work.count >= TASKS_IDLE);
}

static implicit_t *s_open (cadre_t *pool, const spec_t *spec, view_t key, bool plain, fault_t *fault)
{
    implicit_t *self = calloc (1, sizeof *self);
    assert (self);
    if (work_open (&self->work, pool, &s_listener, &spec->fields, fault)) {
        free (self);
        return NULL;
    }
    buffer_append (&self->key, key.data, key.size);
    self->plain = plain;
    self->open = true;
    if (pool->implicit_count == OPEN_MAX)
        s_seal (pool->implicits->prev);
    DL_PREPEND (pool->implicits, self);
    pool->implicit_count++;
    return self;
}

//  The open job of that key, in front of the list.
static implicit_t *s_find (cadre_t *pool, view_t key, bool plain)
{
    implicit_t *self;
    DL_FOREACH (pool->implicits, self)
        if (s_fits (self, key, plain))
            break;
    if (!self)
        return NULL;
    if (s_worn (self)) {
        s_seal (self);
        return NULL;
    }
    if (self != pool->implicits) {
        DL_DELETE (pool->implicits, self);
        DL_PREPEND (pool->implicits, self);
    }
    return self;
}

//  The job that the next task goes to.
static implicit_t *s_choose (cadre_t *pool, unsigned kind, const char *function,
                             const cadre_job_options_t *options, fault_t *fault)
{
    if (options && (options->detached || options->durable)) {
        fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "a task whose result is awaited cannot be detached or durable: open a job with cadre_job_open");
        return NULL;
    }
    bool plain = !options && kind == WIRE_KIND_CALL && function && *function;
    implicit_t *self = plain ? s_find (pool, wire_view (function), true) : NULL;
    if (self)
        return self;
    spec_t spec;
    buffer_t packed = {0};
    if (spec_of (&spec, kind, function, options, NULL, fault) == CADRE_OK) {
        if (!plain)
            wire_pack_job_open (&packed, &spec.fields);
        view_t key = plain ? wire_view (function) : wire_view_of (&packed);
        self = plain ? NULL : s_find (pool, key, false);
        if (!self)
            self = s_open (pool, &spec, key, plain, fault);
    }
    buffer_free (&packed);
    spec_free (&spec);
    return self;
}

//  ---- submitting --------------------------------------------------------------------------

//  What a task is made of; one of the last three is given.
typedef struct task {
    unsigned kind;                      //  WIRE_KIND_...
    const char *function;               //  Calls
    const cadre_job_options_t *options; //  Or NULL
    const char *types;                  //  Letters of the arguments
    va_list *arguments;                 //  The arguments; or
    const cadre_value_t *value;         //  A list of them; or
    const char *const *argv;            //  A command
} task_t;

static cadre_error_t s_pack (buffer_t *payload, const task_t *task, fault_t *fault)
{
    if (task->kind == WIRE_KIND_COMMAND)
        return spec_pack_command (payload, task->argv, NULL, NULL, 0, NULL, fault);
    if (task->arguments)
        return value_pack_arguments (payload, task->types, task->arguments, fault);
    if (task->value && cadre_value_type (task->value) != CADRE_LIST)
        return fault_set (fault, CADRE_ERROR_ARGUMENT, "the arguments are a %s: give a list",
                          cadre_type_name (cadre_value_type (task->value)));
    if (task->value)
        value_pack (payload, task->value);
    else
        pack_array (payload, 0);
    return CADRE_OK;
}

static cadre_error_t s_check (const buffer_t *payload, size_t mark, unsigned kind, fault_t *fault)
{
    view_t task = {.data = payload->data + mark, .size = payload->size - mark};
    if (task.size > WIRE_PAYLOAD_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "the arguments have more than 1 GiB: pass a file's name instead");
    return rules_check (task, rules_payload (kind), fault) ? CADRE_OK : fault->code;
}

static cadre_error_t s_add (cadre_t *pool, const task_t *task, cadre_future_t *future, fault_t *fault)
{
    if (pool_admit (pool, fault))
        return fault->code;
    implicit_t *job = s_choose (pool, task->kind, task->function, task->options, fault);
    if (!job)
        return fault->code;
    size_t mark = job->work.batch.size;
    if (s_pack (&job->work.batch, task, fault) || s_check (&job->work.batch, mark, task->kind, fault)) {
        job->work.batch.size = mark;
        return fault->code;
    }
    if (work_enter (&job->work, job->work.batch.size - mark, job->work.batch.failed, fault)) {
        job->work.batch.size = mark;
        job->work.batch.failed = false;
        return fault->code;
    }
    if (job->work.count - job->base == job->capacity)
        s_grow (job);
    *s_place (job, job->work.count) = future;
    future->job = job;
    future->index = job->work.count;
    work_add (&job->work, mark);
    return CADRE_OK;
}

static cadre_future_t *s_submit (cadre_t *pool, const task_t *task)
{
    if (!pool || pool_forked (pool))
        return NULL;
    cadre_future_t *future = future_new (pool, task->kind == WIRE_KIND_COMMAND);
    if (!future)
        return NULL;
    fault_t fault;
    fault_clear (&fault);
    pool_lock (pool);
    cadre_error_t error = s_add (pool, task, future, &fault);
    if (error)
        future_fail (future, &fault);
    pool_unlock (pool);
    if (error)
        pool_say (pool, &fault);
    return future;
}

cadre_future_t *cadre_submit (cadre_t *self, const char *function, const char *types, ...)
{
    va_list arguments;
    va_start (arguments, types);
    task_t task = {.kind = WIRE_KIND_CALL, .function = function, .types = types, .arguments = &arguments};
    cadre_future_t *future = s_submit (self, &task);
    va_end (arguments);
    return future;
}

cadre_future_t *cadre_submit_value (cadre_t *self, const char *function, const cadre_value_t *arguments,
                                    const cadre_job_options_t *options)
{
    task_t task = {.kind = WIRE_KIND_CALL, .function = function, .options = options, .value = arguments};
    return s_submit (self, &task);
}

cadre_future_t *cadre_submit_command (cadre_t *self, const char *const *argv,
                                      const cadre_job_options_t *options)
{
    task_t task = {.kind = WIRE_KIND_COMMAND, .options = options, .argv = argv};
    return s_submit (self, &task);
}

cadre_error_t cadre_call (cadre_t *self, cadre_value_t **value, int timeout_ms, const char *function,
                          const char *types, ...)
{
    if (value)
        *value = NULL;
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self))
        return CADRE_ERROR_FORKED;
    va_list arguments;
    va_start (arguments, types);
    task_t task = {.kind = WIRE_KIND_CALL, .function = function, .types = types, .arguments = &arguments};
    cadre_future_t *future = s_submit (self, &task);
    va_end (arguments);
    if (!future)
        return CADRE_ERROR_MEMORY;
    cadre_error_t error = cadre_future_wait (future, timeout_ms);
    if (error == CADRE_ERROR_TIMEOUT)
        cadre_future_cancel (future);
    if (!error && value) {
        *value = (cadre_value_t *) cadre_future_value (future);
        future->value = NULL;
        if (!*value)
            error = pool_say_text (self, CADRE_ERROR_PROTOCOL,
                                   "the task's value cannot be read: use the same release everywhere");
    }
    cadre_future_destroy (&future);
    return error;
}
