/*
 *  state_machine.h - the engine of all state machines
 *
 *  A table lists the states and the allowed transitions. Every transition is checked against it,
 *  logged at level debug, and followed by a check of the object's invariant if the table has one. A
 *  transition that is not allowed is a bug: the process aborts with a line that names machine, from
 *  and to. Check requests of peers first, with state_machine_allowed. Objects that must be small
 *  store only the uint8_t and use state_machine_step. One thread per object.
 *
 *      enum { READY, LEASED, DONE };
 *      static const char *const s_names [] = {"ready", "leased", "done"};
 *      static const uint32_t s_next [] = {
 *          [READY] = STATE_MACHINE_TO (LEASED) | STATE_MACHINE_TO (DONE),
 *          [LEASED] = STATE_MACHINE_TO (READY) | STATE_MACHINE_TO (DONE),
 *          [DONE] = 0};
 *      static const state_machine_table_t s_task = {"task", 3, s_names, s_next, NULL};
 */
#ifndef COMMON_STATE_MACHINE_H_INCLUDED
#define COMMON_STATE_MACHINE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define STATE_MACHINE_STATES_MAX 32
#define STATE_MACHINE_TO(state) (UINT32_C (1) << (state))

typedef struct state_machine_table {
    const char *name;          //  name of the machine, for messages
    uint8_t count;             //  number of states, at most STATE_MACHINE_STATES_MAX
    const char *const *states; //  their names
    const uint32_t
        *next; //  allowed transitions of each state: STATE_MACHINE_TO (a) | STATE_MACHINE_TO (b)
    bool (*invariant) (
        uint8_t state,
        const void *object); //  true if object is consistent with its new state; NULL: no check
} state_machine_table_t;

typedef struct state_machine {
    const state_machine_table_t *table; //  shared, constant
    uint8_t state;                      //  index into the table
} state_machine_t;

//  Is the transition allowed? False also for numbers that are not states.
bool state_machine_allowed (const state_machine_table_t *table, uint8_t from, uint8_t to);

//  The name of a state, "?" for an invalid number.
const char *state_machine_state_name (const state_machine_table_t *table, uint8_t state);

//  Changes *STATE to TO. OBJECT is passed to the invariant, and may be NULL if there is none.
//  Aborts with a message if the transition is not allowed.
void state_machine_step (const state_machine_table_t *table, uint8_t *state, uint8_t to,
                         const void *object);

//  The same for a state_machine_t.
void state_machine_init (state_machine_t *self, const state_machine_table_t *table, uint8_t state);
void state_machine_move (state_machine_t *self, uint8_t to, const void *object);
const char *state_machine_name (const state_machine_t *self);

#endif
