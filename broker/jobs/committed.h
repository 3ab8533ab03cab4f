/*  committed.h - carries out what is on stable storage
 *
 *  What is asked for a durable job (ledger_jobs_submit, ledger_jobs_finish, the end of a task) is
 *  recorded, and carried out here when the record is durable; of a job in memory, at once. Recovery
 *  carries out what it reads by the same functions, so that a broker that runs and one that starts
 *  do the same.
 */

#ifndef BROKER_JOBS_COMMITTED_H_INCLUDED
#define BROKER_JOBS_COMMITTED_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/record/job.h"

//  Tasks join their job. place: where the payloads lie in the store, or NULL. What lies there need
//  not stay in memory.
void committed_append (hub_t *hub, job_t *job, const wire_list_t *payloads,
                       const payloads_place_t *place);

//  No more tasks come.
void committed_seal (hub_t *hub, job_t *job);

//  A result or output of a detached job is kept, and followers hear of it. place: of the whole
//  record in the store, or NULL.
void committed_keep (hub_t *hub, job_t *job, const result_log_record_t *record,
                     const result_log_place_t *place);

//  The value of a result that is to be kept next, when it came in parts (else empty); its content
//  is taken. place: of its bytes.
void committed_keep_large (hub_t *hub, job_t *job, uint32_t index, buffer_t *large,
                           const result_log_place_t *place);

#endif
