/*  pager.h - reads data back that was evicted from memory to the store
 *
 *  When memory is scarce, payloads and results of durable jobs are only in the store (payloads.h,
 *  result_log.h). A module that needs them requests them here and continues with other work. When
 *  the bytes have been read, the pager puts them back into the job and calls the callback given to
 *  pager_new, so that the job is processed again. It reads a little ahead. Jobs that were removed
 *  meanwhile are skipped.
 *
 *  Created by persistence.h with the journal; ctx->pager is NULL without a journal, and when the
 *  broker ends. One thread, the broker's.
 */

#ifndef BROKER_DELIVERY_PAGER_H_INCLUDED
#define BROKER_DELIVERY_PAGER_H_INCLUDED

#include "broker/jobs/job_table.h"
#include "broker/store/store.h"

typedef struct pager pager_t;

typedef enum pager_part {
    PAGER_PAYLOADS, //  A block of the job's payloads
    PAGER_KEPT,     //  A range of a segment of its results
    PAGER_LARGE     //  A large value of its results
} pager_part_t;

//  This part of the job is in memory again.
typedef void pager_fn (void *owner, job_t *job, pager_part_t part);

//  Store and jobs are borrowed.
pager_t *pager_new (store_t *store, job_table_t *jobs, pager_fn *came, void *owner);
void pager_destroy (pager_t **self_p);

//  Requests payloads from this task on.
void pager_fetch_payloads (pager_t *self, job_t *job, uint32_t index);

//  Requests results from this position on; or the large value of a task. Does nothing when self is
//  NULL: the broker ends.
void pager_fetch_kept (pager_t *self, job_t *job, uint64_t position);
void pager_fetch_large (pager_t *self, job_t *job, uint32_t index);

//  Takes what has been read. Call after each store_turn. A fault is final: evicted data could not
//  be read.
cadre_error_t pager_turn (pager_t *self, fault_t *fault);

//  Changes when results have been read back.
uint64_t pager_arrivals (const pager_t *self);

#endif
