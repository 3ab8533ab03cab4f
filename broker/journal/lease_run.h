/*  lease_run.h - leases given one after the other, which become one record
 *
 *  Dispatch gives a worker many tasks of a job at once, with serials that follow each other. The
 *  run gathers them, so that the log has one record for all and not one for each. A plain value;
 *  zeroed it is empty.
 */

#ifndef BROKER_JOURNAL_LEASE_RUN_H_INCLUDED
#define BROKER_JOURNAL_LEASE_RUN_H_INCLUDED

#include "broker/peers/roster.h"
#include "broker/record/job.h"

typedef struct lease_run {
    uint64_t job;                   //  Whose tasks; 0: the run is empty
    uint8_t uuid [WIRE_UUID_BYTES]; //  Of the worker
    char name [HUB_NAME_BYTES];     //  Its label
    uint64_t serial;                //  Of the first
    size_t count;                   //  How many; stays until the next run begins
    buffer_t indexes;               //  Packed
} lease_run_t;

void lease_run_free (lease_run_t *self);

//  Does this lease follow those that are there?
bool lease_run_joins (const lease_run_t *self, const job_t *job, const agent_t *agent,
                      uint64_t serial);

//  Adds a lease that joins, or begins a run when the run is empty.
void lease_run_add (lease_run_t *self, const job_t *job, const agent_t *agent, uint64_t serial,
                    uint32_t index);

//  The run is empty then. Returns its job, 0 if it was empty before; that run can be packed until
//  the next one begins.
uint64_t lease_run_end (lease_run_t *self);
void lease_run_pack (const lease_run_t *self, uint64_t job, buffer_t *bytes);

#endif
