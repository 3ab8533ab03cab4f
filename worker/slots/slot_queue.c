//  slot_queue.c - leases that wait for a slot

#include "worker/slots/slot_queue.h"

#include <utlist.h>

void slot_queue_put_back (slots_t *self, lease_t *list)
{
    lease_t *lease;
    if (!list)
        return;
    DL_FOREACH (list, lease)
        self->waiting++;
    DL_CONCAT (list, self->queue);
    self->queue = list;
}

void slot_queue_take_back (slots_t *self, slot_handle_t *handle)
{
    slot_queue_put_back (self, slot_handle_revoke (handle));
}
