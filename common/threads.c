//  threads.c - see threads.h

#include "common/threads.h"

#include <assert.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

cadre_error_t threads_start (pthread_t *thread, void *(*run) (void *), void *argument,
                             fault_t *fault)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    const int failed = pthread_create (thread, NULL, run, argument);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    if (!failed)
        return CADRE_OK;
    return fault_set (
        fault, CADRE_ERROR_MEMORY,
        "no thread can be started: %s; raise the limit of processes (ulimit -u, or pids of the "
        "container), or that of memory (ulimit -v)",
        strerror (failed));
}

//  Runs until all have been started.
static void *s_threads_wait (void *argument)
{
    pthread_mutex_t *gate = argument;
    pthread_mutex_lock (gate);
    pthread_mutex_unlock (gate);
    return NULL;
}

cadre_error_t threads_need (int count, fault_t *fault)
{
    assert (count <= THREADS_MOST);
    pthread_t threads [THREADS_MOST];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    cadre_error_t error = CADRE_OK;
    int started = 0;
    pthread_mutex_lock (&gate);
    while (started < count
           && !(error = threads_start (&threads [started], s_threads_wait, &gate, fault)))
        started++;
    pthread_mutex_unlock (&gate);
    while (started > 0)
        pthread_join (threads [--started], NULL);
    return error;
}
