/*  program.h - functions served by a program in any language
 *
 *  The program is started with the slot and communicates over stdin and stdout, as described in
 *  worker/PROGRAM.md. When it has died, the next task starts it again. Its messages are checked
 *  like all external input. One thread.
 */

#ifndef WORKER_RUNNER_PROGRAM_H_INCLUDED
#define WORKER_RUNNER_PROGRAM_H_INCLUDED

#include "common/fault.h"
#include "worker/runner/runner.h"

typedef struct program program_t;

//  Starts it and waits for its hello. NULL and CADRE_ERROR_PLUGIN when it cannot be started, ends,
//  sends nothing for 30 s, or sends an invalid message. argv (of views) is copied; host is
//  borrowed.
program_t *program_new (const runner_host_t *host, const view_t *argv, size_t argc, fault_t *fault);

//  Closes its stdin, waits up to a second for its end, and kills its group.
void program_destroy (program_t **self_p);

//  The functions that its first hello listed, with the program as their state; ends with an entry
//  without a name.
const cadre_function_t *program_functions (const program_t *self);

#endif
