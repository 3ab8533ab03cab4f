/*  spawner.h - starts a child process in its own process group, fast
 *
 *  Like posix_spawn, and: the child is killed when the slot dies (PR_SET_PDEATHSIG), its group is
 *  written to the shared page before it runs anything, and the caller gets a pidfd. The child gets
 *  default signal actions, an empty mask, and no descriptor that is close-on-exec. A spawner caches
 *  where it last found a program. One thread.
 */

#ifndef WORKER_RUNNER_SPAWNER_H_INCLUDED
#define WORKER_RUNNER_SPAWNER_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct spawner spawner_t;

typedef struct spawn {
    char *const *argv; //  NULL-terminated; argv [0] is searched for in the child's PATH unless it
                       //  has a slash
    char *const *env;  //  NULL-terminated
    const char *directory;  //  NULL: unchanged
    int in;                 //  Becomes stdin; -1: unchanged. 3 or higher
    int out;                //  Becomes stdout; -1: unchanged
    int err;                //  Becomes stderr; -1: unchanged
    _Atomic int32_t *group; //  Where the group is written, or NULL
    bool all_signals;       //  Reset also the signals that this process may ignore
} spawn_t;

typedef enum spawn_stage {
    SPAWN_RUNS,      //  The child runs
    SPAWN_PROCESS,   //  No process could be created
    SPAWN_DIRECTORY, //  The directory cannot be entered
    SPAWN_PROGRAM    //  The program cannot be found or executed
} spawn_stage_t;

typedef struct spawned {
    pid_t pid;           //  Also the group; the caller must wait for it
    int pidfd;           //  Readable when it has ended; close-on-exec, the caller closes it
    spawn_stage_t stage; //  What failed: then there is no process and no descriptor
    int error;           //  errno of the failure
} spawned_t;

spawner_t *spawner_new (void);
void spawner_destroy (spawner_t **self_p);

spawned_t spawner_start (spawner_t *self, const spawn_t *spawn);

//  A pipe whose ends are close-on-exec and not 0, 1 or 2. False and errno on failure.
bool spawner_pipe (int ends [2]);

//  Closes *fd unless it is -1, and sets it to -1.
void spawner_close (int *fd);

#endif
