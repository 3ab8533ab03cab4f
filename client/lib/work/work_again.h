/*  work_again.h - works that are sent again to a broker that does not know them
 *
 *  When a session is gone and another has begun (the broker was restarted, or has forgotten this
 *  client), each work opens its job anew, under the same UUID, and goes on:
 *
 *      attached   all tasks again, but for those whose results have come; the listener notices
 *                 nothing. Tasks that must not run twice and may have been begun end as worker-lost
 *      detached   what the broker has not acknowledged, if it still has the rest; else, or if that
 *                 might run tasks twice that must not, the work fails
 *      followed   the same question; what was heard is not told twice
 *
 *  With the pool's lock held.
 */

#ifndef CLIENT_LIB_WORK_WORK_AGAIN_H_INCLUDED
#define CLIENT_LIB_WORK_WORK_AGAIN_H_INCLUDED

#include "client/lib/work/work.h"

//  A new session has begun: sends all works again. same: as session_handler_t.renewed.
void work_again_all (cadre_t *pool, bool same);

//  The broker has given the number of a job that was opened again and asks (work->asking): is it
//  the one from before?
void work_again_answer (work_t *self, uint64_t number);

#endif
