/*  thread_cluster.h - rig: a real broker, and a worker if wanted, as threads of the test
 *
 *  The broker listens where the test says: at an ipc folder of its own, at a tcp
 *  block of ports that was free, or inproc. The worker has two thread slots
 *  that serve square, echo and nap. Peers join as processes, or in this one.
 *  thread_cluster_destroy stops both, joins their threads and removes the folder.
 */

#ifndef TESTS_LIB_RIGS_THREAD_CLUSTER_H_INCLUDED
#define TESTS_LIB_RIGS_THREAD_CLUSTER_H_INCLUDED

#include <cadre.h>

#include <stdbool.h>

typedef struct thread_cluster thread_cluster_t;

//  scheme: "ipc", "tcp" or "inproc". Fails the test when the broker does not start.
thread_cluster_t *thread_cluster_new (const char *scheme, bool with_worker);
void thread_cluster_destroy (thread_cluster_t **self_p);

const char *thread_cluster_address (const thread_cluster_t *self);

//  The ZeroMQ context in which broker and worker live.
void *thread_cluster_context (const thread_cluster_t *self);

//  What the worker serves: square (integer), echo (anything), nap (milliseconds).
extern const cadre_function_t thread_cluster_functions [];

#endif
