//  agent.c - one worker process, as the broker sees it

#include "broker/peers/worker_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/state_machine.h"

static const char *const s_names [] = {"away", "joining", "ready", "draining"};

static const uint32_t s_next [] = {
    [AGENT_AWAY] = MACHINE_TO (AGENT_JOINING),
    [AGENT_JOINING] =
        MACHINE_TO (AGENT_READY) | MACHINE_TO (AGENT_DRAINING) | MACHINE_TO (AGENT_AWAY),
    [AGENT_READY] = MACHINE_TO (AGENT_DRAINING) | MACHINE_TO (AGENT_AWAY),
    [AGENT_DRAINING] = MACHINE_TO (AGENT_DRAINING) | MACHINE_TO (AGENT_AWAY),
};

static const machine_table_t s_table = {"agent", AGENT_STATES, s_names, s_next, NULL};

void agent_move (agent_t *self, agent_state_t to)
{
    machine_step (&s_table, &self->state, (uint8_t) to, self);
}

//  A worker that is away may reconnect: it is shown as joining.
const char *agent_state_name (const agent_t *self)
{
    return self->state == AGENT_AWAY ? s_names [AGENT_JOINING] : s_names [self->state];
}

//  A span that was sent does not grow.
void agent_cancel (agent_t *self, uint64_t serial)
{
    if (self->cancels_sent == self->cancels.count)
        spans_begin (&self->cancels, serial);
    else
        spans_add (&self->cancels, serial);
}


void agent_note_lease (agent_t *self, const lease_t *lease)
{
    if (self->leases_count == self->leases_capacity) {
        self->leases_capacity = self->leases_capacity ? self->leases_capacity * 2 : 64;
        self->leases = realloc (self->leases, self->leases_capacity * sizeof (lease_t));
        assert (self->leases);
    }
    self->leases [self->leases_count++] = *lease;
}
