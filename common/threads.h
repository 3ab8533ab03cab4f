/*
 *  threads: can they be started?
 *
 *  libzmq aborts the process when it cannot start its threads, which it does with the first socket
 *  of a context. So as many are started here first, all at a time, and end again at once. Any
 *  thread; the answer is true for a moment only.
 */
#ifndef COMMON_THREADS_H_INCLUDED
#define COMMON_THREADS_H_INCLUDED

#include <pthread.h>

#include "common/fault.h"

#define THREADS_MOST 32 // that can be asked for

//  CADRE_OK, or CADRE_ERROR_MEMORY that names cause and cure, unless COUNT more threads can run.
cadre_error_t threads_need (int count, fault_t *fault);

//  pthread_create with all signals blocked, which are the program's business; the same error.
cadre_error_t threads_start (pthread_t *thread, void *(*run) (void *), void *argument,
                             fault_t *fault);

#endif
