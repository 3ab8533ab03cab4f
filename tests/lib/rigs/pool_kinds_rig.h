/*  pool_kinds_rig.h - rig: the same tests in every kind of pool
 *
 *  A pool of threads, of processes, of a worker over ipc, and over tcp. The test program is its own
 *  slots and worker, by cadre_main: pool_kinds_main is the first line of its main. The functions
 *  are square, echo, add, sum, picky, nap, chatty and self.
 */

#ifndef TESTS_LIB_RIGS_POOL_KINDS_RIG_H_INCLUDED
#define TESTS_LIB_RIGS_POOL_KINDS_RIG_H_INCLUDED

#include "tests/lib/rigs/child.h"
#include "tests/lib/rigs/thread_cluster.h"

#include <cadre.h>

#define POOL_KINDS_WAIT_MS 20000

typedef struct rig {
    thread_cluster_t *stage; //  ipc and tcp: the broker
    child_t *worker;         //  ipc and tcp
    cadre_t *pool;           //  To be used
} rig_t;

struct CMUnitTest;

void pool_kinds_main (int argc, char **argv);

//  Runs the tests in each place, or in the one that argv [1] names. program is the path of this one
//  below the build folder.
int pool_kinds_run (int argc, char **argv, const char *program, const struct CMUnitTest *tests,
                    size_t count);

//  A pool with a worker that is ready, and its end. The teardown of each test: nothing stays when
//  it has failed.
rig_t *pool_kinds_begin (void);
void pool_kinds_end (rig_t *self);
int pool_kinds_tear_down (void **state);

//  Pools of threads run none.
bool pool_kinds_runs_commands (void);

#endif
