//  ledger_private.h - shared by the files of the ledger; see ledger.h

#ifndef BROKER_LEDGER_LEDGER_PRIVATE_H_INCLUDED
#define BROKER_LEDGER_LEDGER_PRIVATE_H_INCLUDED

#include "broker/ledger/ledger.h"

struct ledger {
    context_t *ctx;  //  Borrowed
    job_t *gone;     //  Removed jobs whose memory is freed in steps (utlist)
    walk_t weighing; //  Position of the walk that updates jobs when memory becomes full, or is no
                     //  longer full
};

//  The journal for changes of the job: NULL for a job that is not durable, and while the log is
//  read.
struct journal *ledger_journal (const ledger_t *self, const job_t *job);

//  Ends a task that is not leased, with a result by the broker; detail may be empty.
void ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome, view_t detail);

//  Updates the counts when a lease is over, whatever follows.
void ledger_unlease (ledger_t *self, job_t *job, worker_record_t *worker, uint32_t index);

//  The task, whose lease is over or which has not ended, becomes ready.
void ledger_make_ready (ledger_t *self, job_t *job, uint32_t index);

//  ledger_may_repeat: do the job's options allow another try of a leased task? ledger_repeat: a try
//  failed; schedules another one if there are tries left, and returns true then.
bool ledger_may_repeat (const job_t *job, const task_t *task);
bool ledger_repeat (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome);

//  The job's client is gone, or has been sent the last state.
void ledger_disown (ledger_t *self, job_t *job);

//  Tells workers to end tasks of a cancelled job, or to return those of a stopping job that have
//  not begun; decrements *visits. True when all were told.
bool ledger_jobs_strike (ledger_t *self, job_t *job, uint32_t *visits);

//  Ends the next task of a doomed job, if it waits.
bool ledger_jobs_reap_one (ledger_t *self, job_t *job);

//  Tells the lanes to which the job was announced that no more of its tasks come.
void ledger_end_lanes (ledger_t *self, job_t *job);

//  Frees the first removed job at once, whatever it still holds.
void ledger_free_gone (ledger_t *self);

//  Removes the job from all lists and frees it.
void ledger_drop (ledger_t *self, job_t *job);

#endif
