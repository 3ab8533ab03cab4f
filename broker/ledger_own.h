//  ledger_own.h - what the files of the ledger share among themselves; see ledger.h

#ifndef BROKER_LEDGER_OWN_H_INCLUDED
#define BROKER_LEDGER_OWN_H_INCLUDED

#include "broker/ghosts.h"
#include "broker/ledger.h"

struct ledger {
    hub_t *hub;         //  Borrowed
    job_t *by_number;   //  All jobs (uthash)
    job_t *by_identity; //  The same by identity
    job_t *last;        //  The one that was found last
    job_t *settling;    //  Those to look at when the turn ends
    uint64_t numbers;   //  The last number given
    size_t attached;    //  Attached jobs that have a client
    ghosts_t *ghosts;   //  Detached jobs that were forgotten
    job_t *log;         //  Durable jobs in the order in which they begin in the log
};

//  The job's changes are recorded: NULL for a job that is not durable, and while the log is read.
struct journal *ledger_journal (const ledger_t *self, const job_t *job);

//  Ends a task that is not leased any more, in the broker's own words; detail may be empty.
void ledger_end (ledger_t *self, job_t *job, uint32_t index, unsigned outcome, view_t detail);

//  ledger_log.c: it is in the log no more.
void ledger_log_drop (ledger_t *self, job_t *job);

//  The next task of a doomed job ends, if it waits.
void ledger_reap_one (ledger_t *self, job_t *job);

//  Lanes that know the job are told that no more of its tasks come.
void ledger_end_lanes (ledger_t *self, job_t *job);

//  Frees the job and takes it out of everything.
void ledger_drop (ledger_t *self, job_t *job);

#endif
