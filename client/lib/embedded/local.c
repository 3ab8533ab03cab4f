//  local.c - a broker and a worker as threads of this process

#include "client/lib/embedded/local.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker/broker.h"
#include "common/clock.h"
#include "common/cpus.h"
#include "common/descriptors.h"
#include "common/entropy.h"
#include "common/folder.h"
#include "common/libexec.h"
#include "common/sockets.h"
#include "common/threads.h"
#include "worker/slot/slot.h"
#include "worker/worker.h"
#include "worker/worker_options.h"

#define SOCKETS_MAX 1024
#define ASK_US_FIRST 200
#define ASK_US_LAST 5000
#define DESCRIPTORS_FIXED 64u

//  A thread that runs the broker or the worker.
typedef struct server {
    pthread_t thread;
    bool started;  //  The thread was started
    bool up;       //  It serves
    bool ended;    //  It has ended
    fault_t fault; //  Why it could not start, or why it ended
} server_t;

struct local {
    void *context;                              //  ZeroMQ's, shared by all
    char address [ADDRESS_ENDPOINT_BYTES];      //  inproc://
    char task_address [ADDRESS_ENDPOINT_BYTES]; //  ipc://, or the same
    folder_t *folder;                           //  Of ipc sockets, or NULL
    cadre_options_t options;                    //  As given, except that there may be fewer slots
    fault_t notice;                             //  Why there are fewer, or no text
    const cadre_function_t *functions;          //  Of this program
    bool own_slots;                             //  Slots are processes of this program
    pthread_mutex_t lock;                       //  Protects what follows
    pthread_cond_t changed;                     //  The broker or the worker has started or ended
    server_t broker_server;                     //  The broker's thread
    server_t worker_server;                     //  The worker's thread
    broker_t *broker;                           //  While it is running
    worker_t *worker;                           //  While it is running
};

//  ---- the threads -------------------------------------------------------------------------

static void s_local_set (local_t *self, bool *what)
{
    pthread_mutex_lock (&self->lock);
    *what = true;
    pthread_cond_broadcast (&self->changed);
    pthread_mutex_unlock (&self->lock);
}

static void *s_serve_broker (void *argument)
{
    local_t *self = argument;
    server_t *server = &self->broker_server;
    char listen [2 * ADDRESS_ENDPOINT_BYTES + 2];
    snprintf (listen, sizeof listen, "%s%s%s", self->address, self->folder ? "," : "",
              self->folder ? self->task_address : "");
    broker_options_t options = {.name = "embedded", .listen = listen, .embedded = true};
    broker_t *broker = broker_new (self->context, &options, &server->fault);
    if (broker) {
        pthread_mutex_lock (&self->lock);
        self->broker = broker;
        pthread_mutex_unlock (&self->lock);
        s_local_set (self, &server->up);
        broker_run (broker, &server->fault);
        pthread_mutex_lock (&self->lock);
        self->broker = NULL;
        pthread_mutex_unlock (&self->lock);
    }
    broker_destroy (&broker);
    s_local_set (self, &server->ended);
    return NULL;
}

static void *s_serve_worker (void *argument)
{
    local_t *self = argument;
    server_t *server = &self->worker_server;
    char own [LIBEXEC_PATH_BYTES];
    worker_options_t options = {.name = "embedded",
                                .broker = self->address,
                                .slots = self->options.slots,
                                .threads = self->options.threads,
                                .commands = !self->options.threads,
                                .slot_path = self->own_slots ? libexec_again (own) : NULL,
                                .functions = self->functions,
                                .plugins = self->options.plugins,
                                .program = self->options.program,
                                .task_broker = self->folder ? self->task_address : "",
                                .max_tasks = self->options.max_tasks,
                                .embedded = true};
    worker_t *worker = worker_new (self->context, &options, &server->fault);
    if (worker) {
        pthread_mutex_lock (&self->lock);
        self->worker = worker;
        pthread_mutex_unlock (&self->lock);
        s_local_set (self, &server->up);
        worker_run (worker, &server->fault);
        pthread_mutex_lock (&self->lock);
        self->worker = NULL;
        pthread_mutex_unlock (&self->lock);
    }
    worker_destroy (&worker);
    s_local_set (self, &server->ended);
    return NULL;
}

