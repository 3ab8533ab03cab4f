/*  once_guard.h - tasks that a broker which is gone may have begun
 *
 *  What left this process may have been received, and what was received may have been begun,
 *  whether that was acknowledged or not. For a job whose tasks must not run twice, a work notes
 *  which frames carry which tasks, so that those which were never sent can be told from the others.
 *
 *  A zeroed once_guard_t is empty. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_WORK_ONCE_GUARD_H_INCLUDED
#define CLIENT_LIB_WORK_ONCE_GUARD_H_INCLUDED

#include <stdbool.h>

#include "common/wire.h"

typedef struct once_guard {
    buffer_t frames; //  Those of this session that may not have been sent, oldest first
    uint32_t put;    //  Tasks put into this session
    uint32_t end;    //  Tasks before it may have been begun by a broker that is gone
} once_guard_t;

//  Do tasks of such a job have a single try, whatever happens to their worker?
bool once_guard_runs_once (const wire_job_open_t *open);

//  The tasks from first on were put into the frame of that number; those up to sent have left.
void once_guard_put (once_guard_t *self, uint32_t first, uint32_t count, uint64_t number,
                     uint64_t sent);

//  The session goes. Returns end.
uint32_t once_guard_gone (once_guard_t *self, uint64_t sent);

void once_guard_free (once_guard_t *self);

#endif
