/*  implicit.h - hidden jobs: what single tasks are tasks of
 *
 *  A broker knows jobs alone. So tasks of cadre_submit with the same function and options become
 *  tasks of one job, which the application does not see. It is opened for the first of them, it is
 *  replaced when it has had many, and it ends with its last task; each of its tasks has a future. A
 *  pool has few of them open: the one that was used longest ago is sealed. The pool's lock is held,
 *  always.
 */

#ifndef CLIENT_LIB_IMPLICIT_H_INCLUDED
#define CLIENT_LIB_IMPLICIT_H_INCLUDED

#include "client/lib/work/work.h"

typedef struct implicit implicit_t;

//  The job that the next task of that function and options belongs to, opened now if there is none.
//  NULL and a fault.
implicit_t *implicit_choose (cadre_t *pool, unsigned kind, const char *function,
                             const cadre_job_options_t *options, fault_t *fault);

//  What is sent for it: the next task's payload is packed to the end of its batch.
work_t *implicit_work (implicit_t *self);

//  Adds the task whose payload stands in the batch behind mark. Its future hears of it.
void implicit_add (implicit_t *self, cadre_future_t *future, size_t mark);

//  ---- for the future of a task that has not ended ----

void implicit_forget (implicit_t *self, uint32_t index); //  It hears nothing any more
void implicit_cancel (implicit_t *self, uint32_t index);
const char *implicit_notice (const implicit_t *self); //  Why tasks wait, or ""

//  No open job gets another task: the next task opens a new one.
void implicit_seal_all (cadre_t *pool);

#endif
