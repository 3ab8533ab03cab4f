/*  request_budgets.h - broker.info's pairs about memory */

#ifndef BROKER_FRONT_REQUEST_BUDGETS_H_INCLUDED
#define BROKER_FRONT_REQUEST_BUDGETS_H_INCLUDED

#include "broker/core/hub.h"
#include "common/buffer.h"

//  The pairs of broker.info that say where the memory is.
#define REQUEST_BUDGET_PAIRS 14u
void request_budgets_pack (const hub_t *hub, buffer_t *map);

#endif
