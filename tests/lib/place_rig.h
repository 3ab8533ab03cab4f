/*  place_rig.h - the same tests in every kind of pool
 *
 *  A pool of threads, of processes, of a worker over ipc, and over tcp. The test program is its own
 *  slots and worker, by cadre_main: place_main is the first line of its main. The functions are
 *  square, echo, add, sum, picky, nap, chatty and self.
 */

#ifndef TESTS_LIB_PLACE_RIG_H_INCLUDED
#define TESTS_LIB_PLACE_RIG_H_INCLUDED

#include "tests/lib/child.h"
#include "tests/lib/stage.h"

#include <cadre.h>

#define PLACE_WAIT_MS 20000

typedef struct rig {
    stage_t *stage;  //  ipc and tcp: the broker
    child_t *worker; //  ipc and tcp
    cadre_t *pool;   //  To be used
} rig_t;

struct CMUnitTest;

void place_main (int argc, char **argv);

//  Runs the tests in each place, or in the one that argv [1] names. program is the path of this one
//  below the build folder.
int place_run (int argc, char **argv, const char *program, const struct CMUnitTest *tests,
               size_t count);

//  A pool with a worker that is ready, and its end. The teardown of each test: nothing stays when
//  it has failed.
rig_t *place_begin (void);
void place_end (rig_t *self);
int place_tear_down (void **state);

//  Pools of threads run none.
bool place_runs_commands (void);

#endif
