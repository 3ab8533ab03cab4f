/*  slot.h - runs tasks, one at a time: the slot's side
 *
 *  slot_serve implements the slot's side of worker/SLOT.md: it loads functions, claims tasks in
 *  order, runs them, and answers. The same code serves in the process cadre-slot, in a program that
 *  calls cadre_main, and in a thread of an embedded pool. Single-threaded; uses no ZeroMQ socket.
 */

#ifndef WORKER_SLOT_SLOT_H_INCLUDED
#define WORKER_SLOT_SLOT_H_INCLUDED

#include "common/clock.h"
#include "worker/shared/slot_memory.h"

#include <cadre.h>

typedef struct slot_serve_options {
    const cadre_function_t
        *functions; //  Of this program, or NULL; ends with an entry whose name is NULL
    bool thread; //  A thread of the worker's process: no commands, and no changes to process state
    const clock_source_t *clock; //  NULL: the boot-time clock
} slot_serve_options_t;

//  Serves over a connected socket (blocking or not) until the worker closes it. Leaves fd and share
//  open. Ends all processes that tasks have started. Returns 0, or 70 when the worker's messages
//  were invalid.
int slot_serve (int fd, slot_memory_t *memory, const slot_serve_options_t *options);

//  The main function of a process slot: takes the socket at descriptor 3 and the shared memory at
//  descriptor 4, removes CADRE_SERVE from the environment, catches fatal signals, and serves with
//  these functions (may be NULL). Returns an exit code. With CADRE_SERVE=slot in the environment,
//  cadre_main calls it and exits with its result.
int slot_process_serve (const cadre_function_t *functions);

#endif
