/*  task.h - what the broker knows of one task, in 24 bytes
 *
 *  Tasks live in one growing array per job. Their states are changed by the
 *  ledger alone, through task_step, which checks each change.
 */

#ifndef BROKER_RECORD_TASK_H_INCLUDED
#define BROKER_RECORD_TASK_H_INCLUDED

#include "common/tries.h"

#include <stdbool.h>
#include <stdint.h>

//  Zeros are a task that has ended well and of which no more is known (job_note_end).
typedef enum task_state {
    TASK_DONE = 0,  //  Has its outcome
    TASK_READY,     //  Waits for a worker
    TASK_DELAYED,   //  Waits for its next try
    TASK_LEASED,    //  At a worker
    TASK_CANCELLING //  At a worker that was told to end it
} task_state_t;

typedef struct task {
    union {
        uint64_t serial; //  While it is leased: its lease
        int64_t code;    //  When it is done: exit code or signal
        int64_t due_us;  //  While it is delayed: when its wait is over
    };
    uint32_t agent; //  Place in the roster of who holds the lease, or held the last one
    union {
        uint32_t run_us;  //  How long the last try ran
        uint32_t cost_us; //  While it is leased: what that is thought to cost
    };
    uint16_t attempt;     //  Tries begun
    uint16_t failed;      //  Tries that failed by themselves and were repeated
    uint16_t lost;        //  Tries that were lost with a worker and repeated
    uint8_t state;        //  task_state_t
    uint8_t outcome : 4;  //  cadre_outcome_t, 0 until it is done
    uint8_t breaches : 4; //  Sessions of workers that what they said of it has ended
} task_t;

//  What it has behind it.
static inline tried_t task_tried (const task_t *self)
{
    return (tried_t){.failed = self->failed, .lost = self->lost};
}

//  A worker holds it: a lease is out.
static inline bool task_is_leased (const task_t *self)
{
    return self->state == TASK_LEASED || self->state == TASK_CANCELLING;
}

//  It counts as waiting.
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

//  "waiting", "leased" or "done": what people are told.
const char *task_state_name (const task_t *self);

#endif
