//  lease_run.c - collects consecutive leases for one record

#include "broker/journal/lease_run.h"
#include "common/pack.h"

#include <stdio.h>
#include <string.h>

void lease_run_free (lease_run_t *self)
{
    buffer_free (&self->indexes);
}

bool lease_run_joins (const lease_run_t *self, const job_t *job, const worker_record_t *worker,
                      uint64_t serial)
{
    return self->job == job->number && serial == self->serial + self->count
           && memcmp (self->uuid, worker->uuid, WIRE_UUID_BYTES) == 0;
}

static void s_lease_run_begin (lease_run_t *self, const job_t *job, const worker_record_t *worker,
                               uint64_t serial)
{
    self->job = job->number;
    memcpy (self->uuid, worker->uuid, WIRE_UUID_BYTES);
    snprintf (self->name, sizeof self->name, "%s", worker->name);
    self->serial = serial;
    self->count = 0;
    buffer_clear (&self->indexes);
}

void lease_run_add (lease_run_t *self, const job_t *job, const worker_record_t *worker,
                    uint64_t serial, uint32_t index)
{
    if (self->job == 0)
        s_lease_run_begin (self, job, worker, serial);
    pack_uint (&self->indexes, index);
    self->count++;
}

uint64_t lease_run_end (lease_run_t *self)
{
    uint64_t job = self->job;
    self->job = 0;
    return job;
}

void lease_run_pack (const lease_run_t *self, uint64_t job, buffer_t *bytes)
{
    wire_log_leases_t fields = {.job = job,
                                .worker = {self->uuid, WIRE_UUID_BYTES},
                                .name = wire_view (self->name),
                                .serial = self->serial,
                                .indexes = wire_list_of (&self->indexes, self->count)};
    wire_pack_log_leases (bytes, &fields);
}
