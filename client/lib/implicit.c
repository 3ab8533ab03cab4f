//  implicit.c - hidden jobs for tasks of cadre_submit

#include "client/lib/implicit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "client/lib/job_spec.h"
#include "client/lib/pool/promise.h"

//  A hidden job is replaced after TASKS_MAX tasks, or after TASKS_IDLE when none is in flight, so
//  that neither side keeps memory for old calls.
#define TASKS_MAX (1u << 20)
#define TASKS_IDLE (1u << 14)
#define OPEN_MAX 64u
#define RING_MIN 64u

//  A hidden job: tasks with the same function and options. Futures are in a ring by task; the
//  oldest is at base.
struct implicit {
    work_t work;              //  Frames to and from the broker
    buffer_t key;             //  Function and options, packed as JOB_OPEN
    bool plain;               //  No options: the key is only the function
    bool open;                //  It is in the pool's list: tasks may be added
    cadre_future_t **futures; //  Ring; NULL: ended, or its future was destroyed
    uint32_t capacity;        //  A power of two
    uint32_t base;            //  Task of the oldest used entry
    struct implicit *prev;    //  utlist
    struct implicit *next;    //  utlist
};

static void s_destroy (implicit_t *self)
{
    work_close (&self->work);
    buffer_free (&self->key);
    free (self->futures);
    free (self);
}

//  No more tasks: leaves the list, and exists until its last task has ended.
static void s_implicit_seal (implicit_t *self)
{
    if (!self->open)
        return;
    cadre_t *pool = self->work.pool;
    DL_DELETE (pool->implicits, self);
    pool->implicit_count--;
    self->open = false;
    work_seal (&self->work);
}

static cadre_future_t **s_implicit_entry (implicit_t *self, uint32_t index)
{
    return &self->futures [index & (self->capacity - 1)];
}

static bool s_implicit_grow (implicit_t *self)
{
    uint32_t capacity = self->capacity ? self->capacity * 2 : RING_MIN;
    cadre_future_t **futures = calloc (capacity, sizeof *futures);
    if (!futures)
        return false;
    for (uint32_t index = self->base; index != self->work.count; index++)
        futures [index & (capacity - 1)] = *s_implicit_entry (self, index);
    free (self->futures);
    self->futures = futures;
    self->capacity = capacity;
    return true;
}

static cadre_future_t *s_implicit_take (implicit_t *self, uint32_t index)
{
    if (index - self->base >= self->work.count - self->base)
        return NULL;
    cadre_future_t *future = *s_implicit_entry (self, index);
    *s_implicit_entry (self, index) = NULL;
    while (self->base != self->work.count && !*s_implicit_entry (self, self->base))
        self->base++;
    return future;
}

//  ---- callbacks of the work -------------------------------------------------------

static void s_implicit_on_result (work_t *work, uint32_t index, result_t *result)
{
    cadre_future_t *future = s_implicit_take ((implicit_t *) work, index);
    if (future)
        promise_end (future, result);
    else
        result_free (result);
}

static void s_implicit_on_output (work_t *work, const wire_output_t *output, bool anew)
{
    implicit_t *self = (implicit_t *) work;
    uint32_t index = (uint32_t) output->index;
    cadre_future_t *future =
        index - self->base < work->count - self->base ? *s_implicit_entry (self, index) : NULL;
    if (future)
        promise_output (future, output, anew);
}

static void s_on_failed (work_t *work)
{
    implicit_t *self = (implicit_t *) work;
    s_implicit_seal (self);
    while (self->base != work->count) {
        cadre_future_t *future = s_implicit_take (self, self->base);
        if (future)
            promise_fail (future, &work->fault);
    }
    connection_notify (work->pool->connection);
    s_destroy (self);
}

static void s_on_changed (work_t *work)
{
    implicit_t *self = (implicit_t *) work;
    if (!work->final)
        return;
    fault_set (&work->fault, CADRE_ERROR_PROTOCOL,
               "the broker ended the job before this task: submit again");
    s_on_failed (&self->work);
}

//  work->notice is read when a wait times out.
static void s_on_noticed (work_t *work, cadre_error_t code)
{
    (void) work;
    (void) code;
}

