/*
 *  drive: one job from its first input to its last result.
 *
 *  A thread of its own feeds tasks into the job, so that results are printed while inputs are still
 *  awaited; the calling thread takes the job's events. At most WINDOW tasks are on their way at a
 *  time: the feeder waits for room. Notices (why the job waits) are said on stderr. After Ctrl-C
 *  the job is cancelled and its last results are taken.
 *
 *      feed      feeder's thread: add one task and return CADRE_OK; CADRE_ERROR_END when there is
 *                none; or an error with its fault
 *      result    a task has ended; called for every task once
 *      output    a task wrote something
 *      tick      about ten times a second, may be NULL
 *      waiting   tasks that take up room; NULL: those that have not ended
 *      wake      makes a feed that waits for input return; may be NULL
 */
#ifndef CLIENT_CLI_RUN_DRIVE_H_INCLUDED
#define CLIENT_CLI_RUN_DRIVE_H_INCLUDED

#include <cadre.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

typedef struct drive drive_t;

typedef struct drive_work {
    cadre_error_t (*feed) (void *argument, cadre_job_t *job, fault_t *fault); // adds one task
    void (*result) (void *argument, drive_t *drive, const cadre_event_t *event);
    void (*output) (void *argument, drive_t *drive, const cadre_event_t *event);
    void (*tick) (void *argument, drive_t *drive);
    uint64_t (*waiting) (void *argument);
    void (*wake) (void *argument);
    void *argument;  // of all of them
    cadre_t *pool;   // to see whether the broker is there; NULL: it is our own
    uint64_t window; // tasks on their way at a time
} drive_work_t;

typedef struct drive_counts {
    uint64_t added;     // tasks that were fed
    uint64_t ended;     // of them
    uint64_t failed;    // ended otherwise than well, not counting cancelled ones
    uint64_t cancelled; // after Ctrl-C or drive_end
    bool all;           // the feeder has finished: added is the total
} drive_counts_t;

//  Runs until the job has ended. CADRE_OK: every task has an outcome (see the counts);
//  CADRE_ERROR_CANCELLED: Ctrl-C; else what went wrong, with a fault: in the feed (after all tasks
//  before it have ended) or with the job.
cadre_error_t drive_run (cadre_job_t *job, const drive_work_t *work, drive_counts_t *counts,
                         fault_t *fault);

//  From within result, output and tick: feed nothing more (soon), and cancel what is not done
//  (now).
void drive_end (drive_t *self, bool now);

//  From the same: why the drive shall end, at once and without waiting for tasks: a full disk, for
//  example.
void drive_fail (drive_t *self, const fault_t *fault);

//  From the same: how far it is.
void drive_count (drive_t *self, drive_counts_t *counts);

#endif
