/*  slot_backend.h - what carries a slot: a process, or a thread
 *
 *  A process is spawned with an empty signal mask and default actions, in a
 *  session of its own, with descriptors 0 to 4 only (SLOT.md), by the calling
 *  thread, which must live as long as the process. Its end shows at
 *  slot_backend_descriptor, also in a program that ignores SIGCHLD.
 *
 *  A thread owns its end of the socketpair and a mapping of the shared memory; the one of thread
 *  and worker who leaves last frees them, so a thread that never ends can be left behind. A vessel
 *  is a plain value. One thread.
 */

#ifndef WORKER_SLOTS_SLOT_BACKEND_H_INCLUDED
#define WORKER_SLOTS_SLOT_BACKEND_H_INCLUDED

#include "common/fault.h"
#include "worker/shared/guise.h"
#include "worker/shared/share.h"

#include <pthread.h>
#include <sys/types.h>

struct cadre_function;

typedef enum slot_backend_kind {
    SLOT_BACKEND_NONE,
    SLOT_BACKEND_PROCESS,
    SLOT_BACKEND_THREAD,
    SLOT_BACKEND_FAKE
} slot_backend_kind_t;

//  A vessel of tests: what was done to it, and what it shall report.
typedef struct slot_backend_fake {
    int last_signal; //  Last signal sent, 0 if none
    int signals;     //  Signals sent
    bool ended;      //  It shall seem to have ended
    bool stopped;    //  It shall seem to be stopped
    int status;      //  As waitpid would give it; SLOT_BACKEND_STATUS_UNKNOWN
} slot_backend_fake_t;

#define SLOT_BACKEND_STATUS_UNKNOWN (-1)

typedef struct slot_backend {
    slot_backend_kind_t kind;     //  NONE: nothing runs
    pid_t pid;                    //  Process
    int pidfd;                    //  Readable when the process has ended
    pthread_t thread;             //  Thread
    struct slot_backend_box *box; //  What a thread and the worker share
    slot_backend_fake_t *fake;    //  Of a test
} slot_backend_t;

//  Spawns a process; guise (may be NULL): as whom. fd and share_fd stay the caller's. On failure
//  the vessel is of kind NONE.
cadre_error_t slot_backend_start_process (slot_backend_t *self, const char *path,
                                          const guise_t *guise, int fd, int share_fd,
                                          fault_t *fault);

//  Starts a thread, which owns fd from then on (not on failure) and maps the shared memory for
//  itself.
cadre_error_t slot_backend_start_thread (slot_backend_t *self,
                                         const struct cadre_function *functions, int fd,
                                         int share_fd, fault_t *fault);

//  Descriptor to poll for the end, or -1 (threads: their socketpair closes).
int slot_backend_descriptor (const slot_backend_t *self);

//  Sends a signal to the process; nothing for threads.
void slot_backend_signal (const slot_backend_t *self, int number);

//  True when it has ended: it is reaped and of kind NONE then. *status is that of waitpid, or
//  SLOT_BACKEND_STATUS_UNKNOWN. Never blocks.
bool slot_backend_reap (slot_backend_t *self, int *status);

//  Has the process been stopped, and not continued? Never blocks.
bool slot_backend_is_stopped (const slot_backend_t *self);

//  Waits for the end until *left_ms is used up; true when it ended.
bool slot_backend_wait (slot_backend_t *self, int *left_ms, int *status);

//  Leaves a thread to itself for good; the vessel is of kind NONE afterwards.
void slot_backend_leave (slot_backend_t *self);

#endif
