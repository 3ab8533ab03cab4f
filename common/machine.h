/*
 *  machine: one engine for all state machines.
 *
 *  A table says which states there are and which may follow which. Every change is checked against
 *  it, traced at level debug, and followed by the invariant of the object if the table has one. A
 *  change that the table does not allow is a mistake of ours: the process ends with a line that
 *  names machine, from and to. What a peer asks for is checked first with machine_allowed. Objects
 *  that count bytes keep the bare uint8_t and use machine_step. One thread per object.
 *
 *      enum { READY, LEASED, DONE };
 *      static const char *const s_names [] = {"ready", "leased", "done"};
 *      static const uint32_t s_next [] = {
 *          [READY] = MACHINE_TO (LEASED) | MACHINE_TO (DONE),
 *          [LEASED] = MACHINE_TO (READY) | MACHINE_TO (DONE),
 *          [DONE] = 0};
 *      static const machine_table_t s_task = {"task", 3, s_names, s_next, NULL};
 */
#ifndef COMMON_MACHINE_H_INCLUDED
#define COMMON_MACHINE_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_STATES_MAX 32
#define MACHINE_TO(state) (UINT32_C (1) << (state))

typedef struct machine_table {
    const char *name;          // what the machine is, for messages
    uint8_t count;             // states, at most MACHINE_STATES_MAX
    const char *const *states; // their names
    const uint32_t
        *next; // for each state, the states that may follow: MACHINE_TO (a) | MACHINE_TO (b)
    bool (*invariant) (
        uint8_t state,
        const void *object); // true if object fits its new state; NULL if there is nothing to check
} machine_table_t;

typedef struct machine {
    const machine_table_t *table; // shared, constant
    uint8_t state;                // index into the table
} machine_t;

//  May TO follow FROM? False also for numbers that are no states.
bool machine_allowed (const machine_table_t *table, uint8_t from, uint8_t to);

//  The name of a state, "?" for a number that is none.
const char *machine_state_name (const machine_table_t *table, uint8_t state);

//  Change *STATE to TO. OBJECT goes to the invariant and may be NULL if there is none. Aborts with
//  a message if the table does not allow it.
void machine_step (const machine_table_t *table, uint8_t *state, uint8_t to, const void *object);

//  The same for a machine_t.
void machine_init (machine_t *self, const machine_table_t *table, uint8_t state);
void machine_move (machine_t *self, uint8_t to, const void *object);
const char *machine_name (const machine_t *self);

#endif
