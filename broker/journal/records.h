/*  records.h - what the log says of durable jobs, one function for each kind of record
 *
 *  Records are those of wire.def with the way "journal", each behind its number; recovery.h reads
 *  them. A function records what has happened by now, from the job itself where it can. It changes
 *  nothing else of the job, and calls nobody when the record is durable: for that there are waits
 *  (journal.h). Records of leases are journal_lease.
 */

#ifndef BROKER_JOURNAL_RECORDS_H_INCLUDED
#define BROKER_JOURNAL_RECORDS_H_INCLUDED

#include "broker/journal/journal.h"

//  The job was opened by this JOB_OPEN, of which the job keeps a copy.
void records_job (journal_t *self, job_t *job, view_t open);

//  Payloads of tasks came; large ones are in the stock already, from index job->promised on.
//  Returns the place of the payloads.
result_log_place_t records_tasks (journal_t *self, job_t *job, const wire_list_t *payloads);
void records_seal (journal_t *self, job_t *job);

//  Their parts, for a compaction: one large payload; when the tasks that follow came; the payloads.
void records_large (journal_t *self, job_t *job, uint32_t index);
void records_came (journal_t *self, job_t *job, int64_t at_us);
result_log_place_t records_payloads (journal_t *self, job_t *job, const wire_list_t *payloads);

//  A task came back and waits again, after so many tries.
void records_again (journal_t *self, job_t *job, uint32_t index, uint16_t attempt, int64_t wait_us);

//  A task ended. A value that came in parts is recorded before, in the same batch; its place is
//  that of its bytes, that of the others is the whole record's.
result_log_place_t records_value (journal_t *self, job_t *job, uint32_t index, view_t value);
result_log_place_t records_result (journal_t *self, job_t *job, const wire_log_result_t *fields);
result_log_place_t records_output (journal_t *self, job_t *job, uint32_t index, view_t body);

//  The payload, which is still in the stock, is not needed any more: there is less to copy.
void records_release_payload (journal_t *self, job_t *job, uint32_t index);

void records_doom (journal_t *self, job_t *job);
void records_cancel (journal_t *self, job_t *job, uint32_t index);
void records_retry (journal_t *self, job_t *job, uint32_t first, uint32_t end);
void records_ended (journal_t *self, job_t *job);

//  The job is forgotten, and its identity remembered; or it was refused after all.
void records_forget (journal_t *self, job_t *job);
void records_ghost (journal_t *self, const identity_t *identity, uint64_t number);
void records_withdraw (journal_t *self, job_t *job);

#endif
