/*  once_guard.h - finds tasks that may have been started by a lost broker
 *
 *  A frame that left this process may have been received, and its tasks started, whether it was
 *  acknowledged or not. For a job whose tasks must not run twice, a work records which frames carry
 *  which tasks, so that tasks that were never sent can be identified.
 *
 *  A zeroed once_guard_t is empty. Protected by its owner's lock.
 */

#ifndef CLIENT_LIB_WORK_ONCE_GUARD_H_INCLUDED
#define CLIENT_LIB_WORK_ONCE_GUARD_H_INCLUDED

#include <stdbool.h>

#include "common/wire.h"

typedef struct once_guard {
    buffer_t frames; //  Frames of this session that may be unsent, oldest first
    uint32_t put;    //  Tasks put into this session
    uint32_t end;    //  Tasks below this index may have been started by a lost broker
} once_guard_t;

//  Do tasks of such a job have only one try, even when the worker is lost?
bool once_guard_runs_once (const wire_job_open_t *open);

//  The tasks from first on were put into the frame with that number; frames up to sent have left.
void once_guard_put (once_guard_t *self, uint32_t first, uint32_t count, uint64_t number,
                     uint64_t sent);

//  The session is lost. Returns end.
uint32_t once_guard_gone (once_guard_t *self, uint64_t sent);

void once_guard_free (once_guard_t *self);

#endif
