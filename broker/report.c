//  report.c - reports the broker's state to its supervisor

#include "broker/report.h"

#include <inttypes.h>

#include "broker/ledger/ledger.h"
#include "broker/peers/roster.h"

static const char *s_plural (size_t count)
{
    return count == 1 ? "" : "s";
}

void report_broker (notify_t *notify, const context_t *ctx, size_t clients)
{
    if (!notify)
        return;
    size_t workers = roster_count (ctx->roster), jobs = job_table_count (ctx->jobs);
    notify_status (notify, "%s; %zu worker%s, %zu client%s, %zu job%s",
                   ctx->state == CONTEXT_RUNNING    ? "serves"
                   : ctx->state == CONTEXT_DRAINING ? "drains"
                                                    : "stops",
                   workers, s_plural (workers), clients, s_plural (clients), jobs, s_plural (jobs));
    if (ctx->state == CONTEXT_RUNNING)
        notify_ready (notify);
    else
        notify_stopping (notify, 0);
}
