/*  digest.h - what the payloads of a job's first tasks were, in a few bytes
 *
 *  Payloads are dropped when their tasks have ended; whether a job that is submitted again has the
 *  same ones is seen from this. It finds accidents, not attacks: who submits under a name is the
 *  holder of the job that has it. It is in stores, too, and means the same on all machines. A plain
 *  value.
 */

#ifndef BROKER_RECORD_DIGEST_H_INCLUDED
#define BROKER_RECORD_DIGEST_H_INCLUDED

#include "common/wire.h"

typedef struct digest {
    uint64_t sum;   //  Of all payloads so far, in the order of their tasks
    uint32_t tasks; //  How many
    bool blind;     //  Some of them are not known: it is taken for any other
} digest_t;

//  The payload of the next task, whole.
void digest_add (digest_t *self, view_t payload);

//  A task whose payload is not known.
void digest_skip (digest_t *self);

//  Could these be the same payloads?
bool digest_same (const digest_t *self, const digest_t *other);

#endif
