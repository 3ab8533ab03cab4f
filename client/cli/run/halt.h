/*
 *  halt: when to stop before all tasks have run, as in GNU parallel.
 *
 *      never                  run everything
 *      soon,fail=1            after the first failure start nothing new
 *      now,fail=3             after three failures end what runs, too
 *      now,success=1          the first success is enough
 *      soon,done=10           ten ends of any kind
 *      soon,fail=10%          a tenth of the tasks, and at least three
 */
#ifndef CLIENT_CLI_RUN_HALT_H_INCLUDED
#define CLIENT_CLI_RUN_HALT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

typedef enum halt_when { HALT_NEVER = 0, HALT_SOON, HALT_NOW } halt_when_t;
typedef enum halt_what { HALT_FAIL, HALT_SUCCESS, HALT_DONE } halt_what_t;

typedef struct halt {
    halt_when_t when; // what happens to tasks that run
    halt_what_t what; // what is counted
    uint64_t limit;   // how many of them, or how many percent
    bool percent;     // limit is a part of all tasks
} halt_t;

//  CADRE_ERROR_ARGUMENT with a fault that shows the forms.
cadre_error_t halt_parse (halt_t *self, const char *text, fault_t *fault);

//  Is it time? TOTAL: tasks known so far.
bool halt_reached (const halt_t *self, uint64_t succeeded, uint64_t failed, uint64_t total);

#endif
