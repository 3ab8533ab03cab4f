/*  child.h - rig: a program that the test starts
 *
 *  What it writes to stdout and stderr is kept together. A child that is not
 *  waited for is killed by child_destroy.
 */

#ifndef TESTS_LIB_RIGS_CHILD_H_INCLUDED
#define TESTS_LIB_RIGS_CHILD_H_INCLUDED

#include <signal.h>
#include <sys/types.h>

typedef struct child child_t;

//  A program of this build tree: `name` is a path below it, such as
//  "tests/lib/programs/peer_client". Up to three arguments, NULL where there is none.
child_t *child_new (const char *name, const char *one, const char *two, const char *three);
//  The same with any number of arguments; argv ends with NULL, argv [0] is the path below the build
//  tree, or an absolute one.
child_t *child_start (const char *const *argv);

void child_destroy (child_t **self_p);

//  Its exit code; 128 + N when signal N ended it; -1 when it still runs after timeout_ms.
int child_wait (child_t *self, int timeout_ms);

//  What it has written so far; valid until the next call.
const char *child_output (child_t *self);

pid_t child_pid (const child_t *self);

#endif
