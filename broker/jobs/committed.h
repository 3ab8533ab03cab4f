/*  committed.h - applies changes of jobs that are on stable storage
 *
 *  A change of a durable job (ledger_jobs_submit, ledger_jobs_finish, the end of a task) is
 *  recorded, and applied here when the record is durable. For a job in memory it is applied at
 *  once. Recovery applies the records that it reads by the same functions, so a restart leads to
 *  the same state.
 */

#ifndef BROKER_JOBS_COMMITTED_H_INCLUDED
#define BROKER_JOBS_COMMITTED_H_INCLUDED

#include "broker/core/context.h"
#include "broker/record/job.h"

//  Appends tasks to their job. location: where the payloads are in the store, or NULL; payloads
//  that are there may be evicted from memory.
void committed_append (context_t *ctx, job_t *job, const wire_list_t *payloads,
                       const payloads_location_t *location);

//  No more tasks come.
void committed_seal (context_t *ctx, job_t *job);

//  Keeps a result or output of a detached job, and touches its followers. location: of the whole
//  record in the store, or NULL.
void committed_keep (context_t *ctx, job_t *job, const result_log_record_t *record,
                     const result_log_location_t *location);

//  Keeps the value, which came in parts, of the next result (else empty); takes its content.
//  location: of its bytes.
void committed_keep_large (context_t *ctx, job_t *job, uint32_t index, buffer_t *large,
                           const result_log_location_t *location);

#endif
