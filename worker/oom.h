/*  oom.h - did the kernel kill for lack of memory?
 *
 *  The kernel counts such kills for each control group (version 1 and 2). The
 *  count is read when a worker starts and when a slot was killed by somebody else.
 *  Any thread.
 */

#ifndef WORKER_OOM_H_INCLUDED
#define WORKER_OOM_H_INCLUDED

#include <stdint.h>

//  Kills so far in the control group of this process, or 0 if nobody counts. root: as in cpus.h.
uint64_t oom_kills (const char *root);

#endif
