//  job_add.c - adds tasks to jobs

#include "client/lib/job.h"
#include "common/bulk.h"
#include "common/memory_check.h"
#include "common/pack.h"
#include "common/rules.h"
#include "common/value.h"

//  It was submitted before under its identity, completely, and has ended: its tasks need not be
//  sent again.
static bool s_is_there (const cadre_job_t *self)
{
    return self->work.final && !self->work.sealed && self->work.count < self->work.progress.total;
}

//  Why no task can be added, with the lock held.
static cadre_error_t s_addable (cadre_job_t *self, fault_t *fault)
{
    if (self->work.fault.code) {
        *fault = self->work.fault;
        return fault->code;
    }
    if (self->work.sealed)
        return fault_set (fault, CADRE_ERROR_CLOSED,
                          "the job is sealed: open another one for further tasks");
    //  A detached job only ends when it is sealed: by the client that submitted it before
    if (self->work.final && self->work.detached && !s_is_there (self))
        return job_refuse_others (self, fault);
    if (self->work.final && !s_is_there (self))
        return fault_set (fault, CADRE_ERROR_CLOSED,
                          "the job has ended: open another one for further tasks");
    if (self->work.count == WIRE_TASKS_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "the job has 4294967295 tasks, no more fit: open another one");
    return CADRE_OK;
}

//  A large payload is written to a file before the lock is taken, if it is in none yet and the
//  broker is on this machine. Else *large stays empty.
static void s_move_to_file (cadre_job_t *self, const buffer_t *payload, buffer_t *large)
{
    if (payload->size <= WIRE_INLINE_MAX || payload->failed)
        return;
    if (payload->bulk) {
        *large = buffer_share (payload);
        return;
    }
    pool_lock (self->pool);
    bool files = session_put_files (pool_session (self->pool));
    pool_unlock (self->pool);
    view_t whole = {.data = payload->data, .size = payload->size};
    bulk_t *file = files ? bulk_of_pieces (&whole, 1) : NULL;
    if (file)
        *large = buffer_of_bulk (file);
}

static cadre_error_t s_add_whole (cadre_job_t *self, uint32_t *index, buffer_t *large,
                                  fault_t *fault)
{
    if (work_enter (&self->work, large->size, false, fault))
        return fault->code;
    uint32_t added = work_add_large (&self->work, large);
    if (index)
        *index = added;
    return CADRE_OK;
}

//  large: the same as the payload, in a file; or empty.
static cadre_error_t s_job_add_task (cadre_job_t *self, uint32_t *index, const buffer_t *payload,
                                     buffer_t *large, fault_t *fault)
{
    if (payload->size > WIRE_PAYLOAD_MAX)
        return fault_set (fault, CADRE_ERROR_TOO_LARGE,
                          "the task has more than 1 GiB: pass a file's name instead");
    if (payload->failed)
        return memory_check_lacks (payload->size, "arguments", fault);
    if (!rules_check ((view_t){.data = payload->data, .size = payload->size},
                      rules_payload (self->kind), fault))
        return fault->code;
    if (s_addable (self, fault) || pool_admit (self->pool, fault) || s_addable (self, fault))
        return fault->code;
    size_t mark = self->work.batch.size;
    bool there = s_is_there (self);
    if (!there && large->size)
        return s_add_whole (self, index, large, fault);
    if (!there)
        buffer_append (&self->work.batch, payload->data, payload->size);
    if (!there && work_enter (&self->work, payload->size, self->work.batch.failed, fault)) {
        self->work.batch.size = mark;
        self->work.batch.failed = false;
        return fault->code;
    }
    uint32_t added = there ? self->work.count++ : work_add (&self->work, mark);
    if (index)
        *index = added;
    return CADRE_OK;
}

