/*  ready.h - jobs that have tasks to run, in the order in which they are served
 *
 *  First by priority, then by fair share: among the clients with ready jobs of the highest
 *  priority, the one with the least leased work goes first, and among equals the one served longest
 *  ago. The jobs of a client go in the order in which they became ready. A job that cannot be
 *  placed is skipped for the rest of the turn.
 *
 *  Every operation costs at most the logarithm of the number of waiting jobs:
 *
 *      benches      jobs that fit the same workers share one bench, and are skipped together when
 *                   those workers are full; jobs that fit no worker are on no bench. There are at
 *                   most BENCHES_MAX
 *      levels       of a bench, one for each priority: a heap
 *      queues       of a level, one for each client: a heap by share
 *      jobs         of a queue, in order
 *
 *  When the leases of a share change, its position changes in all its queues. A level is updated
 *  only when it is used: shares whose work decreased are in a short log; those whose work increased
 *  are found at the top of the heap.
 *
 *  When workers come or go, jobs move to other benches, a limited number per turn.
 */

#ifndef BROKER_QUEUE_READY_H_INCLUDED
#define BROKER_QUEUE_READY_H_INCLUDED

#include "broker/record/job.h"

#define BENCHES_MAX                                                                                \
    64u //  Jobs of further sets of workers share the last one, and are skipped one by one

typedef struct ready ready_t;
struct roster;

//  The jobs of one session; exists as long as one of them does.
typedef struct share {
    uint64_t key;             //  Session that opened the jobs
    uint64_t work;            //  Of its leases: their costs in ns, at most JOB_COST_USUAL_NS each
    uint64_t served;          //  When it was last served or skipped alone; see ready_served
    size_t jobs;              //  Jobs that point to it
    uint64_t open;            //  Their tasks that have not ended
    uint64_t noted;           //  Its newest position in the log of shares whose work decreased
    struct ready_queue *idle; //  An empty queue that is kept for reuse, or NULL
    UT_hash_handle hh;        //  In ready->shares
} share_t;

//  roster decides which workers fit; borrowed. NULL: every worker fits every job.
ready_t *ready_new (struct roster *roster);
void ready_destroy (ready_t **self_p);

//  A job joins the share of its client, and the demand that it shares with other jobs, when it is
//  opened, and leaves them before it is freed.
void ready_join (ready_t *self, job_t *job, uint64_t key);
void ready_leave (ready_t *self, job_t *job);

//  The share of that session; NULL: it has no jobs.
const share_t *ready_share (const ready_t *self, uint64_t key);

//  Adds or removes the job as job_admits and blocked require.
void ready_update (ready_t *self, job_t *job, bool blocked);

//  The work of the share has decreased.
void ready_eased (ready_t *self, share_t *share);

//  Begins a turn: no job is skipped any more. False when jobs must still move to other benches: the
//  next turn continues that.
bool ready_begin (ready_t *self);

//  The job that is served next, or NULL.
job_t *ready_pick (ready_t *self);

//  The job got leases: among shares of equal work, its share is now the last one. A share that
//  waits for a slot keeps its place: if it lost it whenever it was picked, a share that fills all
//  slots would go before it each time they become free.
void ready_served (ready_t *self, job_t *job);

//  Skips the job, or all jobs that fit the same workers, until the next turn. The share of a job
//  that is skipped alone is the last one among equals, since a turn skips a limited number.
void ready_pass (ready_t *self, job_t *job);
void ready_pass_all (ready_t *self, job_t *job);

bool ready_is_empty (const ready_t *self);

//  Tasks of ready jobs with a higher priority; counts at most so many jobs.
uint64_t ready_ahead (const ready_t *self, int32_t priority, uint32_t jobs);

//  Jobs, queues and levels visited or moved, ever: a measure of cost.
uint64_t ready_steps (const ready_t *self);

#endif
