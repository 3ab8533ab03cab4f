/*  program.h - functions served by a program in any language
 *
 *  The program is started with the slot and talks over its stdin and stdout as
 *  worker/PROGRAM.md says. It is started again when it has died, by the next task.
 *  What it sends is judged like everything from outside. One thread.
 */

#ifndef WORKER_RUNNER_PROGRAM_H_INCLUDED
#define WORKER_RUNNER_PROGRAM_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

typedef struct program program_t;

//  Starts it and waits for its hello. NULL and CADRE_ERROR_PLUGIN when it cannot be started, ends,
//  says nothing for 30 s, or nothing that makes sense. argv (of views) is copied; host is borrowed.
program_t *program_new (const runner_host_t *host, const view_t *argv, size_t argc, fault_t *fault);

//  Closes its stdin, gives it a second to end, and kills its group.
void program_destroy (program_t **self_p);

//  What its first hello listed, to be run with the program as their state; ends with an entry
//  without a name.
const cadre_function_t *program_functions (const program_t *self);

#endif
