/*  ready.h - jobs that have something to run, in the order in which they should
 *
 *  First by priority, then by fair share: among the clients that have ready
 *  jobs of the highest priority, the one with the fewest leases goes first, and
 *  among equals the one served longest ago. A client's jobs go in the order in which they
 *  became ready. What cannot be placed is passed over for the rest of the turn.
 *
 *  Nothing here costs more when more jobs wait than the logarithm of their number:
 *
 *      benches      jobs that the same workers fit sit on one bench, and are passed over as one
 *                   when those are full; jobs that nobody fits sit nowhere (there are few benches:
 *                   BENCHES_MAX)
 *      levels       of a bench, one for each priority: a heap
 *      queues       of a level, one for each client: a heap by share
 *      jobs         of a queue, in their order
 *
 *  A share moves in all its queues when its leases do. A level learns of that only when it is
 *  looked at: shares that became smaller are in a short log, those that grew are found at the top.
 *
 *  When workers come or go, jobs change their benches, so many a turn.
 */

#ifndef BROKER_QUEUE_READY_H_INCLUDED
#define BROKER_QUEUE_READY_H_INCLUDED

#include "broker/record/job.h"

#define BENCHES_MAX                                                                                \
    64u //  Jobs of more sets of workers share the last one, and are passed over one by one

typedef struct ready ready_t;
struct roster;

//  One client's part; jobs of one session have it in common, and it lives as long as they do.
typedef struct share {
    uint64_t key;    //  Session that opened the jobs
    uint64_t work;   //  Of its leases: slots that they take up, in us up to JOB_COST_USUAL_US each
    uint64_t served; //  When it was served last, in picks
    size_t jobs;     //  Jobs that hold it
    uint64_t open;   //  Their tasks that have not ended
    uint64_t noted;  //  Its newest place in the log of shares that became smaller
    struct ready_queue *idle; //  One without jobs that is kept, or NULL
    UT_hash_handle hh;        //  In ready->shares
} share_t;

//  roster says who fits; borrowed. NULL: everybody fits everything.
ready_t *ready_new (struct roster *roster);
void ready_destroy (ready_t **self_p);

//  Every job joins the share of its client, and others that ask the same of workers, when it
//  begins, and leaves them before it is freed.
void ready_join (ready_t *self, job_t *job, uint64_t key);
void ready_leave (ready_t *self, job_t *job);

//  The share of that session; NULL: it has no jobs.
const share_t *ready_share (const ready_t *self, uint64_t key);

//  Enters the job, or takes it out, as job_admits says and blocked allows.
void ready_update (ready_t *self, job_t *job, bool blocked);

//  The work of the share has become less.
void ready_eased (ready_t *self, share_t *share);

//  A new turn: nothing is passed over any more. False when jobs have still to change benches: the
//  next turn goes on with that.
bool ready_begin (ready_t *self);

//  The job whose turn it is, or NULL.
job_t *ready_pick (ready_t *self);

//  Passes over the job, or it and all that the same workers fit, until the next turn.
void ready_pass (ready_t *self, job_t *job);
void ready_pass_all (ready_t *self, job_t *job);

bool ready_is_empty (const ready_t *self);

//  Tasks of ready jobs with a higher priority; at most so many jobs are counted.
uint64_t ready_ahead (const ready_t *self, int32_t priority, uint32_t jobs);

//  Jobs, queues and levels that were looked at or moved, ever: what it has cost.
uint64_t ready_steps (const ready_t *self);

#endif
