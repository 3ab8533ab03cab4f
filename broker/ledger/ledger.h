/*  ledger.h - the jobs, and every change of a task's state
 *
 *  All transitions go through here and nowhere else: opened, appended, leased,
 *  returned, lost, ended, cancelled, retried, forgotten. The ledger keeps the
 *  counts, hands results on (deliver.h), tells the ready jobs, and ends jobs
 *  whose last task has ended.
 */

#ifndef BROKER_LEDGER_LEDGER_H_INCLUDED
#define BROKER_LEDGER_LEDGER_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/jobs/job_table.h"
#include "broker/peers/client.h"
#include "broker/peers/roster.h"

#define LEDGER_KEPT_US                                                                             \
    (7 * 24 * INT64_C (3600) * 1000000) //  Results of durable jobs, from their end on

typedef struct ledger ledger_t;

//  Makes hub->jobs, hub->ghosts and hub->log_index as well. hub->ready, hub->delay and hub->roster
//  must be there before a job is opened.
ledger_t *ledger_new (hub_t *hub);
void ledger_destroy (ledger_t **self_p);

//  Is there work left for clients that are there? An open job whose tasks have all ended is none.
bool ledger_has_attached (const ledger_t *self);

//  Opens a job whose fields were checked. The client becomes its owner unless it is detached.
job_t *ledger_jobs_open (ledger_t *self, client_t *client, const wire_job_open_t *open);
//  Tasks come, or no more do. Those of a durable job are recorded, and carried out (committed.h)
//  when that is durable.
void ledger_jobs_submit (ledger_t *self, job_t *job, const wire_list_t *payloads);
void ledger_jobs_finish (ledger_t *self, job_t *job);

//  Gives the task, which job_take took, to the agent under this serial.
void ledger_lease (ledger_t *self, job_t *job, uint32_t index, agent_t *agent, uint64_t serial);

//  The task, if the agent holds it under this serial; else NULL.
task_t *ledger_held (ledger_t *self, const agent_t *agent, job_t *job, uint64_t index,
                     uint64_t serial);

//  A worker's answer. False when the lease is not valid (counted). Takes the content of *large, a
//  value that came in parts.
bool ledger_result (ledger_t *self, agent_t *agent, const wire_sink_result_t *result, view_t tail,
                    buffer_t *large);

//  What the agent said of this lease has ended its session: that is counted, and the second time
//  the task is quarantined. False when the agent does not hold it.
bool ledger_leases_breach (ledger_t *self, agent_t *agent, const wire_lease_t *lease,
                           const char *why);

//  The lease comes back untried: no cost.
bool ledger_leases_return (ledger_t *self, agent_t *agent, const wire_lease_t *lease);

//  The agent is gone with everything it holds, but for the leases in kept (NULL: none).
//  free_of_cost when it left on purpose, or one of its tasks has ended its session: that one pays.
void ledger_leases_lose (ledger_t *self, agent_t *agent, const spans_t *kept, bool free_of_cost);

//  Drops leases that are no longer held from the agent's list, when they are many.
void ledger_leases_compact (ledger_t *self, agent_t *agent);

//  Cancels one task or all; returns how many had not ended, nor been cancelled before.
uint32_t ledger_jobs_cancel (ledger_t *self, job_t *job, uint32_t index);
uint32_t ledger_jobs_cancel_all (ledger_t *self, job_t *job);

//  All waiting tasks, and those to come, end so.
void ledger_jobs_doom (ledger_t *self, job_t *job, unsigned outcome, const char *kind,
                       const char *message);

//  Ends tasks that have waited longer than the job's tasks may. True while some are left for a
//  later turn: until then none of the job is to be given out.
bool ledger_settle_expire (ledger_t *self, job_t *job);

//  Failed tasks of a detached job run again; index UINT32_MAX: all of them. Returns how many.
//  _some: from first to before end; where that is called bit by bit, the job must not be reaping:
//  then tasks that wait are still to end.
uint32_t ledger_jobs_retry (ledger_t *self, job_t *job, uint32_t index);
uint32_t ledger_jobs_retry_some (ledger_t *self, job_t *job, uint32_t first, uint32_t end);
bool ledger_jobs_is_reaping (const job_t *job);

//  Forgets a detached job all of whose tasks have ended.
void ledger_jobs_forget (ledger_t *self, job_t *job);

//  A job none of whose tasks has begun was refused: as if it had not come, and its identity is
//  free.
void ledger_jobs_withdraw (ledger_t *self, job_t *job);

//  The number of a detached job of that identity which was forgotten not long ago; 0: none was.
uint64_t ledger_jobs_forgotten (const ledger_t *self, const identity_t *identity);

//  Now and then: names of jobs that were forgotten too long ago are forgotten, too; a durable job
//  is, if it ended too long ago.
void ledger_jobs_sweep (ledger_t *self);
void ledger_jobs_sweep_job (ledger_t *self, job_t *job);

//  ---- for recovery: a ledger is made as it was ----

//  A durable job without tasks; open was checked when it came.
job_t *ledger_jobs_restore (ledger_t *self, const wire_log_job_t *record,
                            const wire_job_open_t *open);

//  Takes away the job and the leases of its tasks.
void ledger_jobs_unmake (ledger_t *self, job_t *job);

//  A job that may be there was forgotten.
void ledger_jobs_bury (ledger_t *self, const identity_t *identity, uint64_t number);

//  The task is not leased any more, and ready if it has not ended.
void ledger_release (ledger_t *self, job_t *job, uint32_t index);

//  A ready task has ended; nobody is told.
void ledger_close (ledger_t *self, job_t *job, uint32_t index, unsigned outcome);

//  The client is gone: its jobs are cancelled, nobody hears of them.
void ledger_jobs_abandon (ledger_t *self, client_t *client);

//  Whether its client's jobs may be dispatched has changed.
void ledger_jobs_stall (ledger_t *self, client_t *client);

//  A task that is ready waits so long before it is tried again.
void ledger_delay (ledger_t *self, job_t *job, uint32_t index, int64_t wait_us);

//  Once a turn: jobs in memory rest while their results fill it; what lies in the store goes on.
void ledger_jobs_weigh (ledger_t *self);

//  A task that waits for its next try is ready.
void ledger_end_delay (ledger_t *self, job_t *job, uint32_t index);

//  A delay_fn: a task's backoff is over, or the job's oldest tasks are due (expiry.h).
void ledger_settle_wake (void *self, uint64_t job, uint32_t index);

//  Are there jobs that wait to be looked at again?
bool ledger_settle_goes_on (const ledger_t *self);

//  Once a turn, as far as that may go: dooms are carried out, jobs that are over end, memory of
//  those that are gone is given back.
void ledger_settle (ledger_t *self);

#endif
