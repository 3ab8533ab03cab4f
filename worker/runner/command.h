/*  command.h - runs programs: argv, or a line for a shell
 *
 *  A command runs in its own process group; its output is sent while it runs, as far as the window
 *  allows. It has ended when its main process has; what was written until then is read, and the
 *  rest of its group is killed. A process that has started its own session (setsid) has left on
 *  purpose and is not killed. Process slots only; one thread.
 */

#ifndef WORKER_RUNNER_COMMAND_H_INCLUDED
#define WORKER_RUNNER_COMMAND_H_INCLUDED

#include "worker/runner/runner.h"

typedef struct command command_t;

//  host is borrowed and must outlive it.
command_t *command_new (const runner_host_t *host);
void command_destroy (command_t **self_p);

//  Runs the task's payload (kind 2 of SPEC.md) and stores the outcome in *end. It is ended early by
//  the worker's cancel, by its timeout, or when the worker is gone.
void command_run (command_t *self, const runner_task_t *task, runner_end_t *end);

#endif
