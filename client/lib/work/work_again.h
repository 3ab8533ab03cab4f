/*  work_again.h - resubmits works to a broker that does not know them
 *
 *  When a session was lost and another has begun (the broker was restarted, or has forgotten this
 *  client), each work opens its job again, under the same UUID, and continues:
 *
 *      attached   all tasks whose results have not come; the listener is not affected. Tasks that
 *                 must not run twice and may have been started end as worker-lost
 *      detached   what the broker has not acknowledged, if it still has the rest; else, or if tasks
 *                 might run twice that must not, the work fails
 *      followed   follows again; what was received before is not delivered twice
 *
 *  Needs the pool's lock.
 */

#ifndef CLIENT_LIB_WORK_WORK_AGAIN_H_INCLUDED
#define CLIENT_LIB_WORK_WORK_AGAIN_H_INCLUDED

#include "client/lib/work/work.h"

//  A new session has begun: sends all works again. same: as session_handler_t.renewed.
void work_again_all (cadre_t *pool, bool same);

//  The broker has sent the number of a job that was opened again (work->asking): is it the same job
//  as before?
void work_again_answer (work_t *self, uint64_t number);

#endif
