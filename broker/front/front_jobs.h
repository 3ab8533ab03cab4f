/*  front_jobs.h - JOB_OPEN, JOB_TASKS, JOB_SEAL, JOB_CANCEL, JOB_FOLLOW */

#ifndef BROKER_FRONT_FRONT_JOBS_H_INCLUDED
#define BROKER_FRONT_FRONT_JOBS_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  Handle one stream frame; false when it breaks the protocol.
bool front_jobs_open (front_t *self, client_t *client, cursor_t *body);
bool front_jobs_tasks (front_t *self, client_t *client, cursor_t *body);
bool front_jobs_seal (front_t *self, client_t *client, cursor_t *body);
bool front_jobs_cancel (front_t *self, client_t *client, cursor_t *body);
bool front_jobs_follow (front_t *self, client_t *client, cursor_t *body);

#endif
