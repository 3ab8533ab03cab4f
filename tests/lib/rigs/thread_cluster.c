//  thread_cluster.c - rig: a real broker, and a worker if wanted, as threads of the test

#include "tests/lib/rigs/thread_cluster.h"

#include "broker/broker.h"
#include "worker/worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define TCP_FIRST 21000u
#define TCP_STEP 200u
#define TCP_TRIES 100u

struct thread_cluster {
    void *context;          //  Of broker and worker
    char folder [64];       //  ipc: to be removed; else empty
    char address [128];     //  Where the broker listens
    broker_t *broker;       //  Its thread's, but for signals
    worker_t *worker;       //  Its thread's, but for signals
    bool with_worker;       //  There is one
    pthread_t brokers;      //  Thread
    pthread_t workers;      //  Thread
    pthread_barrier_t made; //  broker_new, worker_new are done
};

static cadre_error_t s_square (cadre_task_t *task)
{
    int64_t n = cadre_arg_int (task, 0);
    return cadre_return_int (task, n * n);
}

static cadre_error_t s_echo (cadre_task_t *task)
{
    cadre_value_t *value = cadre_value_copy (cadre_arg_value (task, 0));
    return cadre_return_value (task, &value);
}

static cadre_error_t s_nap (cadre_task_t *task)
{
    int64_t ms = cadre_arg_int (task, 0);
    for (int64_t i = 0; i < ms && !cadre_task_cancelled (task); i++)
        nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
    return cadre_return_int (task, ms);
}

const cadre_function_t thread_cluster_functions [] = {
    {.name = "square", .run = s_square, .takes = "i", .says = "the square of an integer"},
    {.name = "echo", .run = s_echo, .takes = "*", .says = "its argument"},
    {.name = "nap", .run = s_nap, .takes = "i", .says = "sleeps for so many milliseconds"},
    {0}};

static void s_try_broker (thread_cluster_t *self, fault_t *fault)
{
    broker_options_t options = {.name = "threads", .listen = self->address, .lost_ms = 5000};
    self->broker = broker_new (self->context, &options, fault);
}

//  tcp: the next block of ports until one is free
static void s_make_broker (thread_cluster_t *self)
{
    fault_t fault = {0};
    if (strcmp (self->address, "tcp") != 0) {
        s_try_broker (self, &fault);
    } else {
        unsigned start = (unsigned) getpid () % TCP_TRIES;
        for (unsigned i = 0; i < TCP_TRIES && !self->broker; i++) {
            snprintf (self->address, sizeof self->address, "tcp://127.0.0.1:%u",
                      TCP_FIRST + (start + i) % TCP_TRIES * TCP_STEP);
            s_try_broker (self, &fault);
        }
    }
    if (!self->broker) {
        fprintf (stderr, "thread_cluster: %s\n", fault.text);
        abort ();
    }
}

static void *s_serve_broker (void *argument)
{
    thread_cluster_t *self = argument;
    s_make_broker (self);
    pthread_barrier_wait (&self->made);
    fault_t fault = {0};
    broker_run (self->broker, &fault);
    pthread_barrier_wait (&self->made); //  Nobody signals it any more
    broker_destroy (&self->broker);
    return NULL;
}

static void *s_serve_worker (void *argument)
{
    thread_cluster_t *self = argument;
    fault_t fault = {0};
    worker_options_t options = {.name = "house",
                                .broker = self->address,
                                .slots = 2,
                                .threads = true,
                                .functions = thread_cluster_functions};
    self->worker = worker_new (self->context, &options, &fault);
    if (!self->worker) {
        fprintf (stderr, "thread_cluster: %s\n", fault.text);
        abort ();
    }
    pthread_barrier_wait (&self->made);
    worker_run (self->worker, &fault);
    pthread_barrier_wait (&self->made);
    worker_destroy (&self->worker);
    return NULL;
}

thread_cluster_t *thread_cluster_new (const char *scheme, bool with_worker)
{
    thread_cluster_t *self = calloc (1, sizeof *self);
    assert (self);
    self->context = zmq_ctx_new ();
    self->with_worker = with_worker;
    if (strcmp (scheme, "ipc") == 0) {
        snprintf (self->folder, sizeof self->folder, "/tmp/cadre-stage-XXXXXX");
        assert (mkdtemp (self->folder));
        snprintf (self->address, sizeof self->address, "ipc://%s/b", self->folder);
    } else
        snprintf (self->address, sizeof self->address, "%s",
                  strcmp (scheme, "tcp") == 0 ? scheme : "inproc://stage");
    pthread_barrier_init (&self->made, NULL, 2);
    pthread_create (&self->brokers, NULL, s_serve_broker, self);
    pthread_barrier_wait (&self->made);
    if (with_worker) {
        pthread_create (&self->workers, NULL, s_serve_worker, self);
        pthread_barrier_wait (&self->made);
    }
    return self;
}

void thread_cluster_destroy (thread_cluster_t **self_p)
{
    thread_cluster_t *self = *self_p;
    if (!self)
        return;
    if (self->with_worker) {
        worker_signal (self->worker, WORKER_STOP);
        pthread_barrier_wait (&self->made);
        pthread_join (self->workers, NULL);
    }
    broker_signal (self->broker, BROKER_STOP);
    pthread_barrier_wait (&self->made);
    pthread_join (self->brokers, NULL);
    pthread_barrier_destroy (&self->made);
    zmq_ctx_term (self->context);
    if (self->folder [0]) {
        char inner [80];
        snprintf (inner, sizeof inner, "%s/b", self->folder);
        rmdir (inner);
        if (rmdir (self->folder) != 0)
            perror (self->folder);
    }
    free (self);
    *self_p = NULL;
}

const char *thread_cluster_address (const thread_cluster_t *self)
{
    return self->address;
}

void *thread_cluster_context (const thread_cluster_t *self)
{
    return self->context;
}
