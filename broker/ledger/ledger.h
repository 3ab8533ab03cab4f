/*  ledger.h - the life of jobs, and every change of a task's state
 *
 *  All transitions are made here and nowhere else: opened, appended, leased, returned, lost, ended,
 *  cancelled, retried, forgotten. The ledger keeps the counts, delivers results (deliver.h),
 *  updates the ready jobs, and ends jobs whose last task has ended.
 */

#ifndef BROKER_LEDGER_LEDGER_H_INCLUDED
#define BROKER_LEDGER_LEDGER_H_INCLUDED

#include "broker/core/context.h"
#include "broker/jobs/job_table.h"
#include "broker/peers/client.h"
#include "broker/peers/roster.h"

#define LEDGER_KEPT_US                                                                             \
    (7 * 24 * INT64_C (3600)                                                                       \
     * 1000000) //  How long results of durable jobs are kept after their end

typedef struct ledger ledger_t;

//  Also creates ctx->jobs, ctx->tombstones and ctx->log_index. ctx->ready, ctx->delay and
//  ctx->roster must exist before a job is opened.
ledger_t *ledger_new (context_t *ctx);
void ledger_destroy (ledger_t **self_p);

//  Does a client wait for a job? An open job whose tasks have all ended does not count.
bool ledger_is_awaited (const ledger_t *self);

//  Opens a job whose fields were checked. The client becomes its owner unless the job is detached.
job_t *ledger_jobs_open (ledger_t *self, client_t *client, const wire_job_open_t *open);
//  Adds tasks, or seals the job. For a durable job this is recorded, and applied (committed.h) when
//  it is durable.
void ledger_jobs_submit (ledger_t *self, job_t *job, const wire_list_t *payloads);
void ledger_jobs_finish (ledger_t *self, job_t *job);

//  Leases the task, which job_take returned, to the worker under this serial.
void ledger_lease (ledger_t *self, job_t *job, uint32_t index, worker_record_t *worker,
                   uint64_t serial);

//  The task, if the worker holds it under this serial; else NULL.
task_t *ledger_held (ledger_t *self, const worker_record_t *worker, job_t *job, uint64_t index,
                     uint64_t serial);

//  Handles a worker's result. False when the lease is not valid, which is counted. Takes the
//  content of *large, a value that came in parts.
bool ledger_result (ledger_t *self, worker_record_t *worker, const wire_sink_result_t *result,
                    view_t tail, buffer_t *large);

//  Invalid data about this lease has ended the worker's session. Counts that; the second time the
//  task goes into quarantine. False when the worker does not hold it.
bool ledger_leases_breach (ledger_t *self, worker_record_t *worker, const wire_lease_t *lease,
                           const char *why);

//  The lease was returned before the task started: no try is used up.
bool ledger_leases_return (ledger_t *self, worker_record_t *worker, const wire_lease_t *lease);

//  The worker is gone with all its leases except those in kept (NULL: none). free_of_cost: no try
//  is used up, because it left on purpose, or because one of its tasks ended its session, and only
//  that task is charged. Returns how many of the tasks run again.
size_t ledger_leases_lose (ledger_t *self, worker_record_t *worker, const spans_t *kept,
                           bool free_of_cost);

//  Removes leases that are no longer held from the worker's list, when they are many.
void ledger_leases_compact (ledger_t *self, worker_record_t *worker);

//  Cancels one task or all; returns how many of them had neither ended nor been cancelled before.
uint32_t ledger_jobs_cancel (ledger_t *self, job_t *job, uint32_t index);
uint32_t ledger_jobs_cancel_all (ledger_t *self, job_t *job);

//  Cancels all tasks that have not begun, and those to come. Those that run go on.
void ledger_jobs_stop (ledger_t *self, job_t *job);

//  All waiting and future tasks end with this outcome.
void ledger_jobs_doom (ledger_t *self, job_t *job, unsigned outcome, const char *kind,
                       const char *message);

//  Ends tasks that have waited longer than the job allows. True while some remain for a later turn;
//  until then none of the job's tasks may be leased.
bool ledger_settle_expire (ledger_t *self, job_t *job);

//  Failed tasks of a detached job run again; index UINT32_MAX: all of them. Returns how many.
//  ledger_jobs_retry_some handles indexes first to end - 1; between its calls the job must not be
//  reaping, because waiting tasks must still end then.
uint32_t ledger_jobs_retry (ledger_t *self, job_t *job, uint32_t index);
uint32_t ledger_jobs_retry_some (ledger_t *self, job_t *job, uint32_t first, uint32_t end);
bool ledger_jobs_is_reaping (const job_t *job);

//  Forgets a detached job whose tasks have all ended.
void ledger_jobs_forget (ledger_t *self, job_t *job);

//  Removes a job that was refused before any of its tasks started; its identity may be used again.
void ledger_jobs_withdraw (ledger_t *self, job_t *job);

//  The number of a recently forgotten detached job with that identity; 0: none.
uint64_t ledger_jobs_forgotten (const ledger_t *self, const identity_t *identity);

//  Removes expired tombstones; or forgets a durable job that ended too long ago. Call from time to
//  time.
void ledger_jobs_sweep (ledger_t *self);
void ledger_jobs_sweep_job (ledger_t *self, job_t *job);

//  ---- for recovery: the ledger is restored ----

//  Restores a durable job without tasks; open was checked when it came.
job_t *ledger_jobs_restore (ledger_t *self, const wire_log_job_t *record,
                            const wire_job_open_t *open);

//  Removes the job and the leases of its tasks.
void ledger_jobs_unmake (ledger_t *self, job_t *job);

//  A job was forgotten; it may still be in the ledger.
void ledger_jobs_bury (ledger_t *self, const identity_t *identity, uint64_t number);

//  Ends the task's lease; the task is ready if it has not ended.
void ledger_release (ledger_t *self, job_t *job, uint32_t index);

//  Ends a ready task without telling any client.
void ledger_close (ledger_t *self, job_t *job, uint32_t index, unsigned outcome);

//  The client is gone: its jobs are cancelled and their results dropped.
void ledger_jobs_abandon (ledger_t *self, client_t *client);

//  Call when it has changed whether the client's jobs may be dispatched.
void ledger_jobs_stall (ledger_t *self, client_t *client);

//  Delays the next try of a ready task.
void ledger_delay (ledger_t *self, job_t *job, uint32_t index, int64_t wait_us);

//  Call once a turn: jobs in memory are not dispatched while their results fill the memory; durable
//  jobs continue.
void ledger_jobs_weigh (ledger_t *self);

//  A task that waits for its next try becomes ready.
void ledger_end_delay (ledger_t *self, job_t *job, uint32_t index);

//  A delay_fn: the delay of a task is over, or the job's oldest tasks are due (expiry.h).
void ledger_settle_wake (void *self, job_t *job, uint32_t index);

//  Are there jobs in the settle queue, or memory to free?
bool ledger_settle_goes_on (const ledger_t *self);

//  Call once a turn. Within a limited cost: ends doomed tasks and finished jobs, and frees the
//  memory of removed jobs.
void ledger_settle (ledger_t *self);

#endif