cadre_error_t job_add (cadre_job_t *self, uint32_t *index, const buffer_t *payload)
{
    fault_t fault;
    buffer_t large = {0};
    fault_clear (&fault);
    s_move_to_file (self, payload, &large);
    pool_lock (self->pool);
    cadre_error_t error = s_job_add_task (self, index, payload, &large, &fault);
    pool_unlock (self->pool);
    buffer_free (&large);
    return error ? job_say (self, &fault) : CADRE_OK;
}

//  Adds the packed task, unless packing has failed, and frees it.
static cadre_error_t s_add_packed (cadre_job_t *self, uint32_t *index, buffer_t *payload,
                                   const fault_t *fault)
{
    cadre_error_t error = fault->code ? job_say (self, fault) : job_add (self, index, payload);
    buffer_free (payload);
    return error;
}

static bool s_is_of (cadre_job_t *self, unsigned kind, fault_t *fault)
{
    if (self->kind == kind)
        return true;
    fault_set (fault, CADRE_ERROR_ARGUMENT,
               self->kind == WIRE_KIND_COMMAND
                   ? "the job is one of commands: add them with cadre_job_add_command"
                   : "the job is one of calls: add them with cadre_job_add");
    return false;
}

cadre_error_t (cadre_job_add) (cadre_job_t *self, uint32_t *index, const char *types, ...)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    buffer_t payload = {.checked = true};
    fault_t fault;
    fault_clear (&fault);
    va_list arguments;
    va_start (arguments, types);
    if (s_is_of (self, WIRE_KIND_CALL, &fault))
        value_build_arguments (&payload, types, &arguments, &fault);
    va_end (arguments);
    return s_add_packed (self, index, &payload, &fault);
}

cadre_error_t cadre_job_add_typed (cadre_job_t *self, uint32_t *index,
                                   const cadre_typed_t *arguments)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    buffer_t payload = {.checked = true};
    fault_t fault = {0};
    if (s_is_of (self, WIRE_KIND_CALL, &fault))
        value_build_typed (&payload, arguments, &fault);
    return s_add_packed (self, index, &payload, &fault);
}

cadre_error_t cadre_job_add_value (cadre_job_t *self, uint32_t *index,
                                   const cadre_value_t *arguments)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    buffer_t payload = {.checked = true};
    fault_t fault = {0};
    if (arguments && cadre_value_type (arguments) != CADRE_TYPE_LIST)
        fault_set (&fault, CADRE_ERROR_ARGUMENT, "the arguments are a %s: give a list",
                   cadre_type_name (cadre_value_type (arguments)));
    else if (s_is_of (self, WIRE_KIND_CALL, &fault)) {
        if (arguments)
            value_codec_pack (&payload, arguments);
        else
            pack_array (&payload, 0);
    }
    return s_add_packed (self, index, &payload, &fault);
}

static cadre_error_t s_add_command (cadre_job_t *self, uint32_t *index, const char *const *argv,
                                    const char *line, const void *input, size_t input_bytes,
                                    const char *const *environment)
{
    if (!self)
        return CADRE_ERROR_ARGUMENT;
    if (pool_forked (self->pool))
        return CADRE_ERROR_FORKED;
    buffer_t payload = {.checked = true};
    fault_t fault = {0};
    if (s_is_of (self, WIRE_KIND_COMMAND, &fault))
        job_spec_pack_command (&payload, argv, line, input, input_bytes, environment, &fault);
    return s_add_packed (self, index, &payload, &fault);
}

cadre_error_t cadre_job_add_command (cadre_job_t *self, uint32_t *index, const char *const *argv,
                                     const void *input, size_t input_bytes,
                                     const char *const *environment)
{
    return s_add_command (self, index, argv, NULL, input, input_bytes, environment);
}

cadre_error_t cadre_job_add_line (cadre_job_t *self, uint32_t *index, const char *line,
                                  const void *input, size_t input_bytes,
                                  const char *const *environment)
{
    return s_add_command (self, index, NULL, line, input, input_bytes, environment);
}
