//  worker_record.c - one worker process, as the broker sees it

#include "broker/peers/worker_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/state_machine.h"

static const char *const s_names [] = {"away", "joining", "ready", "draining"};

static const uint32_t s_next [] = {
    [WORKER_AWAY] = STATE_MACHINE_TO (WORKER_JOINING),
    [WORKER_JOINING] = STATE_MACHINE_TO (WORKER_READY) | STATE_MACHINE_TO (WORKER_DRAINING)
                       | STATE_MACHINE_TO (WORKER_AWAY),
    [WORKER_READY] = STATE_MACHINE_TO (WORKER_DRAINING) | STATE_MACHINE_TO (WORKER_AWAY),
    [WORKER_DRAINING] = STATE_MACHINE_TO (WORKER_DRAINING) | STATE_MACHINE_TO (WORKER_AWAY),
};

static const state_machine_table_t s_table = {"agent", WORKER_STATES, s_names, s_next, NULL};

void worker_record_move (worker_record_t *self, worker_record_state_t to)
{
    state_machine_step (&s_table, &self->state, (uint8_t) to, self);
}

//  A worker that is away may reconnect: it is shown as joining.
const char *worker_record_state_name (const worker_record_t *self)
{
    return self->state == WORKER_AWAY ? s_names [WORKER_JOINING] : s_names [self->state];
}

//  A span that was sent does not grow.
static void s_order (worker_order_t *order, uint64_t serial)
{
    if (order->sent == order->leases.count)
        spans_begin (&order->leases, serial);
    else
        spans_add (&order->leases, serial);
}

void worker_record_cancel (worker_record_t *self, uint64_t serial)
{
    s_order (&self->cancels, serial);
}

void worker_record_recall (worker_record_t *self, uint64_t serial)
{
    s_order (&self->recalls, serial);
}


void worker_record_note_lease (worker_record_t *self, const lease_t *lease)
{
    if (self->leases_count == self->leases_capacity) {
        self->leases_capacity = self->leases_capacity ? self->leases_capacity * 2 : 64;
        self->leases = realloc (self->leases, self->leases_capacity * sizeof (lease_t));
        assert (self->leases);
    }
    self->leases [self->leases_count++] = *lease;
}
