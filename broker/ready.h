/*  ready.h - jobs that have something to run, in the order in which they should
 *
 *  First by priority, then by fair share: among the clients that have ready
 *  jobs of the highest priority, the one with the fewest leases goes first, and
 *  among equals the one served longest ago. A client's jobs go in the order in which they
 *  became ready. What cannot be placed is passed over for the rest of the turn.
 */

#ifndef BROKER_READY_H_INCLUDED
#define BROKER_READY_H_INCLUDED

#include "broker/job.h"

typedef struct ready ready_t;

//  One client's part; jobs of one session have it in common, and it lives as long as they do.
typedef struct share {
    uint64_t key;      //  Session that opened the jobs
    uint64_t work;     //  Of its leases: slots that they take up, in us up to JOB_COST_USUAL_US each
    uint64_t served;   //  When it was served last, in picks
    size_t jobs;       //  Jobs that hold it
    UT_hash_handle hh; //  In ready->shares
} share_t;

ready_t *ready_new (void);
void ready_destroy (ready_t **self_p);

//  Every job joins the share of its client when it begins, and leaves it before it is freed.
void ready_join (ready_t *self, job_t *job, uint64_t key);
void ready_leave (ready_t *self, job_t *job);

//  Enters the job, or takes it out, as job_admits says and blocked allows.
void ready_update (ready_t *self, job_t *job, bool blocked);

//  A new turn: nothing is passed over any more.
void ready_begin (ready_t *self);

//  The job whose turn it is, or NULL.
job_t *ready_pick (ready_t *self);

//  Passes the job over until the next turn.
void ready_pass (ready_t *self, job_t *job);

bool ready_is_empty (const ready_t *self);

#endif
