/*  report.h - what the broker tells its supervisor
 *
 *  Ready while it runs, stopping once it drains, and a line for people. Called
 *  by the loop at every change and once a second. One thread.
 */

#ifndef BROKER_REPORT_H_INCLUDED
#define BROKER_REPORT_H_INCLUDED

#include <stddef.h>

#include "broker/core/hub.h"
#include "common/notify.h"

//  CLIENTS is how many clients are connected. NOTIFY may be NULL.
void report_broker (notify_t *notify, const hub_t *hub, size_t clients);

#endif
