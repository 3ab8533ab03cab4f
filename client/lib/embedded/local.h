/*  local.h - a broker and a worker as threads of this process
 *
 *  The only part of the library that depends on broker and worker. Threads are started with all
 *  signals blocked. With process slots there is also a private folder of ipc sockets, for programs
 *  in tasks; it is removed at the end, also when the process calls exit () with the pool open.
 */

#ifndef CLIENT_LIB_EMBEDDED_LOCAL_H_INCLUDED
#define CLIENT_LIB_EMBEDDED_LOCAL_H_INCLUDED

#include "common/fault.h"

#include <cadre.h>

typedef struct local local_t;

//  This program, as given to cadre_main.
typedef struct local_program {
    bool serves;                       //  cadre_main was called: slots can be this program
    const cadre_function_t *functions; //  Functions of this program, or NULL
} local_program_t;

//  Starts the broker, waits until it has bound its sockets, and starts the worker. The functions,
//  plugins and program of options must outlive it. NULL and a fault on failure.
local_t *local_new (const cadre_options_t *options, const local_program_t *program, fault_t *fault);

//  Stops both and waits for them. All other sockets in the context must be closed first.
void local_destroy (local_t **self_p);

//  Why it has fewer slots than requested, or "".
const char *local_notice (const local_t *self);

//  ZeroMQ's context, the inproc:// address for the library, and the address for programs in tasks.
void *local_context (local_t *self);
const char *local_address (const local_t *self);
const char *local_task_address (const local_t *self);

//  Are its slots threads, and how many slots has the worker?
bool local_has_threads (const local_t *self);
size_t local_slots (const local_t *self);

//  Waits until the worker is registered, by requests to the broker through the pool. timeout_ms
//  counts from the time when plugins and program are loaded; loading has its own limit.
cadre_error_t local_await (local_t *self, cadre_t *pool, int timeout_ms, fault_t *fault);

//  Run a process slot, or a worker (`program --cadre-worker OPTIONS`, with the options of
//  cadre-worker); return an exit code.
int local_serve_slot (const cadre_function_t *functions);
int local_serve_worker (int argc, char **argv, const cadre_function_t *functions);

#endif
