/*  bounds.h - what of a client's frames is refused because it is too much
 *
 *  JOB_OPEN and JOB_FOLLOW need no window: their fields have bounds of their own, and what is made
 *  of them must fit into the budgets of the session, of its key, and of the broker. Who goes beyond
 *  is told which, in JOB_OPENED.
 */

#ifndef BROKER_FRONT_BOUNDS_H_INCLUDED
#define BROKER_FRONT_BOUNDS_H_INCLUDED

#include "broker/peers/client.h"

#define BOUNDS_SPEC_BYTES                                                                          \
    (512u * 1024) //  Environment, directory and what else the commands of a job have in common

//  May a session open this job, whose frame has size_bytes? A fault that names the field or the
//  budget if not.
cadre_error_t bounds_check_open (hub_t *hub, const client_t *client, const wire_job_open_t *open,
                                 size_t size_bytes, fault_t *fault);

//  May it follow one job more?
cadre_error_t bounds_check_follow (hub_t *hub, const client_t *client, fault_t *fault);

//  How full the broker's memory is, and the cure.
cadre_error_t bounds_fault_full (const hub_t *hub, fault_t *fault);

#endif
