/*  honest.h - an authenticated client, whose job runs while others misbehave
 *
 *  Half of its tasks are submitted before, half at the end; every result must be right, and come
 *  once. Fails the test otherwise.
 */

#ifndef TESTS_LIB_HONEST_H_INCLUDED
#define TESTS_LIB_HONEST_H_INCLUDED

#include "tests/lib/cluster.h"

typedef struct honest honest_t;

//  A client at the cluster's broker, alice where it has keys.
honest_t *honest_new (const cluster_t *cluster);

//  The rest of the tasks, all results, and the end of it.
void honest_check (honest_t **self_p);

//  The same for a client of its own: come, work, go. For tests in which the misbehaviour goes on.
void honest_visit (const cluster_t *cluster);

#endif
