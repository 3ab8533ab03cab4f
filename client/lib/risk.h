/*  risk.h - tasks that a broker which is gone may have begun
 *
 *  What left this process may have been received, and what was received may have been begun, whether that was acknowledged or not. For a job whose tasks must not run twice,
 *  a work notes which frames carry which tasks, so that those which were never sent can be told from the others.
 *
 *  A zeroed risk_t is empty. The lock of whoever owns it.
 */

#ifndef CLIENT_LIB_RISK_H_INCLUDED
#define CLIENT_LIB_RISK_H_INCLUDED

#include <stdbool.h>

#include "common/wire.h"

typedef struct risk {
    buffer_t frames; //  Those of this session that may not have been sent, oldest first
    uint32_t put;    //  Tasks put into this session
    uint32_t end;    //  Tasks before it may have been begun by a broker that is gone
} risk_t;

//  Do tasks of such a job have a single try, whatever happens to their worker?
bool risk_runs_once (const wire_job_open_t *open);

//  The tasks from first on were put into the frame of that number; those up to sent have left.
void risk_put (risk_t *self, uint32_t first, uint32_t count, uint64_t number, uint64_t sent);

//  The session goes. Returns end.
uint32_t risk_gone (risk_t *self, uint64_t sent);

void risk_free (risk_t *self);

#endif
