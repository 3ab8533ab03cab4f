/*  pager.h - what was put out of memory is read back from the store
 *
 *  When memory is scarce, payloads and results of durable jobs stay in the store alone (payloads.h,
 *  result_log.h). Whoever needs one asks the pager, and goes on with something else. When the bytes
 *  have come the pager puts them back into the job, and calls the function that it was made with,
 *  which has the job looked at again. It reads a little ahead. Jobs that went meanwhile are passed
 *  over.
 *
 *  persistence.h makes it with the journal; hub->pager is NULL where there is none, and when the
 *  broker ends. One thread, the broker's.
 */

#ifndef BROKER_DELIVERY_PAGER_H_INCLUDED
#define BROKER_DELIVERY_PAGER_H_INCLUDED

#include "broker/jobs/job_table.h"
#include "broker/store/store.h"

typedef struct pager pager_t;

typedef enum pager_part {
    PAGER_PAYLOADS, //  A block of a job's stock
    PAGER_KEPT,     //  A run of a segment of its keep
    PAGER_LARGE     //  A large value of its keep
} pager_part_t;

//  A part of the job is in memory again.
typedef void pager_fn (void *owner, job_t *job, pager_part_t part);

//  Store and jobs are borrowed.
pager_t *pager_new (store_t *store, job_table_t *jobs, pager_fn *came, void *owner);
void pager_destroy (pager_t **self_p);

//  Payloads from this task on.
void pager_fetch_payloads (pager_t *self, job_t *job, uint32_t index);

//  What is kept of the job from this position on; the large value of a task. self may be NULL: then
//  the broker ends, and nothing comes.
void pager_fetch_kept (pager_t *self, job_t *job, uint64_t position);
void pager_fetch_large (pager_t *self, job_t *job, uint32_t index);

//  After each turn of the store: takes what has come. A fault is final: what was put away is not
//  there.
cadre_error_t pager_turn (pager_t *self, fault_t *fault);

//  Grows when something that was kept has come back.
uint64_t pager_arrivals (const pager_t *self);

#endif
