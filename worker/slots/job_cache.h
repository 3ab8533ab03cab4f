/*  job_cache.h - jobs of which the worker has tasks, or had some a moment ago
 *
 *  A job comes with LANE_JOB, and may be removed when LANE_JOB_END has come and its last lease is
 *  answered. It records which slots know it, and how long its tasks take, which decides how many
 *  may wait in a slot. A broker without a store restarts its numbers, so the key of a job is its
 *  number and the broker's epoch. Slots know one job per number at a time. The table owns its jobs.
 *  One thread.
 */

#ifndef WORKER_SLOTS_JOB_CACHE_H_INCLUDED
#define WORKER_SLOTS_JOB_CACHE_H_INCLUDED

#include "common/wire.h"

typedef struct cached_job {
    uint64_t number;     //  The broker's number of the job; part of the key
    uint64_t epoch;      //  Epoch of the broker; part of the key
    unsigned kind;       //  WIRE_KIND_...
    buffer_t function;   //  Name of the function, no NUL
    buffer_t spec;       //  One msgpack value: environment and options of commands
    uint64_t timeout_ms; //  For one try; 0: none
    uint64_t grace_ms;   //  From SIGTERM to SIGKILL
    int64_t mean_us;     //  Moving mean of run times; -1 before the first
    size_t leases;       //  Leases of this job that the worker holds
    bool ended;          //  LANE_JOB_END has come
    uint64_t *known;     //  Bit n: the slot at index n knows the job
} cached_job_t;

typedef struct job_cache job_cache_t;

#define JOB_CACHE_BYTES_MAX                                                                        \
    (256u * 1024 * 1024) //  Limit for all jobs: data from the broker and overhead

//  A table for a worker with this many slots.
job_cache_t *job_cache_new (size_t slots);
void job_cache_destroy (job_cache_t **self_p);

//  Sets the epoch for jobs that are opened or searched from now on.
void job_cache_set_epoch (job_cache_t *self, uint64_t epoch);

//  Adds a job, or reuses one that had ended. NULL: all jobs together would exceed
//  JOB_CACHE_BYTES_MAX.
cached_job_t *job_cache_open (job_cache_t *self, const wire_lane_job_t *fields);

//  NULL if there is none with this number.
cached_job_t *job_cache_find (const job_cache_t *self, uint64_t number);

//  Does it belong to an earlier broker?
bool job_cache_is_replaced (const job_cache_t *self, const cached_job_t *job);

//  Calls visit for every job, including those of earlier brokers; visit may remove the job.
void job_cache_each (job_cache_t *self, void (*visit) (void *context, cached_job_t *job),
                     void *context);

//  Removes and frees a job without leases.
void job_cache_remove (job_cache_t *self, cached_job_t **job_p);

size_t job_cache_count (const job_cache_t *self);

bool job_cache_is_known (const cached_job_t *self, size_t index);
void job_cache_set_known (cached_job_t *self, size_t index, bool known);

//  Updates the mean with the run time of a task.
void job_cache_measure (cached_job_t *self, int64_t run_us);

#endif
