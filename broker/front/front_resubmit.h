/*  front_resubmit.h - handles a detached job that is submitted again
 *
 *  The same identity from the same holder is the same job if it has the same tasks (SPEC.md,
 *  section 4); otherwise it is refused.
 */

#ifndef BROKER_FRONT_FRONT_RESUBMIT_H_INCLUDED
#define BROKER_FRONT_FRONT_RESUBMIT_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  Sends the client that opened a detached job its progress only.
void front_resubmit_tell_state (front_t *self, client_t *client, job_t *job, uint64_t ref);

//  The client's job with that UUID, or the number of a forgotten one; NULL, 0 if there is none.
job_t *front_resubmit_find (const front_t *self, const client_t *client,
                            const uint8_t uuid [WIRE_UUID_BYTES]);
uint64_t front_resubmit_forgotten (const front_t *self, const client_t *client,
                                   const uint8_t uuid [WIRE_UUID_BYTES]);

//  Continues the job for the client, or refuses it when its options differ. Returns true.
bool front_resubmit_open (front_t *self, client_t *client, const wire_job_open_t *open, job_t *job);

typedef enum resubmit {
    AGAIN_SAME,  //  So far, the tasks are equal to those of the job
    AGAIN_OTHER, //  The tasks differ
    AGAIN_BROKEN //  The frame breaks the protocol
} resubmit_t;

//  Removes from the frame the tasks that the job already has, and compares them.
resubmit_t front_resubmit_skip (client_t *client, const job_t *job, ref_t *ref,
                                wire_job_tasks_t *tasks);

//  Refuses the job: same identity, other tasks. Returns true.
bool front_resubmit_refuse (front_t *self, client_t *client, const job_t *job, uint64_t ref);

#endif
