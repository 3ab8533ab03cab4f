/*  local.h - a broker and a worker as threads of this process
 *
 *  The only place where the library knows broker and worker. Threads are started with all signals
 *  blocked. With process slots there is a private folder of ipc sockets too, for programs in tasks;
 *  it is removed at the end, also when the process ends by exit () with the pool open.
 */

#ifndef CLIENT_LIB_EMBEDDED_LOCAL_H_INCLUDED
#define CLIENT_LIB_EMBEDDED_LOCAL_H_INCLUDED

#include "common/fault.h"

#include <cadre.h>

typedef struct local local_t;

//  This program, as cadre_main knows it.
typedef struct local_program {
    bool serves;                       //  cadre_main was called: slots can be this program
    const cadre_function_t *functions; //  That it offers then, or NULL
} local_program_t;

//  Starts the broker, waits until it has bound its sockets, and starts the worker. The options'
//  functions, plugins and program must live as long. NULL and a fault.
local_t *local_new (const cadre_options_t *options, const local_program_t *program, fault_t *fault);

//  Stops both and waits for them. All sockets of others in the context must be closed.
void local_destroy (local_t **self_p);

//  Why it has fewer slots than were asked for, or "".
const char *local_notice (const local_t *self);

//  ZeroMQ's context, the inproc:// address for the library, and what programs in tasks may use.
void *local_context (local_t *self);
const char *local_address (const local_t *self);
const char *local_task_address (const local_t *self);

//  Are its slots threads, and how many has the worker?
bool local_has_threads (const local_t *self);
size_t local_slots (const local_t *self);

//  Waits until the worker takes tasks, asking the broker through the pool, for timeout_ms once
//  plugins or program are loaded: that has a limit of its own.
cadre_error_t local_await (local_t *self, cadre_t *pool, int timeout_ms, fault_t *fault);

//  Serve as a process slot, or as a worker (`program --cadre-worker OPTIONS`, as cadre-worker has
//  them); return an exit code.
int local_serve_slot (const cadre_function_t *functions);
int local_serve_worker (int argc, char **argv, const cadre_function_t *functions);

#endif