static cadre_error_t s_local_start (server_t *server, void *(*serve) (void *), local_t *self,
                                    fault_t *fault)
{
    if (threads_start (&server->thread, serve, self, fault))
        return fault->code;
    server->started = true;
    return CADRE_OK;
}

//  Waits until the thread serves, or returns its fault.
static cadre_error_t s_await_up (local_t *self, server_t *server, fault_t *fault)
{
    pthread_mutex_lock (&self->lock);
    while (!server->up && !server->ended)
        pthread_cond_wait (&self->changed, &self->lock);
    if (server->ended)
        *fault = server->fault;
    if (server->ended && !fault->code)
        fault_set (fault, CADRE_ERROR_INTERNAL,
                   "broker or worker of this process ended at once: open the pool again");
    pthread_mutex_unlock (&self->lock);
    return fault->code;
}

//  ---- life ----------------------------------------------------------------------------------

bool local_has_threads (const local_t *self)
{
    return self->options.threads;
}

size_t local_slots (const local_t *self)
{
    return self->options.slots ? self->options.slots : (size_t) cpus_usable (NULL);
}

//  Chooses the functions of the slots, and the program that they run.
static cadre_error_t s_choose_functions (local_t *self, const local_program_t *program,
                                         fault_t *fault)
{
    const cadre_function_t *given = self->options.functions;
    if (self->options.threads) {
        self->functions = given ? given : program->functions;
        return CADRE_OK;
    }
    if (given && !program->serves)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "functions of this program cannot run in processes: call cadre_main (argc, argv, functions) first in "
            "main, or set threads in the options");
    if (given && given != program->functions)
        return fault_set (
            fault, CADRE_ERROR_ARGUMENT,
            "the options' functions are not those given to cadre_main, which is what processes offer: give the "
            "same, or set threads in the options");
    self->own_slots = program->serves;
    self->functions = program->functions;
    return CADRE_OK;
}

//  Limits the slots to what the descriptors allow, at least one.
static cadre_error_t s_fit_slots (local_t *self, fault_t *fault)
{
    const size_t slots = local_slots (self);
    const size_t left = descriptors_free ();
    const size_t most =
        left > DESCRIPTORS_FIXED ? (left - DESCRIPTORS_FIXED) / DESCRIPTORS_PER_SLOT : 0;
    if (most >= slots)
        return CADRE_OK;
    if (most == 0)
        return descriptors_need (DESCRIPTORS_FIXED + DESCRIPTORS_PER_SLOT, "a pool of this machine",
                                 fault);
    fault_set (
        &self->notice, CADRE_OK,
        "%zu slots instead of %zu: for more, %zu file descriptors must be free, and %zu are: raise the "
        "limit with ulimit -n",
        most, slots, DESCRIPTORS_FIXED + slots * DESCRIPTORS_PER_SLOT, left);
    self->options.slots = (unsigned) most;
    return CADRE_OK;
}

//  The address for tasks that open a pool. Threads can do without.
static cadre_error_t s_choose_address (local_t *self, fault_t *fault)
{
    fault_t unusable = {0};
    snprintf (self->task_address, sizeof self->task_address, "%s", self->address);
    self->folder = folder_new (self->options.threads ? &unusable : fault);
    if (self->folder)
        snprintf (self->task_address, sizeof self->task_address, "ipc://%s",
                  folder_path (self->folder));
    return fault->code;
}

static cadre_error_t s_local_prepare (local_t *self, const local_program_t *program, fault_t *fault)
{
    if (self->options.threads && self->options.program)
        return fault_set (fault, CADRE_ERROR_ARGUMENT,
                          "a program needs process slots: leave threads out of the options");
    if (s_choose_functions (self, program, fault))
        return fault->code;
    if (s_fit_slots (self, fault))
        return fault->code;
    snprintf (self->address, sizeof self->address, "inproc://cadre-%016llx",
              (unsigned long long) entropy_u64 ());
    if (s_choose_address (self, fault))
        return fault->code;
    self->context = sockets_context_new (1, SOCKETS_MAX, fault);
    return fault->code;
}

