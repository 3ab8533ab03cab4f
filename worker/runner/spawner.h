/*  spawner.h - starts a child process in a group of its own, fast
 *
 *  Like posix_spawn, and three things more: the child dies with the slot
 *  (PR_SET_PDEATHSIG), its group is written to the shared page before it can run
 *  anything, and a descriptor for its end comes with it. The child gets
 *  default signals, an empty mask, and no descriptor that is close-on-exec.
 *  A spawner remembers where it last found a program. One thread.
 */

#ifndef WORKER_RUNNER_SPAWNER_H_INCLUDED
#define WORKER_RUNNER_SPAWNER_H_INCLUDED

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct spawner spawner_t;

typedef struct spawn {
    char *const
        *argv; //  NULL-terminated; argv [0] is looked for in the child's PATH unless it has a slash
    char *const *env;       //  NULL-terminated
    const char *directory;  //  NULL: as it is
    int in;                 //  Becomes stdin; -1: as it is. 3 or higher
    int out;                //  Becomes stdout; -1: as it is
    int err;                //  Becomes stderr; -1: as it is
    _Atomic int32_t *group; //  Where its group is written, or NULL
    bool all_signals;       //  This process may ignore signals that the child should not
} spawn_t;

typedef enum spawn_stage {
    SPAWN_RUNS,      //  It does
    SPAWN_PROCESS,   //  There is no process to be had
    SPAWN_DIRECTORY, //  It cannot go there
    SPAWN_PROGRAM    //  The program cannot be found or executed
} spawn_stage_t;

typedef struct spawned {
    pid_t pid;           //  Also its group; to be waited for
    int pidfd;           //  Polls readable when it has ended; close-on-exec, to be closed
    spawn_stage_t stage; //  What failed: then there is no process, and no descriptor
    int error;           //  errno of that
} spawned_t;

spawner_t *spawner_new (void);
void spawner_destroy (spawner_t **self_p);

spawned_t spawner_start (spawner_t *self, const spawn_t *spawn);

//  A pipe whose ends are close-on-exec and not 0, 1 or 2. False and errno when there is none.
bool spawner_pipe (int ends [2]);

//  Closes *fd unless it is -1, and sets it to -1.
void spawner_close (int *fd);

#endif
