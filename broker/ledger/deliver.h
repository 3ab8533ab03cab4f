/*  deliver.h - delivers results and output of tasks
 *
 *  For an attached job they go to the client; for a detached job they are kept, and its followers
 *  get them from there; they are dropped when the client is gone. Those of a durable job are
 *  recorded, and kept when the record is durable (committed.h).
 */

#ifndef BROKER_LEDGER_DELIVER_H_INCLUDED
#define BROKER_LEDGER_DELIVER_H_INCLUDED

#include "broker/peers/client.h"

//  result->value and detail, and tail (the packed fields from outcome on), are borrowed. *large is
//  the value when it came in parts (else empty); its content is taken.
void deliver_result (context_t *ctx, job_t *job, const wire_result_t *result, view_t tail,
                     buffer_t *large);

//  Output of a running task. False when further output would be discarded.
bool deliver_output (context_t *ctx, job_t *job, uint32_t index, uint32_t attempt, uint64_t stream,
                     view_t bytes);

//  Output was dropped before it came here, because too many tasks write at once.
void deliver_output_dropped (context_t *ctx, job_t *job, uint32_t index, uint32_t attempt);

//  Can more output of this job be accepted now?
bool deliver_is_open (const context_t *ctx, const job_t *job);

#endif
