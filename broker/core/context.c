//  context.c - the states of the broker: running, draining, stopping

#include "broker/core/context.h"

#include "common/state_machine.h"

static const char *const s_names [] = {"running", "draining", "stopping"};

static const uint32_t s_next [] = {
    [CONTEXT_RUNNING] = STATE_MACHINE_TO (CONTEXT_DRAINING) | STATE_MACHINE_TO (CONTEXT_STOPPING),
    [CONTEXT_DRAINING] = STATE_MACHINE_TO (CONTEXT_STOPPING),
    [CONTEXT_STOPPING] = STATE_MACHINE_TO (CONTEXT_STOPPING),
};

static const state_machine_table_t s_table = {"broker", 3, s_names, s_next, NULL};

void context_move (context_t *self, context_state_t to)
{
    state_machine_step (&s_table, &self->state, (uint8_t) to, self);
}
