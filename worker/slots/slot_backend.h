/*  slot_backend.h - the process or thread of a slot
 *
 *  A process is started with an empty signal mask, default signal actions, its own session, and
 *  descriptors 0 to 4 only (SLOT.md). The calling thread must live as long as the process. The end
 *  of the process is signalled by slot_backend_descriptor, also in a program that ignores SIGCHLD.
 *
 *  A thread owns its end of the socketpair and a mapping of the shared memory. The thread or the
 *  worker, whichever ends last, frees them, so a thread that never ends can be abandoned. A plain
 *  value. One thread.
 */

#ifndef WORKER_SLOTS_SLOT_BACKEND_H_INCLUDED
#define WORKER_SLOTS_SLOT_BACKEND_H_INCLUDED

#include "common/fault.h"
#include "worker/shared/slot_memory.h"
#include "worker/slots/slot_environment.h"

#include <pthread.h>
#include <sys/types.h>

struct cadre_function;

typedef enum slot_backend_kind {
    SLOT_BACKEND_NONE,
    SLOT_BACKEND_PROCESS,
    SLOT_BACKEND_THREAD,
    SLOT_BACKEND_FAKE
} slot_backend_kind_t;

//  A fake for tests: records the calls, and what it reports.
typedef struct slot_backend_fake {
    int last_signal; //  Last signal sent, 0 if none
    int signals;     //  Signals sent
    bool ended;      //  Report that it has ended
    bool stopped;    //  Report that it is stopped
    int status;      //  As from waitpid, or SLOT_BACKEND_STATUS_UNKNOWN
} slot_backend_fake_t;

#define SLOT_BACKEND_STATUS_UNKNOWN (-1)

typedef struct slot_backend {
    slot_backend_kind_t kind; //  NONE: nothing runs
    pid_t pid;
    int pidfd; //  Readable when the process has ended
    pthread_t thread;
    struct slot_backend_box *box; //  Shared by thread and worker
    slot_backend_fake_t *fake;    //  Of a test
} slot_backend_t;

//  Starts a process. The caller keeps fd and share_fd. On failure the kind is NONE.
cadre_error_t slot_backend_start_process (slot_backend_t *self, const char *path,
                                          const slot_environment_t *environment, int fd,
                                          int share_fd, fault_t *fault);

//  Starts a thread, which then owns fd (not on failure) and has its own mapping of the shared
//  memory.
cadre_error_t slot_backend_start_thread (slot_backend_t *self,
                                         const struct cadre_function *functions, int fd,
                                         int share_fd, fault_t *fault);

//  Descriptor to poll for the end, or -1 for a thread (its socketpair closes).
int slot_backend_descriptor (const slot_backend_t *self);

//  Sends a signal to the process; no effect on threads.
void slot_backend_signal (const slot_backend_t *self, int number);

//  True when it has ended; it is reaped, and the kind is NONE then. *status is that of waitpid, or
//  SLOT_BACKEND_STATUS_UNKNOWN. Never blocks.
bool slot_backend_reap (slot_backend_t *self, int *status);

//  Is the process stopped by a signal? Never blocks.
bool slot_backend_is_stopped (const slot_backend_t *self);

//  Waits for the end until *left_ms has passed; true when it has ended.
bool slot_backend_wait (slot_backend_t *self, int *left_ms, int *status);

//  Abandons a thread; the kind is NONE afterwards.
void slot_backend_leave (slot_backend_t *self);

#endif
