//  hub.c - the states of the broker: running, draining, stopping

#include "broker/core/context.h"

#include "common/state_machine.h"

static const char *const s_names [] = {"running", "draining", "stopping"};

static const uint32_t s_next [] = {
    [HUB_RUNNING] = MACHINE_TO (HUB_DRAINING) | MACHINE_TO (HUB_STOPPING),
    [HUB_DRAINING] = MACHINE_TO (HUB_STOPPING),
    [HUB_STOPPING] = MACHINE_TO (HUB_STOPPING),
};

static const machine_table_t s_table = {"broker", 3, s_names, s_next, NULL};

void hub_move (hub_t *self, hub_state_t to)
{
    machine_step (&s_table, &self->state, (uint8_t) to, self);
}
