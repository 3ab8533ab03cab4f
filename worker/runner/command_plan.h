/*  command_plan.h - a command's payload and spec, made ready to be executed
 */

#ifndef WORKER_RUNNER_COMMAND_PLAN_H_INCLUDED
#define WORKER_RUNNER_COMMAND_PLAN_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

//  Everything points into texts, except stdin bytes, which lie in the payload. Used again for the
//  next command.
typedef struct command_plan {
    buffer_t texts; //  All strings, each with a NUL; never grows while pointers into it are made
    buffer_t argv;  //  char *, NULL at the end
    buffer_t env;   //  char *, NULL at the end
    const char *directory; //  Or NULL
    view_t input;          //  For stdin
    bool has_input;        //  Else stdin is /dev/null
} command_plan_t;

//  CADRE_ERROR_TYPE and a line when the payload or the spec is not as SPEC.md says;
//  CADRE_ERROR_TOO_LARGE.
cadre_error_t command_plan_make (command_plan_t *self, const runner_host_t *host,
                                 const runner_task_t *task, fault_t *fault);
void command_plan_free (command_plan_t *self);

char *const *command_plan_argv (const command_plan_t *self);
char *const *command_plan_env (const command_plan_t *self);

#endif
