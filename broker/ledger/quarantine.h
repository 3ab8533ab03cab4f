/*  quarantine.h - why a task is not tried again although it has tries left
 *
 *  A task that repeatedly ends slots or sessions of workers is quarantined until it is retried or
 *  dropped by request. These functions pack the detail of its result, which gives the reason.
 */

#ifndef BROKER_LEDGER_QUARANTINE_H_INCLUDED
#define BROKER_LEDGER_QUARANTINE_H_INCLUDED

#include "broker/record/job.h"

//  It has ended too many slots; the last time as this result says.
void quarantine_pack_slots (buffer_t *detail, const job_t *job, const wire_sink_result_t *result);

//  Invalid data about it has ended too many sessions of workers.
void quarantine_pack_sessions (buffer_t *detail, const job_t *job, uint32_t index,
                               const char *worker, const char *why);

#endif
