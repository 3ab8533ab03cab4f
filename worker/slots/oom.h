/*  oom.h - did the kernel kill for lack of memory?
 *
 *  The kernel counts such kills for each control group (version 1 and 2), but does
 *  not say whom. So a task that was killed by a SIGKILL which nobody here sent is
 *  blamed on memory when the count has risen while it ran. The count is read when a
 *  worker starts and after such an end. Of one thread.
 */

#ifndef WORKER_SLOTS_OOM_H_INCLUDED
#define WORKER_SLOTS_OOM_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>

typedef struct oom {
    const char *root; //  As in cpus.h; borrowed
    uint64_t kills;   //  Counted so far
    int64_t rose_us;  //  When there were last found to be more; 0: never
} oom_t;

void oom_start (oom_t *self, const char *root);

//  Has the kernel killed for lack of memory since STARTED_US? NOW_US is the same clock's.
bool oom_struck (oom_t *self, int64_t started_us, int64_t now_us);

//  Makes this process, and all that it starts, the first to be killed when memory is short: a task
//  before its worker.
void oom_volunteer (void);

//  Kills so far in the control group of this process, or 0 if nobody counts. root: as in cpus.h.
uint64_t oom_kills (const char *root);

#endif
