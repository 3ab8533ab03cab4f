//  task.c - the state of one task, in 24 bytes

#include "broker/record/task.h"

#include <stddef.h>

#include "common/state_machine.h"

static const char *const s_names [] = {"done", "ready", "delayed", "leased", "cancelling"};

static const uint32_t s_next [] = {
    [TASK_READY] = STATE_MACHINE_TO (TASK_LEASED) | STATE_MACHINE_TO (TASK_DELAYED)
                   | STATE_MACHINE_TO (TASK_DONE),
    [TASK_DELAYED] = STATE_MACHINE_TO (TASK_READY) | STATE_MACHINE_TO (TASK_DONE),
    [TASK_LEASED] = STATE_MACHINE_TO (TASK_READY) | STATE_MACHINE_TO (TASK_DELAYED)
                    | STATE_MACHINE_TO (TASK_CANCELLING) | STATE_MACHINE_TO (TASK_DONE),
    [TASK_CANCELLING] = STATE_MACHINE_TO (TASK_DONE),
    [TASK_DONE] = STATE_MACHINE_TO (TASK_READY),
};

static const state_machine_table_t s_table = {"task", 5, s_names, s_next, NULL};

_Static_assert(sizeof (task_t) == 24, "a million tasks cost 24 MB");

void task_step (task_t *self, task_state_t to)
{
    state_machine_step (&s_table, &self->state, (uint8_t) to, self);
}

const char *task_state_name (const task_t *self)
{
    if (task_is_waiting (self))
        return "waiting";
    return self->state == TASK_DONE ? "done" : "leased";
}
