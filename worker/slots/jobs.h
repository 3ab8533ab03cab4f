/*  jobs.h - what the tasks of a job have in common, as a worker knows it
 *
 *  A job comes with LANE_JOB and may go when LANE_JOB_END has come and its last
 *  lease is answered. It remembers which slots have been told of it, and how
 *  long its tasks take: that decides how many may wait in a slot.
 *  A broker without a store begins its numbers anew when it is restarted: a job
 *  is known by its number and by the epoch of that broker. Slots know one job of
 *  a number at a time.
 *  The table owns its jobs. One thread.
 */

#ifndef WORKER_SLOTS_JOBS_H_INCLUDED
#define WORKER_SLOTS_JOBS_H_INCLUDED

#include "common/wire.h"

typedef struct job {
    uint64_t number;     //  The broker's number of the job; with the next one the key of the table
    uint64_t epoch;      //  Of the broker that gave it
    unsigned kind;       //  WIRE_KIND_...
    buffer_t function;   //  Name of the function, no NUL
    buffer_t spec;       //  One msgpack value: how to run commands
    uint64_t timeout_ms; //  For one try; 0: none
    uint64_t grace_ms;   //  From SIGTERM to SIGKILL
    int64_t mean_us;     //  Moving mean of run times; -1 before the first
    size_t leases;       //  Leases of this job that the worker holds
    bool ended;          //  LANE_JOB_END has come
    uint64_t *known;     //  Bit n: the slot at place n has been told
} job_t;

typedef struct jobs jobs_t;

#define JOBS_BYTES_MAX                                                                             \
    (256u * 1024                                                                                   \
     * 1024) //  Of all jobs: what the broker says of them, and what each takes up besides

//  A table for a worker with this many slots.
jobs_t *jobs_new (size_t slots);
void jobs_destroy (jobs_t **self_p);

//  Jobs that are opened or looked for from now on are those of a broker with this epoch.
void jobs_set_epoch (jobs_t *self, uint64_t epoch);

//  Adds a job, or takes one that had ended back into use. NULL: with it, all of them would have
//  more than JOBS_BYTES_MAX.
job_t *jobs_open (jobs_t *self, const wire_lane_job_t *fields);

//  NULL if there is none of this number.
job_t *jobs_find (const jobs_t *self, uint64_t number);

//  It is of another broker than the present one.
bool jobs_is_bygone (const jobs_t *self, const job_t *job);

//  Calls back for every job, bygone ones too; the job may be removed by it.
void jobs_each (jobs_t *self, void (*visit) (void *context, job_t *job), void *context);

//  Removes and frees a job without leases.
void jobs_remove (jobs_t *self, job_t **job_p);

size_t jobs_count (const jobs_t *self);

bool jobs_is_known (const job_t *self, size_t place);
void jobs_set_known (job_t *self, size_t place, bool known);

//  One more task took this long.
void jobs_measure (job_t *self, int64_t run_us);

#endif
