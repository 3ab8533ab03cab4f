//  lease.c - a task and its payload in one allocation

#include "worker/slots/lease.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "worker/shared/map_items.h"

static lease_t *s_lease_new (cached_job_t *job, uint64_t serial, const wire_lane_task_t *task,
                             size_t size)
{
    lease_t *self = malloc (sizeof (lease_t) + size);
    assert (self);
    *self = (lease_t){.job = job,
                      .serial = serial,
                      .index = (uint32_t) task->index,
                      .attempt = (uint32_t) task->attempt,
                      .size = size};
    job->leases++;
    return self;
}

lease_t *lease_new (cached_job_t *job, uint64_t serial, const wire_lane_task_t *task)
{
    lease_t *self = s_lease_new (job, serial, task, task->payload.size);
    if (task->payload.size)
        memcpy (self->bytes, task->payload.data, task->payload.size);
    return self;
}

lease_t *lease_new_large (cached_job_t *job, uint64_t serial, const wire_lane_task_t *task,
                          buffer_t *payload)
{
    lease_t *self = s_lease_new (job, serial, task, 0);
    self->payload = buffer_take (payload);
    return self;
}

void lease_destroy (lease_t **self_p)
{
    assert (self_p);
    lease_t *self = *self_p;
    if (!self)
        return;
    self->job->leases--;
    buffer_free (&self->payload);
    buffer_free (&self->values);
    free (self);
    *self_p = NULL;
}

view_t lease_payload (const lease_t *self)
{
    if (self->size)
        return (view_t){self->bytes, self->size};
    return wire_view_of (&self->payload);
}

uint64_t lease_tasks (const lease_t *self)
{
    map_items_t items;
    bool many = self->job->kind == WIRE_KIND_MAP && map_items_of (&items, lease_payload (self));
    return many && items.count ? items.count : 1;
}
