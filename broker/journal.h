/*  journal.h - the ledger's changes to durable jobs, on their way to the store
 *
 *  What happens to a durable job is recorded as it happens; what has gathered when it is pushed, or has grown large,
 *  is one batch of the store's log. Whoever may hear of a change only when it is durable (JOB_OPENED, the answer to an
 *  order, the acknowledgement of a frame, a result) waits here, in order. Records are those of wire.def with the way
 *  "journal", each behind its number.
 *
 *      open:  journal_new reads the log, and the ledger is as it was
 *      loop:  journal_push when all was read                    a batch goes to the store
 *             journal_turn when store says so, or once a turn   what waited, and is durable now, is carried out
 *             journal_flush at the end of the turn              the next batch goes there
 *
 *  After a restart a task whose lease was recorded is held by a worker that is away (roster.h): if it comes back within the time
 *  after which it would be lost, it is adopted as after any lost connection; else its tasks run elsewhere.
 *
 *  Where there is no journal (hub->journal is NULL) there are no durable jobs. One thread, the broker's.
 */

#ifndef BROKER_JOURNAL_H_INCLUDED
#define BROKER_JOURNAL_H_INCLUDED

#include "broker/client.h"
#include "broker/roster.h"
#include "broker/store/store.h"

typedef struct journal journal_t;

//  Reads the store into hub->ledger, and sets hub->epoch and hub->serial. Takes the store. hub->ledger, roster, ready and delay must be there.
//  NULL and a fault when the log cannot be read, or the first write fails.
journal_t *journal_new (hub_t *hub, store_t **store_p, fault_t *fault);

//  hub->journal, opened now if that was put off until the first durable job. CADRE_ERROR_REFUSED when this broker has no store, or what the store says.
cadre_error_t journal_need (hub_t *hub, fault_t *fault);

//  What was recorded becomes durable first. The ledger must not change afterwards: hub->journal is NULL then.
cadre_error_t journal_close (journal_t **self_p, fault_t *fault);

//  Readable when journal_turn has something to do.
int journal_fd (const journal_t *self);

//  Carries out what waited for what is durable now. A fault is final: the broker must end.
cadre_error_t journal_turn (journal_t *self, fault_t *fault);

//  Hands to the store what was recorded so far: the disk need not wait for the end of the turn.
void journal_push (journal_t *self);

//  Hands over what was recorded in the rest of the turn; compacts when it is time.
void journal_flush (journal_t *self);

//  Grows with each record: a frame whose handling has let it grow is not acknowledged before journal_hold_... lets it be.
uint64_t journal_mark (const journal_t *self);

//  Reads payloads back, from this task on; its job is looked at again when they have come.
void journal_fetch (journal_t *self, job_t *job, uint32_t index);

//  Reads back what is kept of a job, from this position on, or the large value of a task; its followers are looked at again when it has come.
void journal_fetch_kept (journal_t *self, job_t *job, uint64_t position);
void journal_fetch_large (journal_t *self, job_t *job, uint32_t index);

//  Grows when something that was kept has come back.
uint64_t journal_arrivals (const journal_t *self);

//  Nothing waits to become durable.
bool journal_is_idle (const journal_t *self);

//  May a job of that number be opened, and is there room for so many bytes and tasks of it? CADRE_ERROR_REFUSED and a fault.
cadre_error_t journal_admit (journal_t *self, job_t *job, size_t bytes, size_t tasks, fault_t *fault);

//  Is there room for so many bytes that are worth keeping, but not worth the room that is reserved?
bool journal_has_room (const journal_t *self, size_t bytes);

//  ---- records ------------------------------------------------------------

void journal_job (journal_t *self, job_t *job, view_t open);
void journal_leases (journal_t *self, const job_t *job, const agent_t *agent, uint64_t serial,
                     uint32_t index);
void journal_again (journal_t *self, job_t *job, uint32_t index, int64_t wait_us);
void journal_doom (journal_t *self, job_t *job);
void journal_cancel (journal_t *self, job_t *job, uint32_t index);
void journal_retry (journal_t *self, job_t *job, uint32_t first, uint32_t end);
void journal_ended (journal_t *self, job_t *job);
void journal_forget (journal_t *self, job_t *job);
void journal_withdraw (journal_t *self, job_t *job);

//  A task needs its payload, which is still in the stock, no more: there is less to copy.
void journal_release_payload (journal_t *self, job_t *job, uint32_t index);

//  Tasks and the seal take effect when they are durable. Large payloads are in the stock already.
void journal_tasks (journal_t *self, job_t *job, const wire_list_t *payloads);
void journal_seal (journal_t *self, job_t *job);

//  A result or output is kept and told of when it is durable. Takes the content of *large.
void journal_result (journal_t *self, job_t *job, const wire_result_t *result, view_t body, buffer_t *large);
void journal_output (journal_t *self, job_t *job, uint32_t index, view_t body);

//  ---- who waits ----------------------------------------------------------

//  JOB_OPENED is sent when what was recorded so far is durable.
void journal_tell_opened (journal_t *self, const client_t *client, uint64_t ref, uint64_t number);

//  Takes the content of *frame, a REPLY, which is sent when what was recorded so far is durable.
void journal_reply (journal_t *self, const client_t *client, buffer_t *frame);

//  The frame of that number is acknowledged when what was recorded so far is durable.
void journal_hold_client (journal_t *self, client_t *client, uint64_t sequence);
void journal_hold_agent (journal_t *self, agent_t *agent, uint64_t sequence);

//  Nothing goes down the agent's lane before what was recorded so far, its leases among it, is durable.
void journal_hold_lane (journal_t *self, agent_t *agent);

//  ---- for people ---------------------------------------------------------

void journal_usage (const journal_t *self, store_usage_t *usage);

#endif
