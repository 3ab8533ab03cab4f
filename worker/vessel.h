/*  vessel.h - what carries a slot: a process, or a thread
 *
 *  A process is spawned with an empty signal mask and default actions, in a
 *  session of its own, with descriptors 0 to 4 only (SLOT.md), by the calling
 *  thread, which must live as long as the process. Its end shows at
 *  vessel_descriptor, also in a program that ignores SIGCHLD.
 *
 *  A thread owns its end of the socketpair and a mapping of the shared memory; the one of thread
 *  and worker who leaves last frees them, so a thread that never ends can be left behind. A vessel
 *  is a plain value. One thread.
 */

#ifndef WORKER_VESSEL_H_INCLUDED
#define WORKER_VESSEL_H_INCLUDED

#include "common/fault.h"
#include "worker/guise.h"
#include "worker/share.h"

#include <pthread.h>
#include <sys/types.h>

struct cadre_function;

typedef enum vessel_kind { VESSEL_NONE, VESSEL_PROCESS, VESSEL_THREAD, VESSEL_FAKE } vessel_kind_t;

//  A vessel of tests: what was done to it, and what it shall report.
typedef struct vessel_fake {
    int last_signal; //  Last signal sent, 0 if none
    int signals;     //  Signals sent
    bool ended;      //  It shall seem to have ended
    bool stopped;    //  It shall seem to be stopped
    int status;      //  As waitpid would give it; VESSEL_STATUS_UNKNOWN
} vessel_fake_t;

#define VESSEL_STATUS_UNKNOWN (-1)

typedef struct vessel {
    vessel_kind_t kind;     //  NONE: nothing runs
    pid_t pid;              //  Process
    int pidfd;              //  Readable when the process has ended
    pthread_t thread;       //  Thread
    struct vessel_box *box; //  What a thread and the worker share
    vessel_fake_t *fake;    //  Of a test
} vessel_t;

//  Spawns a process; guise (may be NULL): as whom. fd and share_fd stay the caller's. On failure the vessel is of kind NONE.
cadre_error_t vessel_start_process (vessel_t *self, const char *path, const guise_t *guise, int fd,
                                    int share_fd, fault_t *fault);

//  Starts a thread, which owns fd from then on (not on failure) and maps the shared memory for
//  itself.
cadre_error_t vessel_start_thread (vessel_t *self, const struct cadre_function *functions, int fd,
                                   int share_fd, fault_t *fault);

//  Descriptor to poll for the end, or -1 (threads: their socketpair closes).
int vessel_descriptor (const vessel_t *self);

//  Sends a signal to the process; nothing for threads.
void vessel_signal (const vessel_t *self, int number);

//  True when it has ended: it is reaped and of kind NONE then. *status is that of waitpid, or VESSEL_STATUS_UNKNOWN.
//  Never blocks.
bool vessel_reap (vessel_t *self, int *status);

//  Has the process been stopped, and not continued? Never blocks.
bool vessel_is_stopped (const vessel_t *self);

//  Waits for the end until *left_ms is used up; true when it ended.
bool vessel_wait (vessel_t *self, int *left_ms, int *status);

//  Leaves a thread to itself for good; the vessel is of kind NONE afterwards.
void vessel_leave (vessel_t *self);

#endif
