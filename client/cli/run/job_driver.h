/*
 *  job_driver.h - runs one job from its first input to its last result
 *
 *  A separate thread feeds tasks into the job, so results are printed while it still waits for
 *  inputs; the calling thread reads the job's events. At most WINDOW tasks are in progress; the
 *  feeder waits for room. Notices (why the job waits) are printed on stderr. After Ctrl-C the job
 *  is cancelled and its last results are read.
 *
 *      feed      in the feeder's thread: adds one task and returns CADRE_OK; CADRE_ERROR_END when
 *                there are no more; or an error with its fault
 *      result    a task has ended; called once for every task
 *      output    a task wrote something
 *      tick      about ten times a second, may be NULL
 *      waiting   number of tasks that count against WINDOW; NULL: those that have not ended
 *      wake      makes a feed that waits for input return; may be NULL
 */
#ifndef CLIENT_CLI_RUN_JOB_DRIVER_H_INCLUDED
#define CLIENT_CLI_RUN_JOB_DRIVER_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct job_driver job_driver_t;

typedef struct job_driver_work {
    cadre_error_t (*feed) (void *argument, cadre_job_t *job, fault_t *fault); //  adds one task
    void (*result) (void *argument, job_driver_t *driver, const cadre_event_t *event);
    void (*output) (void *argument, job_driver_t *driver, const cadre_event_t *event);
    void (*tick) (void *argument, job_driver_t *driver);
    uint64_t (*waiting) (void *argument);
    void (*wake) (void *argument);
    void *argument;  //  passed to all of them
    cadre_t *pool;   //  to check whether the broker answers; NULL: a broker in this process
    uint64_t window; //  tasks in progress at a time
} job_driver_work_t;

typedef struct job_driver_counts {
    uint64_t added;     //  tasks that were fed
    uint64_t ended;     //  of them
    uint64_t failed;    //  not successful, without cancelled ones
    uint64_t cancelled; //  after Ctrl-C or job_driver_end
    bool all;           //  the feeder has finished: added is the total
} job_driver_counts_t;

//  Runs until the job has ended. CADRE_OK: every task has an outcome (see the counts);
//  CADRE_ERROR_CANCELLED: Ctrl-C; else an error with a fault, of feed (after all earlier tasks have
//  ended) or of the job.
cadre_error_t job_driver_run (cadre_job_t *job, const job_driver_work_t *work,
                              job_driver_counts_t *counts, fault_t *fault);

//  For result, output and tick: feed no more tasks, and if `now` also cancel those that have not
//  ended.
void job_driver_end (job_driver_t *self, bool now);

//  For the same: end at once with this error, without waiting for tasks, for example when the disk
//  is full.
void job_driver_fail (job_driver_t *self, const fault_t *fault);

//  For the same: the progress.
void job_driver_count (job_driver_t *self, job_driver_counts_t *counts);

#endif
