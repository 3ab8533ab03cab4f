/*  quarantine.h - why a task is not tried again, although it had tries left
 *
 *  A task that ends what it touches, slots or sessions of workers, ends in quarantine: it stays
 *  there until somebody retries or drops it. These functions pack the detail of its result, which
 *  says so.
 */

#ifndef BROKER_LEDGER_QUARANTINE_H_INCLUDED
#define BROKER_LEDGER_QUARANTINE_H_INCLUDED

#include "broker/record/job.h"

//  It has killed too many slots, last as this result says.
void quarantine_pack_slots (buffer_t *detail, const job_t *job, const wire_sink_result_t *result);

//  What the worker said of it has ended the worker's session, once too often.
void quarantine_pack_sessions (buffer_t *detail, const job_t *job, uint32_t index,
                               const char *worker, const char *why);

#endif
