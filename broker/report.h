/*  report.h - reports the broker's state to its supervisor
 *
 *  Ready while it runs, stopping while it drains, and a status line. Called by the loop at every
 *  change and once a second. One thread.
 */

#ifndef BROKER_REPORT_H_INCLUDED
#define BROKER_REPORT_H_INCLUDED

#include <stddef.h>

#include "broker/core/context.h"
#include "common/notify.h"

//  CLIENTS: number of connected clients. NOTIFY may be NULL.
void report_broker (notify_t *notify, const context_t *ctx, size_t clients);

#endif
