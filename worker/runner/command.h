/*  command.h - runs programs: argv or a line for a shell
 *
 *  A command runs in a process group of its own, with its output sent while it
 *  runs, as far as the window allows. It has ended when its main process has;
 *  what was written by then is read, and everything else of its group is killed.
 *  A process that made a session of its own (setsid) has left on purpose and is
 *  let go.
 *  Process slots only; one thread.
 */

#ifndef WORKER_RUNNER_COMMAND_H_INCLUDED
#define WORKER_RUNNER_COMMAND_H_INCLUDED

#include "worker/runner/runner.h"

typedef struct command command_t;

//  Host is borrowed and must outlive it.
command_t *command_new (const runner_host_t *host);
void command_destroy (command_t **self_p);

//  Runs the task's payload (kind 2 of SPEC.md) and leaves its end. Ended early by the worker's
//  cancel, by its timeout, and when the worker is gone.
void command_run (command_t *self, const runner_task_t *task, runner_end_t *end);

#endif
