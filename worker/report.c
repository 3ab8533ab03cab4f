//  report.c - reports the worker's state to its supervisor

#include "worker/report.h"

void report_worker (notify_t *notify, const link_t *link, const slots_t *slots,
                    unsigned slots_count)
{
    char broker [ADDRESS_ENDPOINT_BYTES];
    if (!notify)
        return;
    address_print (link_address (link), broker, sizeof (broker));
    if (link_state (link) == LINK_OPEN) {
        notify_status (notify, "registered with %s; %zu of %u slots run", broker,
                       slots_count - slots_free (slots), slots_count);
        notify_ready (notify);
    } else {
        notify_status (notify, "reconnecting to the broker at %s", broker);
        notify_away (notify);
    }
}

void report_leaving (notify_t *notify, const slots_t *slots, uint32_t max_ms)
{
    notify_status (notify, "%s; tasks held: %zu", max_ms ? "drains" : "stops", slots_held (slots));
    notify_stopping (notify, max_ms);
}
