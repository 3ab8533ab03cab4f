/*  honest_client.h - rig: a client with a valid key, whose job runs while other peers attack the
 *  broker
 *
 *  Half of its tasks are submitted before, half at the end; every result must be right, and come
 *  once. Fails the test otherwise.
 */

#ifndef TESTS_LIB_RIGS_HONEST_CLIENT_H_INCLUDED
#define TESTS_LIB_RIGS_HONEST_CLIENT_H_INCLUDED

#include "tests/lib/rigs/cluster.h"

typedef struct honest_client honest_client_t;

//  A client at the cluster's broker, alice where it has keys.
honest_client_t *honest_client_new (const cluster_t *cluster);

//  The rest of the tasks, all results, and the end of it.
void honest_client_check (honest_client_t **self_p);

//  The same for a client of its own: come, work, go. For tests in which the misbehaviour goes on.
void honest_client_visit (const cluster_t *cluster);

#endif
