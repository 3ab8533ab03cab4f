/*  records.h - writes the log records of durable jobs, one function per kind
 *
 *  Records are the messages of wire.def with the direction "journal", each preceded by its number;
 *  recovery.h reads them. A function records what has already happened, if possible from the job
 *  itself. It changes nothing else in the job, and calls nothing when the record is durable; waits
 *  (journal.h) do that. Leases are recorded by journal_lease.
 */

#ifndef BROKER_JOURNAL_RECORDS_H_INCLUDED
#define BROKER_JOURNAL_RECORDS_H_INCLUDED

#include "broker/journal/journal.h"

//  The job was opened by this JOB_OPEN; the job keeps a copy of it.
void records_job (journal_t *self, job_t *job, view_t open);

//  Payloads of tasks arrived; large ones are already in the stock, from index job->promised on.
//  Returns the place of the payloads.
result_log_location_t records_tasks (journal_t *self, job_t *job, const wire_list_t *payloads);
void records_seal (journal_t *self, job_t *job);

//  The parts of that, for a compaction: one large payload; the arrival time of the tasks that
//  follow; the payloads.
void records_large (journal_t *self, job_t *job, uint32_t index);
void records_came (journal_t *self, job_t *job, int64_t at_us);
result_log_location_t records_payloads (journal_t *self, job_t *job, const wire_list_t *payloads);

//  A task waits for another try; attempt is the number of tries so far.
void records_again (journal_t *self, job_t *job, uint32_t index, uint16_t attempt, int64_t wait_us);

//  A task has ended. A value that came in parts is recorded before the result, in the same batch.
//  records_value returns the place of its bytes, the others that of the whole record.
result_log_location_t records_value (journal_t *self, job_t *job, uint32_t index, view_t value);
result_log_location_t records_result (journal_t *self, job_t *job, const wire_log_result_t *fields);
result_log_location_t records_output (journal_t *self, job_t *job, uint32_t index, view_t body);

//  The payload, which must still be in the stock, is no longer needed by a compaction.
void records_release_payload (journal_t *self, job_t *job, uint32_t index);

void records_doom (journal_t *self, job_t *job);
void records_cancel (journal_t *self, job_t *job, uint32_t index);
void records_retry (journal_t *self, job_t *job, uint32_t first, uint32_t end);
void records_ended (journal_t *self, job_t *job);

//  The job is forgotten and its identity kept; or the job was refused after it had been recorded.
void records_forget (journal_t *self, job_t *job);
void records_ghost (journal_t *self, const identity_t *identity, uint64_t number);
void records_withdraw (journal_t *self, job_t *job);

#endif
