/*  report.h - reports the worker's state to its supervisor
 *
 *  Ready while it has a session with a broker, away while it looks for one; and a status line.
 *  Called when the state of the link has changed, and once a second. One thread.
 */

#ifndef WORKER_REPORT_H_INCLUDED
#define WORKER_REPORT_H_INCLUDED

#include "common/notify.h"
#include "worker/link/link.h"
#include "worker/slots/slots.h"

//  SLOTS_COUNT: number of slots. NOTIFY may be NULL.
void report_worker (notify_t *notify, const link_t *link, const slots_t *slots,
                    unsigned slots_count);

//  The worker drains for at most MAX_MS; 0: it stops at once.
void report_leaving (notify_t *notify, const slots_t *slots, uint32_t max_ms);

#endif
