//  state_machine.c - the engine of all state machines

#include "common/state_machine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"

static bool s_known (const state_machine_table_t *table, uint8_t state)
{
    return state < table->count && state < STATE_MACHINE_STATES_MAX;
}

bool state_machine_allowed (const state_machine_table_t *table, uint8_t from, uint8_t to)
{
    return s_known (table, from) && s_known (table, to)
           && (table->next [from] & STATE_MACHINE_TO (to)) != 0;
}

const char *state_machine_state_name (const state_machine_table_t *table, uint8_t state)
{
    return s_known (table, state) ? table->states [state] : "?";
}

//  Like a failed assert: printed at any log level, because the process ends here.
static void __attribute__ ((noreturn, cold))
s_broken (const state_machine_table_t *table, uint8_t from, uint8_t to, const char *why)
{
    fprintf (stderr, "cadre: state machine %s: %s (%u) to %s (%u) %s\n", table->name,
             state_machine_state_name (table, from), from, state_machine_state_name (table, to), to,
             why);
    abort ();
}

void state_machine_step (const state_machine_table_t *table, uint8_t *state, uint8_t to,
                         const void *object)
{
    uint8_t from = *state;
    if (!state_machine_allowed (table, from, to))
        s_broken (table, from, to, "is not allowed");
    *state = to;
    if (log_wants (LOG_DEBUG))
        log_line (LOG_DEBUG, "C002", "%s: %s to %s", table->name, table->states [from],
                  table->states [to]);
    if (table->invariant && !table->invariant (to, object))
        s_broken (table, from, to, "breaks the invariant");
}

void state_machine_init (state_machine_t *self, const state_machine_table_t *table, uint8_t state)
{
    assert (s_known (table, state));
    *self = (state_machine_t){.table = table, .state = state};
}

void state_machine_move (state_machine_t *self, uint8_t to, const void *object)
{
    state_machine_step (self->table, &self->state, to, object);
}

const char *state_machine_name (const state_machine_t *self)
{
    return state_machine_state_name (self->table, self->state);
}
