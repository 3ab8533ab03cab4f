/*  lease_run.h - collects consecutive leases for one record
 *
 *  Dispatch gives a worker many tasks of a job at once, with consecutive serials. The run collects
 *  them, so that the log has one record for all of them. A plain value; zero is an empty run.
 */

#ifndef BROKER_JOURNAL_LEASE_RUN_H_INCLUDED
#define BROKER_JOURNAL_LEASE_RUN_H_INCLUDED

#include "broker/peers/roster.h"
#include "broker/record/job.h"

typedef struct lease_run {
    uint64_t job;                   //  Job of the tasks; 0: the run is empty
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the worker
    char name [CONTEXT_NAME_BYTES]; //  Its display name
    uint64_t serial;                //  Serial of the first lease
    size_t count;                   //  Number of leases; kept until the next run begins
    buffer_t indexes;               //  Packed indexes of the tasks
} lease_run_t;

void lease_run_free (lease_run_t *self);

//  Does this lease continue the run?
bool lease_run_joins (const lease_run_t *self, const job_t *job, const worker_record_t *worker,
                      uint64_t serial);

//  Adds a lease that continues the run, or begins a run when it is empty.
void lease_run_add (lease_run_t *self, const job_t *job, const worker_record_t *worker,
                    uint64_t serial, uint32_t index);

//  Ends the run and returns its job, 0 if it was empty. The run can be packed until the next one
//  begins.
uint64_t lease_run_end (lease_run_t *self);
void lease_run_pack (const lease_run_t *self, uint64_t job, buffer_t *bytes);

#endif
