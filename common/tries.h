/*  tries.h - how often a task is tried again, and after what wait
 *
 *  By cause, which is the outcome of the try that failed: error, exit, signal, timeout,
 *  out-of-memory, worker-lost. Waits double from try to try and are spread by a quarter, so that
 *  tasks that failed together do not come back together. A plain value, part of a job at the
 *  broker, and of a map at its client.
 */

#ifndef COMMON_TRIES_H_INCLUDED
#define COMMON_TRIES_H_INCLUDED

#include "common/wire.h"

#define TRIES_WAIT_MAX_US INT64_C (60000000) //  No wait is longer, unless the first one is
#define TRIES_BREACHES 2u                    //  Sessions of workers that it may end
#define TRIES_DEADLY 3u                      //  Slots that a task may kill before it is quarantined

//  Tries that a task had, and which were repeated.
typedef struct tried {
    unsigned failed; //  By themselves
    unsigned lost;   //  With a worker
} tried_t;

typedef struct tries {
    uint16_t again [CADRE_OUTCOMES_COUNT]; //  Repetitions, by outcome
    uint32_t backoff_ms;                   //  Wait before the first
} tries_t;

//  As JOB_OPEN says. False when causes is neither nil nor a map of words for outcomes that can be
//  repeated to numbers.
bool tries_read (tries_t *self, const wire_job_open_t *open);

//  Is there a try left after this outcome?
bool tries_allow (const tries_t *self, tried_t tried, uint64_t outcome);

//  How long the next try waits; 0: not at all. random is any number.
int64_t tries_wait_us (const tries_t *self, tried_t tried, uint64_t outcome, uint32_t random);

//  No wait is longer than this.
int64_t tries_wait_max_us (const tries_t *self);

//  Has it killed so many slots that it must not be tried again, whatever is left? A command that a
//  signal ends kills no slot.
bool tries_is_deadly (tried_t tried, uint64_t outcome, bool command);

#endif
