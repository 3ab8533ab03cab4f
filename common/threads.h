/*
 *  threads.h - checks whether threads can be started, and starts them
 *
 *  libzmq aborts the process when it cannot start its threads, which happens with the first socket
 *  of a context. So this module first starts as many threads, all at a time, and ends them at once.
 *  Any thread; the answer may be outdated at once.
 */
#ifndef COMMON_THREADS_H_INCLUDED
#define COMMON_THREADS_H_INCLUDED

#include <pthread.h>

#include "common/fault.h"

#define THREADS_MOST 32 //  maximum of count

//  CADRE_OK if COUNT more threads can run; else CADRE_ERROR_MEMORY with cause and cure.
cadre_error_t threads_need (int count, fault_t *fault);

//  pthread_create with all signals blocked, which the application handles; the same error.
cadre_error_t threads_start (pthread_t *thread, void *(*run) (void *), void *argument,
                             fault_t *fault);

#endif
