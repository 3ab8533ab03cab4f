/*  implicit.h - hidden jobs for tasks of cadre_submit
 *
 *  A broker has only jobs. So tasks of cadre_submit with the same function and options become tasks
 *  of one job that the application does not see. It is opened with its first task, replaced after
 *  many tasks, and ends with its last one; each task has a future. A pool keeps a few of them open
 *  and seals the least recently used one. All calls need the pool's lock.
 */

#ifndef CLIENT_LIB_IMPLICIT_H_INCLUDED
#define CLIENT_LIB_IMPLICIT_H_INCLUDED

#include "client/lib/work/work.h"

typedef struct implicit implicit_t;

//  The open job for that function and these options; opens one if there is none. NULL and a fault
//  on failure.
implicit_t *implicit_choose (cadre_t *pool, unsigned kind, const char *function,
                             const cadre_job_options_t *options, fault_t *fault);

//  The work of the job: pack the next task's payload to the end of its batch.
work_t *implicit_work (implicit_t *self);

//  Has room for one more future. CADRE_ERROR_MEMORY.
cadre_error_t implicit_reserve (implicit_t *self, fault_t *fault);

//  After implicit_reserve: adds the task whose payload is in the batch after mark, or is large and
//  taken; future gets its result.
void implicit_add_large (implicit_t *self, cadre_future_t *future, buffer_t *payload);
void implicit_add (implicit_t *self, cadre_future_t *future, size_t mark);

//  ---- for the future of a task that has not ended ----

void implicit_forget (implicit_t *self, uint32_t index); //  The future is no longer notified
void implicit_cancel (implicit_t *self, uint32_t index);
const char *implicit_notice (const implicit_t *self); //  Why tasks wait, or ""

//  Seals all open jobs; the next task opens a new one.
void implicit_seal_all (cadre_t *pool);

#endif
