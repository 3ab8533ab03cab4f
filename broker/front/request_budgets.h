/*  request_budgets.h - memory figures of broker.info */

#ifndef BROKER_FRONT_REQUEST_BUDGETS_H_INCLUDED
#define BROKER_FRONT_REQUEST_BUDGETS_H_INCLUDED

#include "broker/core/context.h"
#include "common/buffer.h"

//  The pairs of broker.info that show how memory is used.
#define REQUEST_BUDGET_PAIRS 15u
void request_budgets_pack (const context_t *ctx, buffer_t *map);

#endif
