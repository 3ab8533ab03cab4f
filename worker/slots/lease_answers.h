/*  lease_answers.h - answers leases
 *
 *  Each lease that the worker has accepted is answered once: by a result, by an error, or by its
 *  return to the broker.
 */

#ifndef WORKER_SLOTS_LEASE_ANSWERS_H_INCLUDED
#define WORKER_SLOTS_LEASE_ANSWERS_H_INCLUDED

#include "worker/slots/slots_private.h"

//  Answer a lease that is no longer in any list, and free it.
void lease_answers_give (slots_t *self, lease_t *lease, const slots_result_t *result);
void lease_answers_return (slots_t *self, lease_t *lease);
void lease_answers_fail (slots_t *self, lease_t *lease, const char *kind, const char *message);
void lease_answers_cancelled (slots_t *self, lease_t *lease, const char *message);

//  Answers with a result that has this kind and message in its detail. abandoned: its thread was
//  abandoned.
void lease_answers_explain (slots_t *self, lease_t *lease, slots_result_t result, const char *kind,
                            const char *message, bool abandoned);

//  Answers a lease that was being stopped, as its verdict requires.
void lease_answers_carry_out (slots_t *self, lease_t *lease, int64_t run_us, bool abandoned);

//  Frees a job that has ended and has no lease left; *job_p may be NULL afterwards.
void lease_answers_forget_job (slots_t *self, cached_job_t **job_p);

#endif
