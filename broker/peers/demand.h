/*  demand.h - what a job requires of a worker; jobs with equal requirements share one demand
 *
 *  Kind, function and labels decide which worker can run a job; "durable" and "once" decide when.
 *  Thousands of jobs have only a few different requirements. So workers are matched per demand
 *  (roster.h), and the jobs of a demand are found or skipped together (ready.h). A demand exists as
 *  long as a job has it. The struct is open to these two modules.
 */

#ifndef BROKER_PEERS_DEMAND_H_INCLUDED
#define BROKER_PEERS_DEMAND_H_INCLUDED

#include "broker/record/job.h"

typedef struct demand {
    uint32_t kind;      //  WIRE_KIND_…
    bool durable;       //  The job is durable
    bool once;          //  Its tasks must not run twice
    char *function;     //  What to call
    char **needs;       //  Labels
    size_t needs_count; //  How many
    buffer_t key;       //  All of this packed, the key in the table
    size_t jobs;        //  Jobs with this demand
    uint64_t version;   //  Version of the roster for which fits was computed; 0: never
    uint64_t *fits;     //  A bit for each index in the roster; NULL: no worker fits
    size_t words;       //  Number of words in fits
    size_t fitting;     //  Number of workers that fit
    struct ready_heap
        *bench;          //  The heap of its ready jobs; NULL: no worker fits, or no job was ready
    uint64_t seated;     //  Version of the roster for which bench was chosen
    job_t *ready;        //  Its ready jobs, in the order in which they became ready (utlist)
    struct demand *prev; //  Neighbours among demands with ready jobs
    struct demand *next; //  …
    UT_hash_handle hh;   //  In the table, by key
} demand_t;

//  Joins the demand of the job in a table that begins as NULL. demand_leave: the job leaves it; the
//  last one frees it.
demand_t *demand_join (demand_t **table, const job_t *job);
void demand_leave (demand_t **table, demand_t **self_p);

#endif
