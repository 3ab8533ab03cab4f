/*  breach.h - a worker broke the protocol on its sink: what it was, and what it costs whom
 *
 *  The frame that did it is not acknowledged, and the worker is told not to send
 *  it again (SINK_REFUSED). What can be blamed on one task is counted there: the
 *  second session that it ends quarantines it (TRIES_BREACHES). The other tasks
 *  of the worker stay with it when it registers anew; when it does not, they come
 *  back at no cost, but for those that must not run twice.
 */

#ifndef BROKER_BACK_BREACH_H_INCLUDED
#define BROKER_BACK_BREACH_H_INCLUDED

#include "common/fault.h"
#include "common/wire.h"

struct back;
struct agent;

typedef struct breach {
    uint64_t frame;     //  Sequence number of the one being read
    wire_lease_t lease; //  Of the result or output being read; serial 0: of none
    fault_t why;        //  What is wrong with it; empty: it is malformed
} breach_t;

//  That lease is being read.
void breach_blame (breach_t *self, uint64_t job, uint64_t index, uint64_t serial);

//  The frame at hand was refused: tells the worker, counts, and ends the session.
void breach_end (struct back *back, struct agent *agent);

#endif
