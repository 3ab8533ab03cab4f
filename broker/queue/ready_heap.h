/*  ready_heap.h - a bench: ready jobs that fit the same workers, by priority and share; see ready.h
 *
 *  Two heaps: levels by priority, and in each level the queues of shares. The order of shares is
 *  that of the last update of the level.
 */

#ifndef BROKER_QUEUE_READY_HEAP_H_INCLUDED
#define BROKER_QUEUE_READY_HEAP_H_INCLUDED

#include "broker/queue/ready.h"

//  The ready jobs of one share in one level.
typedef struct ready_queue {
    struct {
        struct level *level; //  The priority
        share_t *share;      //  Owner of the jobs
    } key;
    job_t *jobs;       //  In the order in which they became ready
    uint64_t work;     //  Work of the share when it was placed
    uint64_t served;   //  Likewise
    size_t heap_index; //  Position in the level's heap, plus 1; 0: it has no jobs
    UT_hash_handle hh; //  Among all queues, by key
} ready_queue_t;

typedef struct level {
    struct {
        struct ready_heap *bench; //  Bench of the level
        int64_t priority;         //  Higher ones come first
    } key;
    ready_queue_t **heap; //  Queues with jobs; the next one at 0
    size_t count;         //  How many
    size_t capacity;      //  Allocated
    size_t queues;        //  Number of queues, including empty ones
    uint64_t seen;        //  How far it has read the log of shares
    size_t heap_index;    //  Position in the bench's heap, plus 1; 0: it has no jobs
    UT_hash_handle hh;    //  Among all levels, by key
} level_t;

typedef struct ready_heap {
    uint64_t *fits;          //  A bit for each index in the roster
    size_t words;            //  Of fits
    bool durable;            //  Its jobs are durable
    bool once;               //  Its tasks must not run twice
    bool mixed;              //  Jobs of any demand: there are too many benches
    bool passed;             //  Skipped in this turn
    size_t demands;          //  Number of demands whose jobs are here
    level_t **heap;          //  Levels with jobs, the highest priority at 0
    size_t count;            //  How many
    size_t capacity;         //  Allocated
    struct ready_heap *prev; //  Neighbours
    struct ready_heap *next; //  …
} ready_heap_t;

//  Shared by all benches of a ready_t.
#define READY_HEAP_LOG 1024u
typedef struct benches {
    level_t *levels;                     //  All (uthash)
    ready_queue_t *queues;               //  All (uthash)
    const share_t *log [READY_HEAP_LOG]; //  Shares whose work decreased; some may have been freed
    uint64_t logged;                     //  Number of entries ever written
    uint64_t looked;                     //  Entries that existed when any level was last updated
    uint64_t steps;                      //  Measure of cost
} benches_t;

//  Adds the job, before or after the other jobs of its share and priority. It must be on no bench.
void ready_heap_enter (benches_t *all, ready_heap_t *self, job_t *job, bool first);
void ready_heap_withdraw (benches_t *all, job_t *job);

//  The queue that is served next; NULL: there are no jobs.
ready_queue_t *ready_heap_first (benches_t *all, ready_heap_t *self);

//  Tasks of its jobs with a higher priority; decrements the number of jobs that may be visited.
uint64_t ready_heap_ahead (const ready_heap_t *self, int32_t priority, uint32_t *jobs);

//  Frees the empty queue that is kept for the share.
void ready_heap_drop_idle (benches_t *all, share_t *share);

//  The work of the share has decreased.
void ready_heap_note (benches_t *all, share_t *share);

#endif
