/*  holder.h - whose a job is, and who may reach it
 *
 *  A job belongs to the key that opened it. Keys that reach their own jobs alone (keydir.h: jobs
 *  own) are told of all others what they are told of a job that does not exist. Every message of a
 *  client that names a job by its number goes through here.
 */

#ifndef BROKER_FRONT_HOLDER_H_INCLUDED
#define BROKER_FRONT_HOLDER_H_INCLUDED

#include "broker/core/hub.h"
#include "broker/peers/client.h"

//  May the client hear of the job, and give orders about it as far as its role goes?
bool holder_reaches (const hub_t *hub, const client_t *client, const job_t *job);

//  The job of that number, if the client reaches it; else NULL and CADRE_ERROR_NOT_FOUND.
job_t *holder_find (const hub_t *hub, const client_t *client, uint64_t number, fault_t *fault);

//  What people call the key that opened the job: its name, or, when it is let in no more, the key
//  itself. "": it needed none (ipc), or nobody noted it. Valid until keys are read again.
const char *holder_key (const hub_t *hub, const job_t *job);

#endif
