/*  oom.h - detects kills by the kernel's out-of-memory killer
 *
 *  The kernel counts such kills per control group (version 1 and 2), but not per process. So when a
 *  task was killed by a SIGKILL that the worker did not send, and the count has risen while it ran,
 *  memory is reported as the cause. The count is read when a worker starts and after such an end.
 *  One thread.
 */

#ifndef WORKER_SLOTS_OOM_H_INCLUDED
#define WORKER_SLOTS_OOM_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

typedef struct oom {
    const char *root; //  As in cpus.h; borrowed
    uint64_t kills;   //  Count at the last reading
    int64_t rose_us;  //  When the count last rose; 0: never
} oom_t;

void oom_start (oom_t *self, const char *root);

//  Has the kernel killed for lack of memory since STARTED_US? NOW_US is on the same clock.
bool oom_struck (oom_t *self, int64_t started_us, int64_t now_us);

//  Makes this process and its children the first to be killed when memory is short: tasks before
//  the worker.
void oom_volunteer (void);

//  Kills so far in the control group of this process; 0 if they are not counted. root: as in
//  cpus.h.
uint64_t oom_kills (const char *root);

#endif
