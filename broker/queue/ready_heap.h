/*  ready_heap.h - ready jobs that the same workers fit, by priority and share; see ready.h
 *
 *  Two heaps: levels by priority, and in each level the queues of shares. Which share is due is
 *  known as of the last look.
 */

#ifndef BROKER_QUEUE_READY_HEAP_H_INCLUDED
#define BROKER_QUEUE_READY_HEAP_H_INCLUDED

#include "broker/queue/ready.h"

//  The ready jobs of one share in one level.
typedef struct ready_queue {
    struct {
        struct level *level; //  The priority
        share_t *share;      //  Whose they are
    } key;
    job_t *jobs;       //  In the order in which they became ready
    uint64_t work;     //  Of the share, when it was placed
    uint64_t served;   //  Likewise
    size_t place;      //  In the level's heap, plus 1; 0: it has no jobs
    UT_hash_handle hh; //  Among all queues, by key
} ready_queue_t;

typedef struct level {
    struct {
        struct ready_heap *bench; //  Whose level it is
        int64_t priority;         //  Higher ones come first
    } key;
    ready_queue_t **heap; //  Queues with jobs; whose turn it is at 0
    size_t count;         //  How many
    size_t capacity;      //  Allocated
    size_t queues;        //  Queues, those without jobs too
    uint64_t seen;        //  How far it has read the log of shares
    size_t place;         //  In the bench's heap, plus 1; 0: it has no jobs
    UT_hash_handle hh;    //  Among all levels, by key
} level_t;

typedef struct ready_heap {
    uint64_t *fits;          //  A bit for each place in the roster
    size_t words;            //  Of fits
    bool durable;            //  Its jobs are
    bool once;               //  Their tasks must not run twice
    bool mixed;              //  Any jobs: there are too many benches
    bool passed;             //  Not looked at in this turn
    size_t demands;          //  Whose jobs are here
    level_t **heap;          //  Levels with jobs, the highest priority at 0
    size_t count;            //  How many
    size_t capacity;         //  Allocated
    struct ready_heap *prev; //  Neighbours
    struct ready_heap *next; //  …
} ready_heap_t;

//  What all benches of a ready_t have in common.
#define READY_HEAP_LOG 1024u
typedef struct benches {
    level_t *levels;                     //  All (uthash)
    ready_queue_t *queues;               //  All (uthash)
    const share_t *log [READY_HEAP_LOG]; //  Shares that became smaller; may be gone
    uint64_t logged;                     //  How many, ever
    uint64_t looked;                     //  As of the last look of any level
    uint64_t steps;                      //  What it has cost
} benches_t;

//  Enters the job, before or behind those of its share and priority. It must be in none.
void ready_heap_enter (benches_t *all, ready_heap_t *self, job_t *job, bool first);
void ready_heap_withdraw (benches_t *all, job_t *job);

//  The queue that is due; NULL: there are no jobs.
ready_queue_t *ready_heap_first (benches_t *all, ready_heap_t *self);

//  Tasks of its jobs with a higher priority; counts down the jobs that may be looked at.
uint64_t ready_heap_ahead (const ready_heap_t *self, int32_t priority, uint32_t *jobs);

//  Frees the queue that is kept for the share.
void ready_heap_drop_idle (benches_t *all, share_t *share);

//  The share has become smaller.
void ready_heap_note (benches_t *all, share_t *share);

#endif
