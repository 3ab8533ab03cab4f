//  ledger_private.h - what the files of the ledger share among themselves; see ledger.h

#ifndef BROKER_LEDGER_LEDGER_PRIVATE_H_INCLUDED
#define BROKER_LEDGER_LEDGER_PRIVATE_H_INCLUDED

#include "broker/ledger/ledger.h"

struct ledger {
    hub_t *hub;      //  Borrowed
    job_t *gone;     //  Removed jobs; their memory is given back bit by bit (utlist)
    walk_t weighing; //  How far jobs were told that memory is full, or is no more
};

//  The job's changes are recorded: NULL for a job that is not durable, and while the log is read.
struct journal *ledger_journal (const ledger_t *self, const job_t *job);

//  Ends a task that is not leased any more, in the broker's own words; detail may be empty.
void ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome, view_t detail);

//  The lease is over: counts, whatever comes next.
void ledger_unlease (ledger_t *self, job_t *job, agent_t *agent, uint32_t index);

//  The task, which is leased no more, or has not ended, is ready.
void ledger_make_ready (ledger_t *self, job_t *job, uint32_t index);

//  May a task that is leased wait for another try, as far as its job goes? A try failed, and there
//  are more: it does, and true.
bool ledger_may_repeat (const job_t *job, const task_t *task);
bool ledger_repeat (ledger_t *self, job_t *job, uint32_t index, uint64_t outcome);

//  The job's client is gone, or was told the last of it.
void ledger_disown (ledger_t *self, job_t *job);

//  Workers are told to end tasks of a job that was cancelled; counts down visits. True when all
//  were told.
bool ledger_jobs_strike (ledger_t *self, job_t *job, uint32_t *visits);

//  The next task of a doomed job ends, if it waits.
bool ledger_jobs_reap_one (ledger_t *self, job_t *job);

//  Lanes that know the job are told that no more of its tasks come.
void ledger_end_lanes (ledger_t *self, job_t *job);

//  Frees the first of those that are gone, whatever it still holds.
void ledger_free_gone (ledger_t *self);

//  Frees the job and takes it out of everything.
void ledger_drop (ledger_t *self, job_t *job);

#endif
