/*
 *  halt.h - when to stop before all tasks have run, as in GNU parallel
 *
 *      never                  run all tasks
 *      soon,fail=1            after the first failure start no more tasks
 *      now,fail=3             after three failures end running tasks, too
 *      now,success=1          stop after the first success
 *      soon,done=10           after ten tasks with any outcome
 *      soon,fail=10%          after 10% of the tasks have failed, and at least three
 */
#ifndef CLIENT_CLI_RUN_HALT_H_INCLUDED
#define CLIENT_CLI_RUN_HALT_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

typedef enum halt_when { HALT_NEVER = 0, HALT_SOON, HALT_NOW } halt_when_t;
typedef enum halt_what { HALT_FAIL, HALT_SUCCESS, HALT_DONE } halt_what_t;

typedef struct halt {
    halt_when_t when; //  what happens to tasks that run
    halt_what_t what; //  what is counted
    uint64_t limit;   //  how many of them, or how many percent
    bool percent;     //  limit is a percentage of all tasks
} halt_t;

//  CADRE_ERROR_ARGUMENT with a fault that shows the forms.
cadre_error_t halt_parse (halt_t *self, const char *text, fault_t *fault);

//  Is the limit reached? TOTAL: tasks known so far.
bool halt_reached (const halt_t *self, uint64_t succeeded, uint64_t failed, uint64_t total);

#endif