local_t *local_new (const cadre_options_t *options, const local_program_t *program, fault_t *fault)
{
    local_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = *options;
    pthread_mutex_init (&self->lock, NULL);
    pthread_cond_init (&self->changed, NULL);
    if (s_local_prepare (self, program, fault)
        || s_local_start (&self->broker_server, s_serve_broker, self, fault)
        || s_await_up (self, &self->broker_server, fault)
        || s_local_start (&self->worker_server, s_serve_worker, self, fault))
        local_destroy (&self);
    return self;
}

static void s_local_join (server_t *server)
{
    if (server->started)
        pthread_join (server->thread, NULL);
    server->started = false;
}

static void s_stop_worker (local_t *self)
{
    pthread_mutex_lock (&self->lock);
    server_t *server = &self->worker_server;
    while (server->started && !server->up && !server->ended)
        pthread_cond_wait (&self->changed, &self->lock);
    if (self->worker)
        worker_signal (self->worker, WORKER_STOP);
    pthread_mutex_unlock (&self->lock);
    s_local_join (server);
}

void local_destroy (local_t **self_p)
{
    assert (self_p);
    local_t *self = *self_p;
    if (!self)
        return;
    s_stop_worker (self);
    pthread_mutex_lock (&self->lock);
    if (self->broker)
        broker_signal (self->broker, BROKER_STOP);
    pthread_mutex_unlock (&self->lock);
    s_local_join (&self->broker_server);
    sockets_context_destroy (&self->context);
    folder_destroy (&self->folder);
    pthread_mutex_destroy (&self->lock);
    pthread_cond_destroy (&self->changed);
    free (self);
    *self_p = NULL;
}

const char *local_notice (const local_t *self)
{
    return self->notice.text;
}

void *local_context (local_t *self)
{
    return self->context;
}

const char *local_address (const local_t *self)
{
    return self->address;
}

const char *local_task_address (const local_t *self)
{
    return self->task_address;
}

//  ---- waiting for the worker -------------------------------------------------------------------

static bool s_worker_ended (local_t *self, fault_t *fault)
{
    pthread_mutex_lock (&self->lock);
    bool ended = self->worker_server.ended;
    if (ended)
        *fault = self->worker_server.fault;
    pthread_mutex_unlock (&self->lock);
    if (ended && !fault->code)
        fault_set (fault, CADRE_ERROR_INTERNAL,
                   "the worker of this process has left: open the pool again");
    return ended;
}

static bool s_worker_ready (cadre_t *pool)
{
    cadre_value_t *workers = NULL;
    if (cadre_request (pool, "worker.list", NULL, &workers, 1000))
        return false;
    const char *state = cadre_value_text (cadre_value_get (cadre_value_at (workers, 0), "state"));
    bool ready = state && strcmp (state, "ready") == 0;
    cadre_value_destroy (&workers);
    return ready;
}

cadre_error_t local_await (local_t *self, cadre_t *pool, int timeout_ms, fault_t *fault)
{
    if (s_await_up (self, &self->worker_server, fault))
        return fault->code;
    const int64_t until_us =
        timeout_ms < 0 ? INT64_MAX : clock_now (NULL) + timeout_ms * INT64_C (1000);
    long pause_us = ASK_US_FIRST;
    while (!s_worker_ready (pool)) {
        if (s_worker_ended (self, fault))
            return fault->code;
        if (clock_now (NULL) > until_us)
            return fault_set (
                fault, CADRE_ERROR_UNAVAILABLE,
                "the worker of this process was not ready in time: give a longer connect_timeout_ms");
        nanosleep (&(struct timespec){.tv_nsec = pause_us * 1000}, NULL);
        pause_us = pause_us * 2 < ASK_US_LAST ? pause_us * 2 : ASK_US_LAST;
    }
    return CADRE_OK;
}

//  ---- one program as slot and worker
//  ----------------------------------------------------------------

int local_serve_slot (const cadre_function_t *functions)
{
    return slot_process_serve (functions);
}

int local_serve_worker (int argc, char **argv, const cadre_function_t *functions)
{
    return worker_options_run (argc - 1, argv + 1, argv, functions);
}
