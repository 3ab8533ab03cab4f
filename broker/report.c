//  report.c - reports the broker's state to its supervisor

#include "broker/report.h"

#include <inttypes.h>

#include "broker/ledger/ledger.h"
#include "broker/peers/roster.h"

static const char *s_plural (size_t count)
{
    return count == 1 ? "" : "s";
}

void report_broker (notify_t *notify, const hub_t *hub, size_t clients)
{
    if (!notify)
        return;
    size_t workers = roster_count (hub->roster), jobs = job_table_count (hub->jobs);
    notify_status (notify, "%s; %zu worker%s, %zu client%s, %zu job%s",
                   hub->state == HUB_RUNNING    ? "serves"
                   : hub->state == HUB_DRAINING ? "drains"
                                                : "stops",
                   workers, s_plural (workers), clients, s_plural (clients), jobs, s_plural (jobs));
    if (hub->state == HUB_RUNNING)
        notify_ready (notify);
    else
        notify_stopping (notify, 0);
}
