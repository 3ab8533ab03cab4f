/*  demand.h - what a job asks of a worker; jobs that ask the same share one
 *
 *  Kind, function and labels say who can run a job; that it is durable, and may run once only, says
 *  when. Thousands of jobs ask for one of a few things, so who fits is judged for what they ask
 *  (roster.h), and all of them are found, or passed over, as one (ready.h). A demand lives as long
 *  as a job has it. Its record is open to these two.
 */

#ifndef BROKER_PEERS_DEMAND_H_INCLUDED
#define BROKER_PEERS_DEMAND_H_INCLUDED

#include "broker/record/job.h"

typedef struct demand {
    uint32_t kind;      //  WIRE_KIND_…
    bool durable;       //  The job is
    bool once;          //  Its tasks must not run twice
    char *function;     //  What to call
    char **needs;       //  Labels
    size_t needs_count; //  How many
    buffer_t key;       //  All of this, for the table
    size_t jobs;        //  Jobs that have it
    uint64_t version;   //  Of the roster to which fits belongs; 0: it was not judged
    uint64_t *fits;     //  A bit for each place in the roster; NULL: nobody fits
    size_t words;       //  Of fits
    size_t fitting;     //  How many fit
    struct ready_heap
        *bench;          //  Where its ready jobs are; NULL: nobody fits, or there were none yet
    uint64_t seated;     //  Version of the roster for which bench was chosen
    job_t *ready;        //  Its ready jobs, in the order in which they became ready (utlist)
    struct demand *prev; //  Neighbours among demands with ready jobs
    struct demand *next; //  …
    UT_hash_handle hh;   //  In the table, by key
} demand_t;

//  What the job asks, in a table that begins as NULL. demand_leave: the job has it no more, and it
//  may be gone.
demand_t *demand_join (demand_t **table, const job_t *job);
void demand_leave (demand_t **table, demand_t **self_p);

#endif
