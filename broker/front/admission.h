/*  admission.h - limits for JOB_OPEN and JOB_FOLLOW
 *
 *  These frames need no window. Their fields have limits of their own, and the resulting job must
 *  fit into the budgets of the session, of its key, and of the broker. JOB_OPENED names the limit
 *  that was exceeded.
 */

#ifndef BROKER_FRONT_ADMISSION_H_INCLUDED
#define BROKER_FRONT_ADMISSION_H_INCLUDED

#include "broker/peers/client.h"

#define ADMISSION_SPEC_BYTES                                                                       \
    (512u * 1024) //  Environment, directory and other common data of the commands of a job

//  May a session open this job, whose frame has size_bytes? If not: a fault that names the field or
//  the budget.
cadre_error_t admission_check_open (context_t *ctx, const client_t *client,
                                    const wire_job_open_t *open, size_t size_bytes, fault_t *fault);

//  May it follow one more job?
cadre_error_t admission_check_follow (context_t *ctx, const client_t *client, fault_t *fault);

//  A fault that says how full the broker's memory is, or how much of it the client's key uses, and
//  the remedy.
cadre_error_t admission_fault_full (const context_t *ctx, const client_t *client, fault_t *fault);

#endif
