/*  worker.h - the worker as a library
 *
 *  One thread calls worker_new, worker_run and worker_destroy; it must live as long as the worker,
 *  because the slots are its children. worker_signal may be called from any thread and from a
 *  signal handler. The worker installs no signal handler, and works in programs that ignore SIGCHLD
 *  or block signals.
 */

#ifndef WORKER_WORKER_H_INCLUDED
#define WORKER_WORKER_H_INCLUDED

#include "common/clock.h"
#include "common/fault.h"
#include "common/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct worker worker_t;

struct cadre_function; //  cadre.h
struct run_as;         //  worker/shared/run_as.h
struct notify;         //  common/notify.h

typedef struct worker_options {
    const char *name;      //  Display name; NULL: host:pid
    const char *broker;    //  Addresses, separated by commas, tried in turn
    const keys_t *keys;    //  Keys for brokers on tcp; NULL: none
    const char *proxy;     //  SOCKS proxy (HOST:PORT) for brokers on tcp; NULL: none
    unsigned slots;        //  0: CPUs that the process may use
    bool threads;          //  Slots are threads of this process; no commands then
    bool commands;         //  Runs commands
    const char *slot_path; //  The executable of process slots (cadre-slot, or a program that calls
                           //  cadre_main)
    const struct cadre_function
        *functions;             //  Functions of this very program, or NULL; ends with an empty one
    const char *const *plugins; //  Files, NULL-terminated, or NULL
    const char *const
        *program;              //  argv of a program that serves functions, NULL-terminated, or NULL
    const char *const *labels; //  NULL-terminated, or NULL
    const struct run_as *run_as_user; //  User of process slots; NULL: the worker's
    const char *task_broker;          //  Address for CADRE_TASK_BROKER; NULL: broker
    uint64_t max_tasks;               //  Tasks or items after which a slot is replaced; 0: never
    uint32_t idle_timeout_ms;         //  Leave after so long without a task; 0: never
    uint32_t lifetime_ms;             //  Drain after so long; 0: never
    uint32_t drain_timeout_ms;        //  0: 30000
    bool embedded;               //  The broker is in this process: end with it, do not reconnect
    const clock_source_t *clock; //  NULL: the boot-time clock
    struct notify *notify;       //  Reports the state to a supervisor; borrowed; NULL: no reports
    void (*say) (const char *line); //  Prints lines for people: registered, waiting; NULL: none
} worker_options_t;

typedef enum worker_order { WORKER_DRAIN = 1, WORKER_STOP = 2 } worker_order_t;

//  Starts a first slot to learn its functions. Returns NULL and a fault when a plugin cannot be
//  used, a slot cannot be started, or descriptors are too few. The options' texts are copied.
worker_t *worker_new (void *context, const worker_options_t *options, fault_t *fault);

//  Ends all slots and all processes that their tasks started.
void worker_destroy (worker_t **self_p);

//  Runs until it was drained or stopped, by worker_signal or by the broker. Returns CADRE_OK, or
//  the error with which the broker refused it.
cadre_error_t worker_run (worker_t *self, fault_t *fault);

//  After worker_run: true when it ended because too many of its threads are stuck; it should be
//  restarted as a process.
bool worker_wants_restart (const worker_t *self);

//  Any thread, async-signal-safe.
void worker_signal (worker_t *self, worker_order_t order);

#endif
