/*  dispatch.h - decides which task goes to which worker, and when
 *
 *  Takes the ready jobs in order and fills the windows of the workers that fit: first free slots,
 *  spread evenly, then a look-ahead of about 2 ms of work, measured per job. Tasks that wait at a
 *  busy worker while another one is idle are recalled.
 */

#ifndef BROKER_BACK_DISPATCH_H_INCLUDED
#define BROKER_BACK_DISPATCH_H_INCLUDED

#include "broker/ledger/ledger.h"

typedef struct dispatch dispatch_t;

//  Orders the worker to return these leases.
typedef void dispatch_recall_fn (void *owner, worker_record_t *worker, const spans_t *leases);

dispatch_t *dispatch_new (context_t *ctx, dispatch_recall_fn *recall, void *owner);
void dispatch_destroy (dispatch_t **self_p);

//  Dispatches as many tasks as possible. Flush the lanes afterwards.
void dispatch_run (dispatch_t *self);

//  How many tasks of this cost a worker may get beyond its slots, when `waiting` tasks that take
//  waits_ns wait there.
uint32_t dispatch_look_ahead (uint32_t slots, uint32_t cost_ns, uint32_t waiting,
                              uint64_t waits_ns);

#endif
