/*  front_again.h - a detached job that is submitted again
 *
 *  The same identity from the same holder is the same job, if it is to run the
 *  same tasks (SPEC.md, section 4); else it is refused.
 */

#ifndef BROKER_FRONT_FRONT_AGAIN_H_INCLUDED
#define BROKER_FRONT_FRONT_AGAIN_H_INCLUDED

#include "broker/front/front.h"
#include "broker/peers/client.h"

//  Who opened a detached job is told how far it is, and no more.
void front_again_tell_state (front_t *self, client_t *client, job_t *job, uint64_t ref);

//  The client's job of that UUID, or the number of one that was forgotten; NULL, 0.
job_t *front_again_find (const front_t *self, const client_t *client,
                         const uint8_t uuid [WIRE_UUID_BYTES]);
uint64_t front_again_forgotten (const front_t *self, const client_t *client,
                                const uint8_t uuid [WIRE_UUID_BYTES]);

//  The client goes on with it, or is refused when it is to be another job. True.
bool front_again_open (front_t *self, client_t *client, const wire_job_open_t *open, job_t *job);

typedef enum again {
    AGAIN_SAME,  //  So far, they are the tasks that it has
    AGAIN_OTHER, //  They are not
    AGAIN_BROKEN //  The frame breaks the protocol
} again_t;

//  Takes those tasks out of the frame that the job has, and compares them.
again_t front_again_skip (client_t *client, const job_t *job, ref_t *ref, wire_job_tasks_t *tasks);

//  The same identity, and not the same tasks. True.
bool front_again_refuse (front_t *self, client_t *client, const job_t *job, uint64_t ref);

#endif
