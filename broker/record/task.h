/*  task.h - the state of one task, in 24 bytes
 *
 *  The tasks of a job are one growing array. Only the ledger changes their states, through
 *  task_step, which checks each transition.
 */

#ifndef BROKER_RECORD_TASK_H_INCLUDED
#define BROKER_RECORD_TASK_H_INCLUDED

#include "common/retry_policy.h"

#include <stdbool.h>
#include <stdint.h>

//  All zeros: a task that has succeeded, about which nothing more is kept (job_note_end).
typedef enum task_state {
    TASK_DONE = 0,  //  Has an outcome
    TASK_READY,     //  Waits for a worker
    TASK_DELAYED,   //  Waits for its next try
    TASK_LEASED,    //  A worker has it
    TASK_CANCELLING //  A worker has it and was told to cancel it
} task_state_t;

typedef struct task {
    union {
        uint64_t serial; //  Leased: its lease
        int64_t code;    //  Done: exit code or signal
        int64_t due_us;  //  Delayed: when its wait is over
    };
    uint32_t worker; //  Index of the worker that holds the lease, or held the last one
    union {
        uint32_t run_us;  //  How long the last try ran
        uint32_t cost_ns; //  Leased: its estimated cost
    };
    uint16_t attempt;     //  Tries started
    uint16_t failed;      //  Tries that failed and were repeated
    uint16_t lost;        //  Tries lost with a worker and repeated
    uint8_t state;        //  task_state_t
    uint8_t outcome : 4;  //  cadre_outcome_t, 0 until it is done
    uint8_t breaches : 4; //  Sessions of workers that ended because of invalid data about it
} task_t;

//  Its earlier tries.
static inline retry_counts_t task_tried (const task_t *self)
{
    return (retry_counts_t){.failed = self->failed, .lost = self->lost};
}

//  A worker has the lease.
static inline bool task_is_leased (const task_t *self)
{
    return self->state == TASK_LEASED || self->state == TASK_CANCELLING;
}

static inline bool task_is_waiting (const task_t *self)
{
    return self->state == TASK_READY || self->state == TASK_DELAYED;
}

//  A cadre_outcome_t, 0 while it is not done.
static inline unsigned task_outcome (const task_t *self)
{
    return self->state == TASK_DONE && self->outcome == 0 ? 1 : self->outcome;
}

void task_step (task_t *self, task_state_t to);

//  "waiting", "leased" or "done", for people.
const char *task_state_name (const task_t *self);

#endif
