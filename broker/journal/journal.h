/*  journal.h - records changes of durable jobs and sends them to the store
 *
 *  Changes of durable jobs are recorded as they happen (records.h). The journal collects records in
 *  a batch, which goes to the store when it is pushed or has become large. An action that must wait
 *  until a change is durable is a wait (waits.h); its function is called then:
 *
 *      buffer_t *bytes = journal_begin (journal, WIRE_log_...);    one record
 *      wire_pack_log_... (bytes, &fields);
 *      journal_end (journal, job, live);
 *      wait_t *wait = journal_wait (journal, s_is_durable);        called when the record is
 *                                                                  durable
 *
 *  The journal uses the store, and of a job only its reserved room and its bytes in the store. It
 *  depends neither on the ledger nor on any module that waits. persistence.h opens and closes it,
 *  and calls it from the loop.
 *
 *  Without a journal (ctx->journal is NULL) no job is durable. One thread, the broker's.
 */

#ifndef BROKER_JOURNAL_JOURNAL_H_INCLUDED
#define BROKER_JOURNAL_JOURNAL_H_INCLUDED

#include "broker/jobs/job_table.h"
#include "broker/journal/waits.h"
#include "broker/peers/roster.h"
#include "broker/store/store.h"

typedef struct journal journal_t;

//  Takes the store, which must have been scanned. ctx->jobs and ctx->log_index must exist.
journal_t *journal_new (context_t *ctx, store_t **store_p);

//  Records epoch and job numbers, and waits until they are on the disk.
cadre_error_t journal_start (journal_t *self, fault_t *fault);

//  Makes everything recorded durable, then drops the waits.
cadre_error_t journal_close (journal_t **self_p, fault_t *fault);

//  ---- the loop -----------------------------------------------------------

//  Readable when journal_turn has work.
int journal_fd (const journal_t *self);

//  Calls the waits whose batch is durable now. A fault is final: the broker must end.
cadre_error_t journal_turn (journal_t *self, fault_t *fault);

//  Sends the records so far to the store without waiting for the end of the turn.
void journal_push (journal_t *self);

//  Records a new range of job numbers when the recorded range is nearly used up.
void journal_reserve_numbers (journal_t *self);

//  No record is waiting to become durable.
bool journal_is_idle (const journal_t *self);

//  Grows with each record. A frame that has caused records is acknowledged only after they are
//  durable (answers.h).
uint64_t journal_mark (const journal_t *self);

//  ---- room in the store ---------------------------------------------------

//  Is there room for so many bytes and tasks of the job? If not: CADRE_ERROR_REFUSED and a fault.
cadre_error_t journal_admit (journal_t *self, job_t *job, size_t bytes, size_t tasks,
                             fault_t *fault);

//  Is there room, beyond what is reserved, for so many optional bytes?
bool journal_has_room (const journal_t *self, size_t bytes);

//  The job was read from the log: reserves room for the ends of its tasks, and counts its bytes as
//  live.
void journal_claim (journal_t *self, job_t *job);

//  The job is removed: frees its reserved room, and counts its bytes as dead.
void journal_release (journal_t *self, job_t *job);

//  So many of its bytes in the log are no longer needed.
void journal_bury (journal_t *self, uint64_t bytes);

void journal_usage (const journal_t *self, store_usage_t *usage);

//  ---- records -------------------------------------------------------------

//  Begins a record; the caller packs its fields into the returned buffer.
buffer_t *journal_begin (journal_t *self, unsigned verb);

//  Ends a record of that job. live: a compaction would copy it, in this or another form.
void journal_end (journal_t *self, job_t *job, bool live);

//  Where the current record is, or its last bytes. The batch gets its number when it is sent to the
//  store.
result_log_location_t journal_location (const journal_t *self);
result_log_location_t journal_location_of_last (const journal_t *self, uint64_t size);

//  Whether further records stay in one batch, whatever its size. Returns the previous setting.
bool journal_stay_whole (journal_t *self, bool whole);

//  Records a lease. Consecutive leases are collected until anything else is recorded, and become
//  one record.
void journal_lease (journal_t *self, const job_t *job, const worker_record_t *worker,
                    uint64_t serial, uint32_t index);
void journal_end_leases (journal_t *self);

//  The job, or a forgotten identity, begins in the current batch (log_index.h).
void journal_index_job (journal_t *self, job_t *job);
void journal_index_ghost (journal_t *self, const identity_t *identity);

//  Records epoch and job numbers.
void journal_record_store (journal_t *self);

//  ---- waits ---------------------------------------------------------------

//  Adds a wait: the function is called when everything recorded so far is durable. The caller sets
//  the other members.
wait_t *journal_wait (journal_t *self, wait_fn *done);

//  The last wait, if it has this function, no large value, and waits for the current batch; else
//  NULL.
wait_t *journal_open_wait (const journal_t *self, wait_fn *done);

//  ---- for the compaction --------------------------------------------------

//  Sends the batch to the store, unless it is empty; all batches before that number are dropped.
void journal_send (journal_t *self, uint64_t drop_before);

//  The current batch uses no room that was reserved for other records.
void journal_claim_batch (journal_t *self);

bool journal_wants_compaction (const journal_t *self);
size_t journal_batch_bytes (const journal_t *self); //  In the current batch
uint64_t journal_last_seq (const journal_t *self);  //  The store's number of the previous batch
uint64_t journal_recorded_bytes (const journal_t *self); //  In all previous batches
uint64_t journal_live_bytes (const journal_t *self); //  Of all jobs: what a compaction would copy

#endif
