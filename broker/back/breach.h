/*  breach.h - handles a sink frame that breaks the protocol
 *
 *  The frame is not acknowledged, and the worker is told not to send it again (SINK_REFUSED). If
 *  one task is responsible, the task is charged; the second session that a task ends puts it in
 *  quarantine (RETRY_POLICY_BREACHES). The worker keeps its other tasks when it registers again. If
 *  it does not, they are returned without using up a try, except for tasks that must not run twice.
 */

#ifndef BROKER_BACK_BREACH_H_INCLUDED
#define BROKER_BACK_BREACH_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

struct back;
struct worker_record;

typedef struct breach {
    uint64_t frame;     //  Sequence number of the current frame
    wire_lease_t lease; //  Lease of the current result or output; serial 0: none
    fault_t why;        //  What is wrong; empty: the frame is malformed
} breach_t;

//  Sets the lease that is being read.
void breach_blame (breach_t *self, uint64_t job, uint64_t index, uint64_t serial);

//  The current frame was refused: tells the worker, counts it, and ends the session.
void breach_end (struct back *back, struct worker_record *worker);

#endif
