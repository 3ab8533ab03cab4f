/*  retry_policy.h - how often a task is tried again, and after which delay
 *
 *  By cause, which is the outcome of the failed try: error, exit, signal, timeout, out-of-memory,
 *  worker-lost. Delays double with each try and vary by a quarter, so that tasks that failed
 *  together are not retried together. A plain value, part of a job at the broker, and of a map at
 *  its client.
 */

#ifndef COMMON_RETRY_POLICY_H_INCLUDED
#define COMMON_RETRY_POLICY_H_INCLUDED

#include "common/wire.h"

#define RETRY_POLICY_WAIT_MAX_US                                                                   \
    INT64_C (60000000)           //  Maximum delay, unless the first one is longer
#define RETRY_POLICY_BREACHES 2u //  Sessions of workers that a task may end
#define RETRY_POLICY_DEADLY 3u   //  Slots that a task may kill before it is quarantined

//  Failed tries of a task that were repeated.
typedef struct retry_counts {
    unsigned failed; //  By the task itself
    unsigned lost;   //  With a worker
} retry_counts_t;

typedef struct retry_policy {
    uint16_t again [CADRE_OUTCOMES_COUNT]; //  Repetitions, by outcome
    uint32_t backoff_ms;                   //  Delay before the first
} retry_policy_t;

//  Reads the fields of JOB_OPEN. False when causes is neither nil nor a map from outcomes that can
//  be repeated to numbers.
bool retry_policy_read (retry_policy_t *self, const wire_job_open_t *open);

//  Is there a try left after this outcome?
bool retry_policy_allow (const retry_policy_t *self, retry_counts_t tried, uint64_t outcome);

//  The delay before the next try; 0: none. random is any number.
int64_t retry_policy_wait_us (const retry_policy_t *self, retry_counts_t tried, uint64_t outcome,
                              uint32_t random);

//  The maximum delay.
int64_t retry_policy_wait_max_us (const retry_policy_t *self);

//  Has it killed so many slots that it must not be tried again, even if tries are left? A command
//  that a signal ends kills no slot.
bool retry_policy_is_deadly (retry_counts_t tried, uint64_t outcome, bool command);

#endif
