/*  command_plan.h - prepares a command's payload and spec for execution
 */

#ifndef WORKER_RUNNER_COMMAND_PLAN_H_INCLUDED
#define WORKER_RUNNER_COMMAND_PLAN_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

//  All pointers point into texts, except the stdin bytes, which are in the payload. Reused for the
//  next command.
typedef struct command_plan {
    buffer_t texts; //  All strings, NUL-terminated; must not grow while pointers into it are made
    buffer_t argv;  //  char *, NULL at the end
    buffer_t env;   //  char *, NULL at the end
    const char *directory; //  Or NULL
    view_t input;          //  For stdin
    bool has_input;        //  NULL: unchanged
} command_plan_t;

//  CADRE_ERROR_TYPE and a message when the payload or the spec is invalid (SPEC.md);
//  CADRE_ERROR_TOO_LARGE.
cadre_error_t command_plan_make (command_plan_t *self, const runner_host_t *host,
                                 const runner_task_t *task, fault_t *fault);
void command_plan_free (command_plan_t *self);

char *const *command_plan_argv (const command_plan_t *self);
char *const *command_plan_env (const command_plan_t *self);

#endif
