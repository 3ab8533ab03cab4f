//  broker_events.c - handles events from the broker for slots and leases

#include "common/memory_check.h"
#include "worker/leave.h"
#include "worker/link/serials.h"
#include "worker/worker_private.h"

#define HELD_SPANS_MAX 16384u //  Spans in a HELLO, which is one frame, together with the functions

static void s_collect (void *context, uint64_t serial)
{
    serials_add (context, serial);
}

//  Adds all leases of this worker: waiting, running, or ended and not acknowledged.
static void s_broker_events_hold (worker_t *self, serials_t *serials)
{
    slots_each (self->slots, s_collect, serials);
    outbox_each (self->outbox, s_collect, serials);
}

//  Does this worker hold every lease that the broker adopts? An answer to an earlier HELLO may list
//  one that was dropped meanwhile, or the HELLO may have listed one that never came; such a lease
//  would never be answered.
static bool s_holds_all (worker_t *self, const wire_list_t *adopted)
{
    serials_t serials = {0};
    spans_t spans = {0};
    s_broker_events_hold (self, &serials);
    spans_read_any (&spans, adopted);
    bool all = serials_cover (&serials, &spans, &self->missing);
    if (all)
        serials_free (&self->missing);
    spans_free (&spans);
    serials_free (&serials);
    return all;
}

static bool s_broker_events_on_welcome (void *context, const wire_worker_welcome_t *fields)
{
    worker_t *self = context;
    slots_keep (self->slots, &fields->adopted);
    slots_close_jobs (self->slots, fields->epoch);
    slots_output_more (self->slots, fields->output_bytes);
    leave_tell (self);
    return s_holds_all (self, &fields->adopted);
}

static bool s_broker_events_on_job (void *context, const wire_lane_job_t *fields)
{
    return slots_open_job (((worker_t *) context)->slots, fields);
}

static void s_broker_events_on_job_end (void *context, uint64_t job)
{
    slots_end_job (((worker_t *) context)->slots, job);
}

//  Its payload could not be allocated: it ends with an error.
static void s_refuse_large (worker_t *self, cached_job_t *job, uint64_t serial,
                            const wire_lane_task_t *task, uint64_t size_bytes)
{
    fault_t fault = {0};
    wire_lane_task_t without = *task;
    without.payload = (view_t){0};
    lease_t *lease = lease_new (job, serial, &without);
    memory_check_lacks ((size_t) size_bytes, "arguments", &fault);
    slots_refuse (self->slots, &lease, "memory", fault.text);
}

static bool s_take_task (worker_t *self, cached_job_t *job, uint64_t serial,
                         const wire_lane_task_t *task)
{
    uint64_t number = wire_parts_of (task->payload);
    uint64_t lacked = number ? link_lacked_payload (self->link, number) : 0;
    buffer_t payload = {0};
    lease_t *lease;
    if (task->index > UINT32_MAX || task->attempt > WIRE_ATTEMPTS_MAX
        || task->expire_us > INT64_MAX / 2)
        return false;
    if (number && !lacked && !link_take_payload (self->link, number, &payload))
        return false;
    if (self->phase != PHASE_SERVING) {
        outbox_returned (self->outbox, job->number, (uint32_t) task->index, serial, false);
        buffer_free (&payload);
        return true;
    }
    if (lacked) {
        s_refuse_large (self, job, serial, task, lacked);
        return true;
    }
    lease = number ? lease_new_large (job, serial, task, &payload) : lease_new (job, serial, task);
    lease->output_window = link_output_bytes (self->link);
    if (task->expire_us)
        lease->begin_by_us = clock_now (&self->clock) + (int64_t) task->expire_us;
    slots_push (self->slots, &lease);
    return true;
}

static bool s_on_tasks (void *context, const wire_lane_tasks_t *fields)
{
    worker_t *self = context;
    cached_job_t *job = slots_job (self->slots, fields->job);
    cursor_t cursor = cursor_of_view (fields->tasks.values);
    if (!job)
        return false;
    for (size_t i = 0; i < fields->tasks.count; i++) {
        wire_lane_task_t task;
        if (!wire_read_lane_task (&cursor, &task)
            || !s_take_task (self, job, fields->serial + i, &task))
            return false;
    }
    return true;
}

static void s_on_cancel (void *context, const wire_list_t *spans)
{
    slots_cancel (((worker_t *) context)->slots, spans);
}

static void s_on_recall (void *context, const wire_list_t *spans)
{
    slots_recall (((worker_t *) context)->slots, spans);
}

static void s_on_output_window (void *context, uint64_t serial, uint64_t bytes, bool discard)
{
    slots_output_window (((worker_t *) context)->slots, serial, bytes, discard);
}

static void s_on_drain (void *context, uint32_t timeout_ms)
{
    worker_t *self = context;
    leave_begin (self, timeout_ms ? timeout_ms : self->charter.options.drain_timeout_ms);
}

static void s_on_stop (void *context)
{
    leave_at_once (context);
}

static size_t s_on_held (void *context, buffer_t *spans)
{
    worker_t *self = context;
    serials_t serials = {0};
    s_broker_events_hold (self, &serials);
    size_t count = serials_pack (&serials, &self->missing, HELD_SPANS_MAX, spans);
    serials_free (&serials);
    return count;
}

static void s_on_say (void *context, const char *line)
{
    worker_t *self = context;
    if (self->charter.options.say)
        self->charter.options.say (line);
}

link_events_t broker_events (worker_t *self)
{
    return (link_events_t){.context = self,
                           .welcome = s_broker_events_on_welcome,
                           .job = s_broker_events_on_job,
                           .job_end = s_broker_events_on_job_end,
                           .tasks = s_on_tasks,
                           .cancel = s_on_cancel,
                           .recall = s_on_recall,
                           .output_window = s_on_output_window,
                           .drain = s_on_drain,
                           .stop = s_on_stop,
                           .held = s_on_held,
                           .say = s_on_say};
}