static const work_listener_t s_listener = {s_implicit_on_result, s_implicit_on_output, s_on_changed,
                                           s_on_noticed, s_on_failed};

//  ---- for futures ---------------------------------------------------------------------

void implicit_forget (implicit_t *self, uint32_t index)
{
    s_implicit_take (self, index);
}

void implicit_cancel (implicit_t *self, uint32_t index)
{
    work_cancel_task (&self->work, index);
}

const char *implicit_notice (const implicit_t *self)
{
    return self->work.notice;
}

void implicit_seal_all (cadre_t *pool)
{
    while (pool->implicits)
        s_implicit_seal (pool->implicits);
}

//  ---- finding a job --------------------------------------------------------------------

static bool s_implicit_fits (const implicit_t *self, view_t key, bool plain)
{
    return self->plain == plain && self->key.size == key.size
           && memcmp (self->key.data, key.data, key.size) == 0;
}

static bool s_worn (const implicit_t *self)
{
    bool idle = self->work.ended == self->work.count;
    return self->work.count >= TASKS_MAX || (idle && self->work.count >= TASKS_IDLE);
}

static implicit_t *s_implicit_open (cadre_t *pool, const job_spec_t *spec, view_t key, bool plain,
                                    fault_t *fault)
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
        s_implicit_seal (pool->implicits->prev);
    DL_PREPEND (pool->implicits, self);
    pool->implicit_count++;
    return self;
}

//  Finds the open job with that key, and moves it to the front of the list.
static implicit_t *s_implicit_find (cadre_t *pool, view_t key, bool plain)
{
    implicit_t *self;
    DL_FOREACH (pool->implicits, self)
        if (s_implicit_fits (self, key, plain))
            break;
    if (!self)
        return NULL;
    if (s_worn (self)) {
        s_implicit_seal (self);
        return NULL;
    }
    if (self != pool->implicits) {
        DL_DELETE (pool->implicits, self);
        DL_PREPEND (pool->implicits, self);
    }
    return self;
}

implicit_t *implicit_choose (cadre_t *pool, unsigned kind, const char *function,
                             const cadre_job_options_t *options, fault_t *fault)
{
    if (options && (options->detached || options->durable)) {
        fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "a task whose result is awaited cannot be detached or durable: open a job with cadre_job_open");
        return NULL;
    }
    bool plain = !options && kind == WIRE_KIND_CALL && function && *function;
    implicit_t *self = plain ? s_implicit_find (pool, wire_view (function), true) : NULL;
    if (self)
        return self;
    job_spec_t spec;
    buffer_t packed = {0};
    if (job_spec_of (&spec, kind, function, options, NULL, fault) == CADRE_OK) {
        if (!plain)
            wire_pack_job_open (&packed, &spec.fields);
        view_t key = plain ? wire_view (function) : wire_view_of (&packed);
        self = plain ? NULL : s_implicit_find (pool, key, false);
        if (!self)
            self = s_implicit_open (pool, &spec, key, plain, fault);
    }
    buffer_free (&packed);
    job_spec_free (&spec);
    return self;
}

//  ---- adding ------------------------------------------------------------------------------

work_t *implicit_work (implicit_t *self)
{
    return &self->work;
}

cadre_error_t implicit_reserve (implicit_t *self, fault_t *fault)
{
    if (self->work.count - self->base < self->capacity || s_implicit_grow (self))
        return CADRE_OK;
    return fault_set (fault, CADRE_ERROR_MEMORY,
                      "no memory for so many futures: raise the limit (ulimit -v)");
}

static void s_note (implicit_t *self, cadre_future_t *future)
{
    *s_implicit_entry (self, self->work.count) = future;
    future->job = self;
    future->index = self->work.count;
}

void implicit_add (implicit_t *self, cadre_future_t *future, size_t mark)
{
    s_note (self, future);
    work_add (&self->work, mark);
}

void implicit_add_large (implicit_t *self, cadre_future_t *future, buffer_t *payload)
{
    s_note (self, future);
    work_add_large (&self->work, payload);
}
