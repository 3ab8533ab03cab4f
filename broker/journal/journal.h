/*  journal.h - what happens to durable jobs, on its way to the store
 *
 *  Changes of durable jobs are recorded as they happen (records.h). The journal gathers the records
 *  in a batch, which goes to the store when it is pushed, or when it has grown large. Whoever may
 *  hear of a change only when it is durable adds a wait (waits.h), whose function is called then:
 *
 *      buffer_t *bytes = journal_begin (journal, WIRE_log_...);    one record
 *      wire_pack_log_... (bytes, &fields);
 *      journal_end (journal, job, live);
 *      wait_t *wait = journal_wait (journal, s_is_durable);        called when the record is
 *                                                                  durable
 *
 *  The journal knows the store, and of the jobs the room that is reserved for them there and the
 *  bytes that they take up. It knows neither the ledger nor any module that waits. persistence.h
 *  opens and closes it, and drives it from the loop.
 *
 *  Where there is no journal (hub->journal is NULL) no job is durable. One thread, the broker's.
 */

#ifndef BROKER_JOURNAL_JOURNAL_H_INCLUDED
#define BROKER_JOURNAL_JOURNAL_H_INCLUDED

#include "broker/jobs/job_table.h"
#include "broker/journal/waits.h"
#include "broker/peers/roster.h"
#include "broker/store/store.h"

typedef struct journal journal_t;

//  Takes the store, which has been read. hub->jobs and hub->log_index must be there.
journal_t *journal_new (hub_t *hub, store_t **store_p);

//  Epoch and numbers of jobs are on the disk before one of them is used: waits for that.
cadre_error_t journal_start (journal_t *self, fault_t *fault);

//  What was recorded becomes durable first; waits are dropped.
cadre_error_t journal_close (journal_t **self_p, fault_t *fault);

//  ---- the loop -----------------------------------------------------------

//  Readable when journal_turn has something to do.
int journal_fd (const journal_t *self);

//  Carries out what waited for what is durable now. A fault is final: the broker must end.
cadre_error_t journal_turn (journal_t *self, fault_t *fault);

//  Hands to the store what was recorded so far: the disk need not wait for the end of the turn.
void journal_push (journal_t *self);

//  Records that numbers of jobs are taken, when those that were recorded are nearly used up.
void journal_reserve_numbers (journal_t *self);

//  Nothing waits to become durable.
bool journal_is_idle (const journal_t *self);

//  Grows with each record: a frame whose handling has let it grow is not acknowledged before that
//  is durable (answers.h).
uint64_t journal_mark (const journal_t *self);

//  ---- room in the store ---------------------------------------------------

//  Is there room for so many bytes and tasks of the job? CADRE_ERROR_REFUSED and a fault if not.
cadre_error_t journal_admit (journal_t *self, job_t *job, size_t bytes, size_t tasks,
                             fault_t *fault);

//  Is there room for so many bytes that are worth keeping, but not worth the room that is reserved?
bool journal_has_room (const journal_t *self, size_t bytes);

//  The job was read from the log: room for the ends of its tasks is reserved, its bytes are live.
void journal_claim (journal_t *self, job_t *job);

//  The job goes: its room is free, and its bytes are dead.
void journal_release (journal_t *self, job_t *job);

//  So many of its bytes in the log are not needed any more.
void journal_bury (journal_t *self, uint64_t bytes);

void journal_usage (const journal_t *self, store_usage_t *usage);

//  ---- records -------------------------------------------------------------

//  Begins a record; the caller packs its fields into the buffer that is returned.
buffer_t *journal_begin (journal_t *self, unsigned verb);

//  Ends a record of that job. live: a compaction would copy it, in this or another form.
void journal_end (journal_t *self, job_t *job, bool live);

//  Where the record at hand lies, or its last bytes. Its batch is known when that is handed over.
result_log_place_t journal_place (const journal_t *self);
result_log_place_t journal_place_of_last (const journal_t *self, uint64_t size);

//  From now on records stay in one batch, however large it grows; or not. Returns what held before.
bool journal_stay_whole (journal_t *self, bool whole);

//  A lease was given. Leases of one moment become one record when anything else is recorded.
void journal_lease (journal_t *self, const job_t *job, const agent_t *agent, uint64_t serial,
                    uint32_t index);
void journal_end_leases (journal_t *self);

//  The job, or an identity that was forgotten, begins in the batch at hand (log_index.h).
void journal_index_job (journal_t *self, job_t *job);
void journal_index_ghost (journal_t *self, const identity_t *identity);

//  Epoch and numbers of jobs.
void journal_record_store (journal_t *self);

//  ---- waits ---------------------------------------------------------------

//  The function is called when what was recorded so far is durable; the caller fills in the rest.
wait_t *journal_wait (journal_t *self, wait_fn *done);

//  The last wait, if it has this function, no large value, and waits for the batch at hand; else
//  NULL.
wait_t *journal_open_wait (const journal_t *self, wait_fn *done);

//  ---- for the compaction --------------------------------------------------

//  Hands the batch to the store, if there is anything in it; all before that number are dropped.
void journal_send (journal_t *self, uint64_t drop_before);

//  The batch at hand takes no room that was reserved for others.
void journal_claim_batch (journal_t *self);

bool journal_wants_compaction (const journal_t *self);
size_t journal_batch_bytes (const journal_t *self);      //  In the batch at hand
uint64_t journal_last_seq (const journal_t *self);       //  The store's number of the batch before
uint64_t journal_recorded_bytes (const journal_t *self); //  In batches before, ever
uint64_t journal_live_bytes (const journal_t *self);     //  Of all jobs: what would be copied

#endif
