/*  job_owner.h - ownership of jobs, and access to them
 *
 *  A job belongs to the key that opened it. For a key with access to its own jobs only (keydir.h:
 *  jobs own), all other jobs appear not to exist. Every client message that names a job by number
 *  is checked here.
 */

#ifndef BROKER_FRONT_JOB_OWNER_H_INCLUDED
#define BROKER_FRONT_JOB_OWNER_H_INCLUDED

#include "broker/core/context.h"
#include "broker/peers/client.h"

//  May the client see the job, and change it as far as its role permits?
bool job_owner_reaches (const context_t *ctx, const client_t *client, const job_t *job);

//  The job with that number, if the client may access it; else NULL and CADRE_ERROR_NOT_FOUND.
job_t *job_owner_find (const context_t *ctx, const client_t *client, uint64_t number,
                       fault_t *fault);

//  The display name of the key that opened the job: its name, or the key itself when it was
//  revoked. "": no key was needed (ipc), or it was not recorded. Valid until keys are reloaded.
const char *job_owner_key (const context_t *ctx, const job_t *job);

#endif
