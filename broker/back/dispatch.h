/*  dispatch.h - which task goes to which worker, and when
 *
 *  Takes the ready jobs in their order and fills the windows of the workers that fit:
 *  free slots first, spread evenly, then a look-ahead that holds about 2 ms of
 *  work, measured by job. What waits at a busy worker while another is idle is recalled.
 */

#ifndef BROKER_BACK_DISPATCH_H_INCLUDED
#define BROKER_BACK_DISPATCH_H_INCLUDED

#include "broker/ledger/ledger.h"

typedef struct dispatch dispatch_t;

//  Sends an order to the worker to return these leases.
typedef void dispatch_recall_fn (void *owner, agent_t *agent, const spans_t *leases);

dispatch_t *dispatch_new (hub_t *hub, dispatch_recall_fn *recall, void *owner);
void dispatch_destroy (dispatch_t **self_p);

//  Hands out what can be handed out. Lanes are to be flushed afterwards.
void dispatch_run (dispatch_t *self);

//  How many tasks of such a cost may be given to a worker beyond its slots, where some wait that
//  will take so long.
uint32_t dispatch_look_ahead (uint32_t slots, uint32_t cost_us, uint32_t waiting,
                              uint64_t waits_us);

#endif
